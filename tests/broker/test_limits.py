"""Where a run ends by itself, and what settings do to results."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.broker.replicas import Replica, reaching
from tests.broker.stream import Sent, account, committed, draw, publish, tweet, tweets

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

ONE_GOOD, TWO_GOOD = 1 / (1 + math.exp(-2)), 1 / (1 + math.exp(-4))  # the scorer's probabilities


def test_exactly_so_many_messages(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """--max-messages N commits N records, whatever they became, and the next run goes on after them."""
    publish(kafka.bootstrap, topics.tweets, [*tweets(49), Sent(b"no json", 0)])
    settings = reaching(kafka.bootstrap, topics, tmp_path, MAX_BATCH_MESSAGES="10")
    with Replica(settings, "--max-messages", "17") as one:
        one.finish()
    assert sum(committed(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"]).values()) == 17
    first = draw(kafka.bootstrap, topics)
    assert len(first.results) + len(first.dead) == 17
    with Replica(settings, "--until-idle", "1.5") as rest:
        rest.finish()
    account(kafka.bootstrap, topics, dead=1)


TEXTS = ["good", "good good", "neither", "bad"]


@pytest.mark.partitions(1)
@pytest.mark.parametrize(
    ("name", "value", "labels"),
    [
        ("THRESHOLD", "0.9", ["negative", "positive", "negative", "negative"]),
        ("NEUTRAL_BAND", "0.4,0.6", ["positive", "positive", "neutral", "negative"]),
        ("OUTPUT_INCLUDE_TEXT", "false", ["positive", "positive", "positive", "negative"]),
    ],
)
def test_a_setting_shapes_results(
    kafka: Broker, topics: Topics, tmp_path: Path, name: str, value: str, labels: list[str]
) -> None:
    """Threshold, neutral band and the text's absence arrive in what subscribers read."""
    publish(kafka.bootstrap, topics.tweets, [Sent(tweet(n, text), 0) for n, text in enumerate(TEXTS)])
    with Replica(
        reaching(kafka.bootstrap, topics, tmp_path, **{name: value}), "--max-messages", str(len(TEXTS))
    ) as one:
        one.finish()
    bodies = account(kafka.bootstrap, topics).bodies
    assert [body["label"] for body in bodies] == labels
    assert [body["probability"] for body in bodies[:2]] == pytest.approx([ONE_GOOD, TWO_GOOD], abs=1e-6)
    assert {body["threshold"] for body in bodies} == {0.9 if name == "THRESHOLD" else 0.5}
    assert [body.get("text") for body in bodies] == (
        TEXTS if name != "OUTPUT_INCLUDE_TEXT" else [None] * len(TEXTS)
    )
    for body in bodies:
        p = body["probability"]
        expected = {"positive": p, "negative": 1 - p, "neutral": max(p, 1 - p)}[body["label"]]
        assert body["confidence"] == pytest.approx(expected, abs=2e-6)


@pytest.mark.partitions(1)
def test_bare_lines_of_text(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """With INPUT_FORMAT=text a record is its text, and its place is its id."""
    publish(kafka.bootstrap, topics.tweets, [Sent(b"a good day", 0), Sent(b'{"id": 1}', 0)])
    settings = reaching(kafka.bootstrap, topics, tmp_path, INPUT_FORMAT="text")
    with Replica(settings, "--max-messages", "2") as one:
        one.finish()
    bodies = account(kafka.bootstrap, topics).bodies
    assert [(body["id"], body["text"]) for body in bodies] == [
        (f"{topics.tweets}-0-0", "a good day"),
        (f"{topics.tweets}-0-1", '{"id": 1}'),
    ]
