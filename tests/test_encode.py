"""Encoding: what readers of the two output topics get."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.batch import Rules, label, prepare
from consumer.encode import (
    ERROR_PREFIX,
    Message,
    ResultStyle,
    attempts,
    encode_dead_letter,
    encode_result,
    result_body,
    to_json,
    utc,
)
from consumer.label import LabelRule, confidence
from consumer.records import Headers, Label, Reason, Record, Reject, Result, Stage, Tweet
from tests.doubles import FailingScorer, record, small_tokeniser, tweet_record

STYLE = ResultStyle("distilbert-mini", "1.0.0")
NOON = 1_763_812_800.0
PLANTED = "plantedword"
DEAD_LETTER_FACTS = {
    "topic",
    "partition",
    "offset",
    "stage",
    "reason",
    "exception.class.name",
    "exception.message",
    "attempt",
    "timestamp",
    "consumer.group",
    "model.version",
}

half_characters = st.text(
    st.characters(codec=None, categories=["Cs", "L", "N", "P", "S", "Z", "C"]), max_size=30
)


def result(tweet: Tweet | None = None, probability: float = 0.9, source: Record | None = None) -> Result:
    """A labelled record, labelled by the usual rule."""
    rule = LabelRule()
    name = rule.label(probability)
    return Result(
        source or record(),
        tweet or Tweet("1", "hello"),
        name,
        probability,
        confidence(name, probability),
        rule.threshold,
        tokens=3,
        truncated=False,
    )


def reject(source: Record | None = None) -> Reject:
    """A rejected record."""
    return Reject(
        source or record(b"\xff\x00raw"), Stage.PARSE, Reason.INVALID_UTF8, "byte 0 is not UTF-8", "Err"
    )


def body(message: Message) -> dict[str, Any]:
    """The JSON object in a message."""
    assert message.value is not None
    found = json.loads(message.value.decode("utf-8"))
    assert isinstance(found, dict)
    return found


def errors(message: Message) -> dict[str, str]:
    """The headers added to a dead letter, as text."""
    added = message.headers[len(message.source.headers) :]
    return {name.removeprefix(ERROR_PREFIX): (value or b"").decode("utf-8") for name, value in added}


def test_a_result_is_the_documented_record() -> None:
    """Field for field what readers were told."""
    tweet = Tweet("1029", "so good", author_id="77", created_at="2026-11-22T10:00:00Z", lang="en")
    source = record(partition=1, offset=42, timestamp_ms=1_763_805_600_050)
    assert body(encode_result(result(tweet, 0.9731124, source), STYLE, NOON + 0.123)) == {
        "schema_version": 1,
        "id": "1029",
        "author_id": "77",
        "created_at": "2026-11-22T10:00:00Z",
        "lang": "en",
        "text": "so good",
        "label": "positive",
        "probability": 0.973112,
        "confidence": 0.973112,
        "threshold": 0.5,
        "truncated": False,
        "model": {"name": "distilbert-mini", "version": "1.0.0"},
        "scored_at": "2025-11-22T12:00:00.123Z",
        "source": {"topic": "tweets", "partition": 1, "offset": 42, "timestamp": "2025-11-22T10:00:00.050Z"},
    }


@given(half_characters, st.none() | half_characters, st.floats(0, 1))
def test_any_text_gives_utf8_json_that_reads_back(text: str, lang: str | None, probability: float) -> None:
    """Emoji, right-to-left text and lone half characters alike: the text is the tweet as it came."""
    found = body(encode_result(result(Tweet("1", text, lang=lang), probability), STYLE, NOON))
    assert found["text"] == text
    assert found.get("lang") == lang


def test_absent_fields_are_left_out_not_null() -> None:
    """A reader asks whether a field is there, once."""
    found = body(encode_result(result(), STYLE, NOON))
    assert not {"author_id", "created_at", "lang"} & found.keys()
    assert None not in found.values()


def test_the_text_can_be_left_out() -> None:
    """``OUTPUT_INCLUDE_TEXT=false``: no tweet stands in the results."""
    message = encode_result(result(Tweet("1", PLANTED)), ResultStyle("m", "1", include_text=False), NOON)
    assert "text" not in body(message)
    assert PLANTED.encode() not in (message.value or b"")


@given(st.floats(0, 1))
def test_probabilities_have_six_digits(probability: float) -> None:
    """Rounding is of the number shown, within half a millionth."""
    found = result_body(result(probability=probability), STYLE, NOON)
    for name in ("probability", "confidence"):
        assert found[name] == round(found[name], 6)
    assert found["probability"] == pytest.approx(probability, abs=5.1e-7)


@pytest.mark.parametrize(("probability", "name"), [(0.49999999, "negative"), (0.5, "positive")])
def test_positive_is_judged_before_rounding(probability: float, name: str) -> None:
    """Both show 0.5; only one reached the threshold."""
    found = result_body(result(probability=probability), STYLE, NOON)
    assert (found["probability"], found["label"]) == (0.5, name)


def test_input_headers_are_copied_and_ours_added() -> None:
    """A trace goes on through us; none of the input's headers is overwritten."""
    theirs: Headers = (
        ("traceparent", b"00-ab-cd-01"),
        ("content-type", b"text/x"),
        ("nothing", None),
        ("b", b"\xff"),
    )
    message = encode_result(result(source=record(headers=theirs)), STYLE, NOON)
    assert message.headers[: len(theirs)] == theirs
    assert dict(message.headers[len(theirs) :]) == {
        "content-type": b"application/json",
        "sentiment-schema-version": b"1",
        "sentiment-model-version": b"1.0.0",
    }


def test_a_message_knows_its_source() -> None:
    """Partition, key and timestamp of the output are those of the input record."""
    source = record(partition=2, key=b"\xffkey", timestamp_ms=5)
    assert encode_result(result(source=source), STYLE, NOON).source is source
    assert encode_dead_letter(reject(source), "g", "1", NOON).source is source


def test_a_dead_letter_says_everything_about_itself() -> None:
    """All headers, as UTF-8 text."""
    source = record(b"\xff", 42, partition=1)
    found = errors(encode_dead_letter(reject(source), "größe", "1.0.0", NOON))
    assert found.keys() == DEAD_LETTER_FACTS
    assert found == {
        "topic": "tweets",
        "partition": "1",
        "offset": "42",
        "stage": "parse",
        "reason": "invalid_utf8",
        "exception.class.name": "Err",
        "exception.message": "byte 0 is not UTF-8",
        "attempt": "1",
        "timestamp": "2025-11-22T12:00:00.000Z",
        "consumer.group": "größe",
        "model.version": "1.0.0",
    }


@given(st.binary(max_size=50), st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5))))
def test_a_dead_letter_keeps_the_original(value: bytes, headers: list[tuple[str, bytes | None]]) -> None:
    """Value and headers byte for byte, so that it can be replayed."""
    source = record(value, headers=tuple(headers))
    message = encode_dead_letter(reject(source), "g", "1", NOON)
    assert message.value == value
    assert message.headers[: len(headers)] == tuple(headers)


@pytest.mark.parametrize(
    ("told", "attempt"),
    [
        ([], 1),
        ([b"1"], 2),
        ([b"1", b"2"], 3),
        ([b"41"], 42),
        ([b"many"], 1),
        ([b"-1"], 1),
        ([b""], 1),
        ([None], 1),
        ([b"\xb2"], 1),
        ([b"9" * 5_000], 1),
    ],
)
def test_the_attempt_counts_on_from_the_incoming_header(told: Sequence[bytes | None], attempt: int) -> None:
    """A replayed dead letter that fails again is told from a new one; nonsense counts as nothing."""
    headers = tuple((ERROR_PREFIX + "attempt", value) for value in told)
    assert attempts(headers) == attempt - 1
    message = encode_dead_letter(reject(record(headers=headers)), "g", "1", NOON)
    assert errors(message)["attempt"] == str(attempt)


BAD_INPUTS = [
    b"\xff" + PLANTED.encode(),
    b'{"text": "' + PLANTED.encode(),
    json.dumps(PLANTED).encode(),
    json.dumps({PLANTED: PLANTED, "text": PLANTED}).encode(),
    json.dumps({"id": [PLANTED], "text": PLANTED}).encode(),
    json.dumps({"id": PLANTED, PLANTED: PLANTED}).encode(),
    json.dumps({"id": PLANTED, "text": {"x": PLANTED}}).encode(),
    json.dumps({"id": PLANTED, "text": f"https://{PLANTED}"}).encode(),
    json.dumps({"id": PLANTED, "text": PLANTED * 9_000}).encode(),
    json.dumps({"id": PLANTED, "text": PLANTED}).encode(),  # the scorer fails on this one
]


@pytest.mark.parametrize("value", BAD_INPUTS)
def test_no_header_of_a_dead_letter_holds_a_word_of_the_input(value: bytes, tmp_path: Any) -> None:
    """Headers are shown where tweets must not be; also when a runtime's message quotes its input."""
    tokeniser = small_tokeniser(tmp_path)
    first = tokeniser([PLANTED])[0].ids[0]
    scorer = FailingScorer({first}, RuntimeError(f"cannot score {PLANTED!r}"))
    outcome = label(prepare([record(value)], Rules(tokeniser)), scorer, LabelRule())
    (found,) = outcome.rejects
    message = encode_dead_letter(found, "g", "1", NOON)
    assert not [
        name for name, text in message.headers if PLANTED.encode() in (text or b"") or PLANTED in name
    ]


def test_no_header_quotes_the_tokeniser(tmp_path: Any) -> None:
    """Its messages may quote the text too."""

    class Quoting:
        max_length = 8

        def __call__(self, texts: Sequence[str]) -> Any:
            raise ValueError(f"cannot split {texts}")

    rules = Rules(Quoting())  # type: ignore[arg-type] # fails as no real one can be made to
    (found,) = prepare([tweet_record(PLANTED)], rules)
    assert isinstance(found, Reject)
    assert (found.stage, found.reason) == (Stage.TOKENISE, Reason.SCORER_FAILED)
    assert PLANTED not in str(errors(encode_dead_letter(found, "g", "1", NOON)))


@given(st.floats(allow_nan=False) | st.integers(-(2**63), 2**63).map(float))
def test_any_timestamp_can_be_written(seconds: float) -> None:
    """A publisher may stamp a record with any number."""
    assert utc(seconds).endswith("Z")


def test_json_is_compact_and_readable() -> None:
    """Letters stay letters, for a person reading the topic; half characters are escaped."""
    assert to_json({"a": "é😂", "b": 1}) == '{"a":"é😂","b":1}'.encode()
    assert to_json({"a": "\ud83d"}) == b'{"a":"\\ud83d"}'


def test_a_neutral_result_has_the_confidence_of_the_likelier_side() -> None:
    """Readers can still see which way it leans."""
    neutral = Result(record(), Tweet("1", "x"), Label.NEUTRAL, 0.45, 0.55, 0.5, tokens=3, truncated=True)
    found = result_body(neutral, STYLE, NOON)
    assert (found["label"], found["probability"], found["confidence"]) == ("neutral", 0.45, 0.55)
    assert found["truncated"] is True
