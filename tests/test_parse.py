"""Parsing: whatever the bytes, one of three answers, and a true one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumer.parse import MAX_VALUE_BYTES, InputFormat, parse
from consumer.records import Reason, Reject, Skip, SkipReason, Stage, Tweet
from tests.doubles import record

PLANTED = "plantedword"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
known_fields = st.sampled_from(
    ["id", "id_str", "text", "full_text", "extended_tweet", "user", "author_id", "created_at", "lang", "data"]
)
tweet_like = st.dictionaries(
    known_fields, json_values | st.dictionaries(known_fields, json_values), max_size=8
)


def body(**fields: object) -> bytes:
    """The JSON of a tweet with these fields."""
    return json.dumps({"id": "1", "text": "hello", **fields}).encode()


def read(value: bytes | None, **options: Any) -> Tweet | Skip | Reject:
    """What parsing says of a value."""
    return parse(record(value), **options)


def tweet(value: bytes, **options: Any) -> Tweet:
    """The tweet in a value that holds one."""
    found = read(value, **options)
    assert isinstance(found, Tweet)
    return found


def reason(value: bytes) -> Reason:
    """Why a value is rejected."""
    found = read(value)
    assert isinstance(found, Reject)
    assert found.stage is Stage.PARSE
    assert found.message
    return found.reason


def true_reason(found: Reject, value: bytes) -> bool:
    """Whether a reject's reason can be seen in the value itself."""
    if found.reason is Reason.TOO_LARGE:
        return len(value) > MAX_VALUE_BYTES
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return found.reason is Reason.INVALID_UTF8
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return found.reason is Reason.INVALID_JSON
    if not isinstance(data, dict):
        return found.reason is Reason.NOT_AN_OBJECT
    return found.reason in {Reason.MISSING_ID, Reason.INVALID_ID, Reason.MISSING_TEXT, Reason.INVALID_TEXT}


@given(
    value=st.one_of(
        st.binary(max_size=200),
        st.text(alphabet='{}[]":,\\ud8019eE+-.nulltrefas ', max_size=60).map(str.encode),
        json_values.map(lambda v: json.dumps(v).encode()),
        tweet_like.map(lambda v: json.dumps(v).encode()),
        tweet_like.map(lambda v: json.dumps({"data": v}).encode()),
    ),
    input_format=st.sampled_from(["json", "text"]),
)
@example(b"[" * MAX_VALUE_BYTES, "json")
@example(b'{"id":' * 10_000, "json")
@example(b'{"id":' + b"9" * 5_000 + b',"text":"x"}', "json")
@example(b'{"id":1e999,"text":"x"}', "json")
@example(b"\xef\xbb\xbf{}", "json")
@example(b'{"id":"1","text":"x","created_at":"2026-11-22\\ud80010:00"}', "json")
@example(b'{"id":"1","text":"x","created_at":"0001-01-01T00:00:00+23:59"}', "json")
@example(b'{"id":"1","text":"x","created_at":"Wed Oct 10 20:19:24 +9959 2018"}', "json")
def test_any_bytes_give_exactly_one_answer_with_a_true_reason(
    value: bytes, input_format: InputFormat
) -> None:
    """Parsing never raises: one bad record is one value, whatever it holds."""
    source = record(value)
    found = parse(source, input_format)
    if isinstance(found, Tweet):
        assert found.id.strip()
        assert isinstance(found.text, str)
        assert set(found.left_out) <= {"created_at", "author_id", "lang"}
    else:
        assert isinstance(found, Reject)
        assert found.record is source
        assert input_format == "text" or true_reason(found, value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (b"\xff\xfe", Reason.INVALID_UTF8),
        (b'{"id": "1", "text": "\xc3("}', Reason.INVALID_UTF8),
        (b"", Reason.INVALID_JSON),
        (b"hello", Reason.INVALID_JSON),
        (b'{"id": "1", "text": "x"', Reason.INVALID_JSON),
        (b"[" * 50_000, Reason.INVALID_JSON),
        (b'{"id": ' + b"7" * 9_000 + b"}", Reason.INVALID_JSON),
        (b"null", Reason.NOT_AN_OBJECT),
        (b'["id", "text"]', Reason.NOT_AN_OBJECT),
        (b'"text"', Reason.NOT_AN_OBJECT),
        (b"{}", Reason.MISSING_ID),
        (b'{"text": "x"}', Reason.MISSING_ID),
        (b'{"id": null, "text": "x"}', Reason.MISSING_ID),
        (b'{"id": 1.5, "text": "x"}', Reason.INVALID_ID),
        (b'{"id": true, "text": "x"}', Reason.INVALID_ID),
        (b'{"id": " ", "text": "x"}', Reason.INVALID_ID),
        (b'{"id": {"a": 1}, "text": "x"}', Reason.INVALID_ID),
        (b'{"id": NaN, "text": "x"}', Reason.INVALID_ID),
        (b'{"id": "1"}', Reason.MISSING_TEXT),
        (b'{"id": "1", "text": null}', Reason.MISSING_TEXT),
        (b'{"id": "1", "text": 5}', Reason.INVALID_TEXT),
        (b'{"id": "1", "text": ["x"]}', Reason.INVALID_TEXT),
        (b'{"id": "1", "full_text": 5, "text": "x"}', Reason.INVALID_TEXT),
        (b'{"data": ["id", "text"]}', Reason.MISSING_ID),
        (b'{"data": {"text": "x"}}', Reason.MISSING_ID),
    ],
)
def test_each_fault_has_its_reason(value: bytes, wanted: Reason) -> None:
    """An operator who reads the reason knows what to mend."""
    assert reason(value) is wanted


def test_a_value_may_have_64_kib_and_not_a_byte_more() -> None:
    """The limit is on the bytes as they came."""
    frame = len(body(text=""))
    assert tweet(body(text="x" * (MAX_VALUE_BYTES - frame))).text
    assert reason(body(text="x" * (MAX_VALUE_BYTES - frame + 1))) is Reason.TOO_LARGE
    assert MAX_VALUE_BYTES == 65_536


@pytest.mark.parametrize(
    ("value", "identity"),
    [
        (b'{"id": "1029", "text": "x"}', "1029"),
        (b'{"id": 1029, "text": "x"}', "1029"),
        (b'{"id": 0, "text": "x"}', "0"),
        (b'{"id": 1050118621198921728, "id_str": "1050118621198921728", "text": "x"}', "1050118621198921728"),
        (b'{"id": 9007199254740993000, "id_str": "9007199254740993", "text": "x"}', "9007199254740993"),
        (b'{"id": "7", "id_str": null, "text": "x"}', "7"),
        (b'{"data": {"id": "5", "text": "x"}, "includes": {}}', "5"),
        (b'{"id": "1", "text": "x", "data": {"id": "2", "text": "y"}}', "1"),
    ],
)
def test_the_id_is_found_in_every_shape(value: bytes, identity: str) -> None:
    """Strings and integers; ``id_str`` wins, since readers in JavaScript round the number; v2 envelopes."""
    assert tweet(value).id == identity


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"text": "short"}, "short"),
        ({"text": "short…", "full_text": "the whole"}, "the whole"),
        ({"text": "short…", "extended_tweet": {"full_text": "the whole"}}, "the whole"),
        ({"text": "short", "full_text": None}, "short"),
        ({"text": "short", "extended_tweet": "odd"}, "short"),
        ({"text": ""}, ""),
        ({"text": "  as it came\n"}, "  as it came\n"),
        ({"text": "lone \ud83d"}, "lone \ud83d"),
    ],
)
def test_the_text_is_the_whole_text_as_it_came(fields: dict[str, object], text: str) -> None:
    """``full_text`` wins where present; nothing is trimmed here."""
    assert tweet(body(**fields)).text == text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
        ("2026-11-22T12:00:00+02:00", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00.250Z", "2026-11-22T10:00:00.250000Z"),
        ("2026-11-22T10:00:00", "2026-11-22T10:00:00Z"),
        ("Wed Oct 10 20:19:24 +0000 2018", "2018-10-10T20:19:24Z"),
        ("Wed Oct 10 22:19:24 +0200 2018", "2018-10-10T20:19:24Z"),
    ],
)
def test_times_come_out_in_utc(written: str, meant: str) -> None:
    """ISO 8601 and Twitter's own form."""
    found = tweet(body(created_at=written))
    assert found.created_at == meant
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({"created_at": 5}, ("created_at",)),
        ({"created_at": "yesterday"}, ("created_at",)),
        ({"created_at": "2026-13-45T99:00:00Z"}, ("created_at",)),
        ({"created_at": "Wed Okt 10 20:19:24 +0000 2018"}, ("created_at",)),
        ({"lang": ["en"]}, ("lang",)),
        ({"lang": {"a": 1}}, ("lang",)),
        ({"author_id": 1.5}, ("author_id",)),
        ({"author_id": False}, ("author_id",)),
        ({"user": {"id_str": []}}, ("author_id",)),
        ({"created_at": [], "lang": 0, "author_id": {}}, ("created_at", "author_id", "lang")),
        ({"created_at": None, "lang": None, "author_id": None, "user": None}, ()),
        ({"created_at": "", "lang": "", "author_id": "", "user": "odd"}, ()),
        ({"unknown": PLANTED}, ()),
    ],
)
def test_an_optional_field_of_a_wrong_type_is_left_out_and_named(
    fields: dict[str, object], left_out: tuple[str, ...]
) -> None:
    """It costs the field, not the record; what is absent or unknown is no fault."""
    found = tweet(body(**fields))
    assert (found.created_at, found.author_id, found.lang) == (None, None, None)
    assert set(found.left_out) == set(left_out)
    assert len(found.left_out) == len(left_out)


@pytest.mark.parametrize(
    ("fields", "author"),
    [
        ({"author_id": "77"}, "77"),
        ({"author_id": 77}, "77"),
        ({"user": {"id_str": "77", "id": 78}}, "77"),
        ({"user": {"id": 78}}, "78"),
        ({"author_id": "1", "user": {"id_str": "2"}}, "1"),
    ],
)
def test_the_author_is_found_in_both_versions(fields: dict[str, object], author: str) -> None:
    """v2's ``author_id``, v1.1's ``user``."""
    assert tweet(body(**fields)).author_id == author


def test_a_tombstone_is_skipped() -> None:
    """A null value says that a tweet was deleted: no result, no dead letter."""
    found = read(None)
    assert isinstance(found, Skip)
    assert found.reason is SkipReason.TOMBSTONE
    assert isinstance(read(None, input_format="text"), Skip)


@pytest.mark.parametrize(
    ("fields", "skipped"),
    [({"lang": "de"}, True), ({"lang": "EN"}, False), ({"lang": "und"}, False), ({}, False)],
)
def test_languages_skip_only_tweets_that_say_they_are_in_another(
    fields: dict[str, object],
    skipped: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A tweet that does not say is scored."""
    found = read(body(**fields), languages=frozenset({"en", "und"}))
    assert isinstance(found, Skip if skipped else Tweet)
    if isinstance(found, Skip):
        assert found.reason is SkipReason.LANGUAGE


def test_a_fault_comes_before_the_language() -> None:
    """A broken record in another language is still a dead letter."""
    assert isinstance(read(b'{"id": "1", "lang": "de"}', languages=frozenset({"en"})), Reject)


def test_a_bare_line_has_its_position_as_id() -> None:
    """``INPUT_FORMAT=text``: JSON in it is not looked at."""
    found = parse(record(b'{"id": "1"}', 42, partition=3), "text")
    assert found == Tweet(id="tweets-3-42", text='{"id": "1"}')


@pytest.mark.parametrize(
    "value",
    [
        b"\xff" + PLANTED.encode(),
        b'{"' + PLANTED.encode() + b'": ',
        PLANTED.encode(),
        json.dumps(PLANTED).encode(),
        json.dumps([PLANTED]).encode(),
        json.dumps({"text": PLANTED}).encode(),
        json.dumps({"id": {PLANTED: PLANTED}, "text": PLANTED}).encode(),
        json.dumps({"id": "1", "text": {PLANTED: PLANTED}}).encode(),
        json.dumps({"id": "1", PLANTED: "x"}).encode(),
        PLANTED.encode() * 6_000,
        b"[" * 30_000 + PLANTED.encode(),
    ],
)
def test_no_message_holds_a_word_of_the_input(value: bytes) -> None:
    """Dead-letter headers are read where tweets must not be."""
    found = read(value)
    assert isinstance(found, Reject)
    assert PLANTED not in found.message
    assert PLANTED not in found.exception_class
