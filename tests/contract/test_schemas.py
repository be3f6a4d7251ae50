"""The schemas are current, and say of real records what is so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

from consumer.__main__ import main
from consumer.assembly import label_rule, result_style
from consumer.batch import Rules, label, prepare
from consumer.cli.loading import load_model
from consumer.contract.schemas import NAMES, schema
from consumer.contract.terms import Terms
from consumer.encode import Message, ResultStyle, encode_dead_letter, encode_result
from consumer.json_pointer import read_pointer
from consumer.parse import Places, parse
from consumer.records import Headers, Reason, Reject, Stage, Tweet
from consumer.settings import Settings
from docs import generate
from producer_sim import shapes
from producer_sim.tweets import load_topic, load_tweets
from tests.doubles import record
from tests.test_encode import NOON, result
from tests.test_parse import json_values, tweet_like

SHAPES = (shapes.flat, shapes.v1_1, shapes.v1_1_compatible, shapes.v2)
MORNING = datetime(2026, 11, 22, 10, tzinfo=UTC)
FORMATS = FormatChecker()  # the library's own knows no times without a further one
FORMATS.checks("date-time", raises=ValueError)(lambda text: bool(datetime.fromisoformat(str(text))))


def validator(name: str, terms: Terms | None = None) -> Draft202012Validator:
    """Holds values to one of our schemas."""
    return Draft202012Validator(schema(name, terms or Terms()), format_checker=FORMATS)


INPUT, OUTPUT = validator("input"), validator("output")


def faults(holder: Draft202012Validator, value: object) -> list[str]:
    """What the schema has against it."""
    return [f"{fault.json_path}: {fault.message}" for fault in holder.iter_errors(value)]


def samples() -> list[dict[str, Any]]:
    """Every tweet that ships, in every shape in which it is sent."""
    return [
        shape(shapes.Fields(tweet.id or str(number), tweet.text, "77", MORNING, tweet.lang or "en"))
        for number, tweet in enumerate((*load_tweets(), *load_topic()), 1)
        for shape in SHAPES
    ]


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_what_stands_under_docs_is_current() -> None:
    """`make docs` would write the same, and there is no file that it would not write."""
    wanted = generate.contracts()
    assert {path: path.read_text("utf-8") for path in wanted} == wanted
    assert set(generate.SCHEMAS.iterdir()) == wanted.keys() - {generate.ASYNCAPI}


@pytest.mark.usefixtures("unset")
def test_the_command_prints_what_stands_under_docs(capsys: pytest.CaptureFixture[str]) -> None:
    """With the settings' defaults, which `Terms` has, too."""
    for path in generate.contracts():
        part = [] if path == generate.ASYNCAPI else ["--json-schema", path.stem]
        assert main(["schema", *part]) == 0
        assert capsys.readouterr().out == path.read_text("utf-8")


def test_the_command_speaks_of_the_settings_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    """A document for these topics, and this shape of input."""
    words = ["--kafka-input-topic", "posts", "--input-text-pointer", "/payload/body"]
    assert main(["schema", *words, "--kafka-bootstrap-servers", "one:1,two:2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["channels"]["tweets"]["address"] == "posts"
    assert [server["host"] for server in told["servers"].values()] == ["one:1", "two:2"]
    assert "payload" in json.dumps(told["components"]["schemas"]["Input"])


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema_in_both_dialects(name: str) -> None:
    """Draft 2020-12 as it says, and draft 7, which AsyncAPI goes by."""
    Draft202012Validator.check_schema(schema(name, Terms()))
    Draft7Validator.check_schema({k: v for k, v in schema(name, Terms()).items() if k != "$schema"})


def test_every_sample_that_ships_is_an_input() -> None:
    """In all shapes that the producer sends."""
    assert len(samples()) > 1_000
    assert [fault for sample in samples() for fault in faults(INPUT, sample)] == []


@given(tweet_like | st.fixed_dictionaries({"data": tweet_like}) | json_values)
def test_what_the_schema_lets_through_is_a_tweet(value: Any) -> None:
    """A publisher that holds to it has no dead letters for the shape of a record."""
    if INPUT.is_valid(value):
        assert isinstance(parse(record(json.dumps(value).encode())), Tweet)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"text": "hello"}, "'id_str' is a required property"),
        ({"id": "1"}, "'full_text' is a required property"),
        ({"id": True, "text": "hello"}, "True is not valid"),
        ({"id": " ", "text": "hello"}, "' ' is not valid"),
        ({"id": "1", "text": None}, "None is not of type 'string'"),
        ([], "[] is not valid"),
    ],
)
def test_what_would_be_a_dead_letter_is_no_input(value: object, told: str) -> None:
    """Each fault of id and text is one to the schema, too."""
    assert isinstance(parse(record(json.dumps(value).encode())), Reject)
    deep = [cause.message for fault in INPUT.iter_errors(value) for cause in _causes(fault)]
    assert any(told in message for message in deep), deep


def _causes(fault: Any) -> list[Any]:
    return [fault, *(deeper for inner in fault.context for deeper in _causes(inner))]


def test_the_results_of_the_samples_are_outputs() -> None:
    """By the model that ships, through the stream's own steps."""
    settings = Settings()
    model = load_model(settings)
    rules = Rules(model.tokeniser, label_rule(settings, model.folder), "json", settings.languages)
    records = [record(json.dumps(sample).encode(), n) for n, sample in enumerate(samples()[::7])]
    outcome = label(prepare(records, rules), model.scorer, rules.label)
    model.scorer.close()
    assert (len(outcome.results), outcome.rejects) == (len(records), ())
    style = result_style(settings, model.folder)
    bodies = [json.loads(encode_result(one, style, NOON).value or b"") for one in outcome.results]
    assert [fault for body in bodies for fault in faults(OUTPUT, body)] == []


@pytest.mark.parametrize("style", [ResultStyle("m", "1"), ResultStyle("m", "1", include_text=False)])
@pytest.mark.parametrize(
    "tweet", [Tweet("1", "hello"), Tweet("1", "hello", "7", "2026-11-22T10:00:00Z", "en")]
)
def test_a_result_is_an_output_with_and_without_what_is_optional(style: ResultStyle, tweet: Tweet) -> None:
    """And it is none without what is promised, with a null, or with a label of another kind."""
    body = json.loads(encode_result(result(tweet), style, NOON).value or b"")
    assert faults(OUTPUT, body) == []
    optional = {"author_id", "created_at", "lang", "text"}
    for name in body.keys() - optional:
        assert faults(OUTPUT, {k: v for k, v in body.items() if k != name}), name
    for name in optional:
        assert faults(OUTPUT, {**body, name: None}), name
    assert faults(OUTPUT, {**body, "label": "meh"})
    assert faults(OUTPUT, {**body, "probability": 1.5})
    assert faults(OUTPUT, {**body, "scored_at": "noon"})
    assert faults(OUTPUT, {**body, "added_later": 1}) == []


def told(message: Message) -> dict[str, str]:
    """Its headers, the last of each name."""
    return {name: (value or b"").decode() for name, value in message.headers}


@pytest.mark.parametrize("source", [None, "/sentiment/production"])
def test_the_headers_of_a_result_are_as_described(source: str | None) -> None:
    """With CloudEvents and without, after whatever the tweet's record brought."""
    theirs: Headers = (("traceparent", b"00-ab-cd-01"),)
    style = ResultStyle("m", "1", event_source=source)
    headers = told(encode_result(result(source=record(headers=theirs)), style, NOON))
    holder = validator("output-headers")
    assert faults(holder, headers) == []
    assert headers.keys() - {"traceparent"} <= holder.schema["properties"].keys()
    assert faults(holder, {**headers, "content-type": "text/plain"})


@pytest.mark.parametrize("reason", Reason)
def test_the_headers_of_a_dead_letter_are_as_described(reason: Reason) -> None:
    """All of them, for every reason of the closed list."""
    reject = Reject(record(), Stage.PARSE, reason, "it is so", "")
    headers = told(encode_dead_letter(reject, "group", "1", NOON))
    holder = validator("dead-letter-headers")
    assert faults(holder, headers) == []
    assert headers.keys() == holder.schema["properties"].keys() == set(holder.schema["required"])
    assert faults(holder, {**headers, "__sentiment.errors.reason": "bad luck"})


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ({"meta": [{"uuid": 7}], "payload": {"body": "hello"}}, True),
        ({"meta": {"0": {"uuid": "a"}}, "payload": {"body": "hello"}}, True),
        ({"meta": [], "payload": {"body": "hello"}}, False),
        ({"meta": [{"uuid": 7}], "payload": {}}, False),
        ({"meta": [{"uuid": 7}], "text": "hello", "id": "1"}, False),
        ({"meta": [{"uuid": True}], "payload": {"body": "hello"}}, False),
        ({"meta": [{"uuid": 7}], "payload": {"body": 5}}, False),
    ],
)
def test_pointers_are_in_the_schema_as_they_are_in_the_stream(value: object, good: bool) -> None:  # noqa: FBT001 - a case
    """A record of such a topic is an input where the stream labels it, and only there."""
    places = Places(id=read_pointer("/meta/0/uuid"), text=read_pointer("/payload/body"))
    found = parse(record(json.dumps(value).encode()), places=places)
    assert isinstance(found, Tweet) == good
    assert (faults(validator("input", Terms(places=places)), value) == []) == good


def test_bare_lines_are_text() -> None:
    """INPUT_FORMAT=text: any line will do."""
    holder = validator("input", Terms(input_format="text"))
    assert faults(holder, "What a lovely morning") == []
    assert faults(holder, {"text": "hello"})
