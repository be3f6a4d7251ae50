"""Traces on a real broker: a tweet's own context passes through, and the batch's span is linked to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.broker.collector import Collector
from tests.broker.reading import read_all
from tests.broker.replicas import Replica, reaching
from tests.broker.stream import Sent, account, publish, tweet, tweets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

pytestmark = pytest.mark.partitions(1)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CONTEXT = (("traceparent", f"00-{TRACE}-{SPAN}-01".encode()), ("tracestate", b"vendor=t61rcWkgMzE"))


def test_a_context_passes_from_input_to_output(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Result and dead letter carry traceparent and tracestate as they came, each once."""
    records = [Sent(tweet(0), 0, headers=CONTEXT), Sent(b"no json", 0, headers=CONTEXT)]
    publish(kafka.bootstrap, topics.tweets, records)
    with Replica(reaching(kafka.bootstrap, topics, tmp_path), "--max-messages", "2") as one:
        one.finish()
    account(kafka.bootstrap, topics, dead=1)
    for topic in (topics.out, topics.dlq):
        (found,) = read_all(kafka.bootstrap, topic)
        assert [(name, value) for name, value in found.headers if name in dict(CONTEXT)] == list(CONTEXT)


@pytest.mark.parametrize("delivery", ["exactly_once", "at_least_once"])
def test_batches_are_told_to_a_collector(
    kafka: Broker, topics: Topics, tmp_path: Path, delivery: str
) -> None:
    """By OTLP, where the environment says; each tweet in one committed batch, and no tweet's text."""
    text = "a good and secret day"
    records = [Sent(tweet(n, text), 0, headers=CONTEXT) for n in range(5)]
    publish(kafka.bootstrap, topics.tweets, [*records, *tweets(5, first=5, partitions=1)])
    settings = reaching(
        kafka.bootstrap, topics, tmp_path, DELIVERY=delivery, TRACING="otlp", LOG_LEVEL="DEBUG"
    )
    with Collector() as collector:
        with Replica({**settings, **collector.settings}, "--max-messages", "10") as one:
            one.finish()
            logged = one.events("batch_committed")
        spans = collector.spans()
        assert not any(b"secret" in body for body in collector.requests)
    told = {span.span_id: {a.key: a.value for a in span.attributes} for span in spans}
    batches = [span for span in spans if not span.parent_span_id]
    counts = [told[span.span_id]["messaging.batch.message_count"].int_value for span in batches]
    assert sum(counts) == 10
    assert [told[span.span_id]["sentiment.batch.id"].string_value for span in batches] == [
        line["batch"] for line in logged
    ]
    links = {(link.trace_id.hex(), link.span_id.hex()) for span in batches for link in span.links}
    assert links == {(TRACE, SPAN)}
    for batch in batches:
        stages = [span.name.split()[0] for span in spans if span.parent_span_id == batch.span_id]
        assert stages[-3:] == ["score", "publish", "commit"]
        assert {"poll", "prepare"} <= set(stages)


def test_nothing_is_told_where_it_is_off(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """The OTEL_ variables alone turn nothing on."""
    publish(kafka.bootstrap, topics.tweets, tweets(2, partitions=1))
    with Collector() as collector:
        settings = reaching(kafka.bootstrap, topics, tmp_path)
        with Replica({**settings, **collector.settings}, "--max-messages", "2") as one:
            one.finish()
        assert collector.requests == []
