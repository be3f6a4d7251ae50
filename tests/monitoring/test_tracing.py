"""Spans of a batch, kept in memory: one for the batch, its stages below it, links to its messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, use_span

from consumer.batch import Visit
from consumer.monitoring.batch_trace import BatchStory
from consumer.monitoring.tracing import MOST_LINKS, MOST_STAGES, Names, Tracing
from consumer.records import Headers, Record
from tests.doubles import record

NAMES = Names("group", "tweets", "tweets.sentiment", "replica-0")
TEXT = b'{"id": "1", "text": "my secret tweet"}'
WAY = ("poll", "parse", "clean", "tokenise", "score", "label", "encode", "publish", "commit")


class Undecoded(bytes):
    """A header's value that nobody has a reason to read."""

    def decode(self, *_: object) -> str:
        """It may be as large as a record."""
        raise AssertionError("read")


def parent(number: int) -> Headers:
    """A message's own context."""
    return (("traceparent", f"00-{number:032x}-{number:016x}-01".encode()), ("tracestate", b"vendor=1"))


def story(records: list[Record] | None = None, way: tuple[str, ...] = WAY, error: str = "") -> BatchStory:
    """A batch that was a tenth of a second in each stage."""
    began = time.perf_counter() - len(way) / 10
    visits = [Visit(stage, began + n / 10, began + (n + 1) / 10) for n, stage in enumerate(way)]
    records = [record(TEXT, headers=parent(7))] if records is None else records
    return BatchStory("run-1", records, visits, "wait", len(records), 0, 0, error)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Where spans go."""
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Iterator[Tracing]:
    """What tells them."""
    made = Tracing(NAMES, SimpleSpanProcessor(exporter))
    yield made
    made.close()


def batch_of(exporter: InMemorySpanExporter) -> ReadableSpan:
    """The span without a parent; there is one."""
    (found,) = [span for span in exporter.get_finished_spans() if span.parent is None]
    return found


def seconds(span: ReadableSpan) -> float:
    """How long it took."""
    return ((span.end_time or 0) - (span.start_time or 0)) / 1e9


def test_a_batch_is_a_span_and_its_stages_are_below_it(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    """In their order, one after the other, as long as they took; the batch spans them all."""
    tracing.over(story())
    *stages, batch = exporter.get_finished_spans()
    assert [span.name for span in stages] == [
        *("poll tweets", "prepare", "score", "publish tweets.sentiment", "commit tweets")
    ]
    assert [round(seconds(span), 3) for span in stages] == [0.1, 0.3, 0.2, 0.2, 0.1]
    assert (batch.name, batch.kind, round(seconds(batch), 3)) == ("process tweets", SpanKind.CONSUMER, 0.9)
    assert abs((batch.end_time or 0) / 1e9 - time.time()) < 60
    assert batch.context is not None
    assert {span.parent.span_id for span in stages if span.parent} == {batch.context.span_id}
    assert [span.start_time for span in stages[1:]] == [span.end_time for span in stages[:-1]]


def test_attributes_are_those_of_the_semantic_conventions(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    """System, operation, destination, group and count; the batch's id is that of the log."""
    tracing.over(story([record(TEXT, 0), record(TEXT, 1)]))
    attributes = dict(batch_of(exporter).attributes or {})
    assert attributes["messaging.system"] == "kafka"
    assert attributes["messaging.operation.type"] == "process"
    assert attributes["messaging.destination.name"] == "tweets"
    assert attributes["messaging.destination.partition.id"] == "0"
    assert attributes["messaging.consumer.group.name"] == "group"
    assert attributes["messaging.batch.message_count"] == 2
    assert attributes["sentiment.batch.id"] == "run-1"
    asked = {
        span.name.split()[0]: (dict(span.attributes or {}), span.kind)
        for span in exporter.get_finished_spans()
    }
    kinds = {name: (told.get("messaging.operation.type"), kind) for name, (told, kind) in asked.items()}
    assert kinds["poll"] == ("receive", SpanKind.CLIENT)
    assert kinds["publish"] == ("send", SpanKind.PRODUCER)
    assert kinds["commit"] == ("settle", SpanKind.CLIENT)
    assert kinds["score"] == (None, SpanKind.INTERNAL)
    (one, _) = asked["publish"]
    assert one["messaging.destination.name"] == "tweets.sentiment"


def test_a_partition_is_named_where_there_is_one(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    """A batch out of several names none."""
    tracing.over(story([record(TEXT, partition=0), record(TEXT, partition=1)]))
    assert (batch_of(exporter).attributes or {})["sentiment.batch.links_left_out"] == 0
    assert "messaging.destination.partition.id" not in (batch_of(exporter).attributes or {})


def test_the_batch_is_linked_to_its_messages(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    """Each context once, with its state; a message without one, or with nonsense, costs nothing."""
    odd: list[Headers] = [(), (("traceparent", b"\xff nonsense"),), (("traceparent", None),)]
    odd += [(("other", Undecoded(b"x")),)]
    upper = tuple((name.upper(), value) for name, value in parent(9))
    headers = [parent(7), *odd, upper, parent(7)]
    tracing.over(story([record(TEXT, n, headers=one) for n, one in enumerate(headers)]))
    links = batch_of(exporter).links
    assert [(link.context.trace_id, link.context.span_id) for link in links] == [(7, 7), (9, 9)]
    assert links[0].context.trace_state.get("vendor") == "1"


def test_what_the_process_traces_itself_is_no_messages_context(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    """A batch told while some span is open is linked to its messages, not to that."""
    open_span = NonRecordingSpan(SpanContext(5, 5, is_remote=False))
    with use_span(open_span):
        tracing.over(story([record(TEXT)]))
    told = exporter.get_finished_spans()
    assert [link for span in told for link in span.links] == []


def test_links_are_bounded_and_what_is_left_out_is_counted(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    """A batch of thousands of traced messages is a span of a bounded size."""
    tracing.over(story([record(TEXT, n, headers=parent(n + 1)) for n in range(MOST_LINKS + 10)]))
    batch = batch_of(exporter)
    assert [link.context.trace_id for link in batch.links] == list(range(1, MOST_LINKS + 1))
    assert (batch.attributes or {})["sentiment.batch.links_left_out"] == 10


def test_a_context_that_is_none_takes_no_links_place(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    """Messages without one, however many, leave all places to those with one."""
    odd = [record(TEXT), record(TEXT, headers=(("traceparent", b"nonsense"),))]
    tracing.over(story([*odd, *(record(TEXT, n, headers=parent(n + 1)) for n in range(MOST_LINKS))]))
    batch = batch_of(exporter)
    assert len(batch.links) == MOST_LINKS
    assert (batch.attributes or {})["sentiment.batch.links_left_out"] == 0


def test_a_batch_that_was_nowhere_is_not_told(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    """Without a time there is no span, and nobody falls over it."""
    tracing.over(story(way=()))
    assert exporter.get_finished_spans() == ()


def test_stages_are_bounded(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    """A batch that trickles in, poll by poll, ends with its latest stages told one by one."""
    tracing.over(story(way=(*("poll", "parse") * MOST_STAGES, *WAY)))
    *stages, batch = exporter.get_finished_spans()
    assert len(stages) == MOST_STAGES
    assert [span.name for span in stages[-3:]] == ["score", "publish tweets.sentiment", "commit tweets"]
    assert stages[0].start_time == batch.start_time


def test_a_batch_that_was_given_up_is_an_error(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    """The batch and the stage it failed in have the reason; the stages before do not."""
    tracing.over(story(way=WAY[:-1], error="rebalance"))
    *stages, batch = exporter.get_finished_spans()
    failed = [span.name for span in (*stages, batch) if span.status.status_code is StatusCode.ERROR]
    assert failed == ["publish tweets.sentiment", "process tweets"]
    assert (batch.attributes or {})["error.type"] == "rebalance"


def test_nothing_of_a_tweet_is_told(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    """Neither its text, nor its key, nor a header that is no context."""
    told = (*parent(3), ("note", b"my secret header"))
    tracing.over(story([record(TEXT, key=b"my secret key", headers=told)]))
    assert "secret" not in "".join(span.to_json() for span in exporter.get_finished_spans())


def test_the_environment_says_what_the_service_is_called(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before our own words."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    Tracing(NAMES, SimpleSpanProcessor(exporter)).over(story())
    resource = dict(batch_of(exporter).resource.attributes)
    assert (resource["service.name"], resource["deployment.environment"]) == ("mine", "test")
    assert resource["service.instance.id"] == "replica-0"


def test_the_environment_can_sample(exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_TRACES_SAMPLER is heard."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    Tracing(NAMES, SimpleSpanProcessor(exporter)).over(story())
    assert exporter.get_finished_spans() == ()


def test_a_collector_that_is_away_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Telling takes no time, and the end not much."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    tracing, began = Tracing(NAMES), time.monotonic()
    tracing.over(story())
    tracing.close()
    assert time.monotonic() - began < 8


def test_an_exporter_that_does_not_end_holds_no_stop_up() -> None:
    """Whoever asked for the stop kills what does not stop: what is not sent by then is lost, and no more."""
    over = threading.Event()

    class Stuck(SimpleSpanProcessor):
        def shutdown(self) -> None:
            over.wait(60)

    tracing = Tracing(NAMES, Stuck(InMemorySpanExporter()))
    began = time.monotonic()
    tracing.close()
    took = time.monotonic() - began
    left = [thread.daemon for thread in threading.enumerate() if thread.name == "tracing"]
    over.set()
    assert took < 30
    assert left
    assert all(left)  # nor does the end of the process wait for it


def test_what_is_left_is_sent_before_the_end() -> None:
    """A stop waits for a collector that answers; the process does not ask it again on its way out."""
    done = threading.Event()

    class Slow(SimpleSpanProcessor):
        def shutdown(self) -> None:
            time.sleep(0.2)
            done.set()

    tracing = Tracing(NAMES, Slow(InMemorySpanExporter()))
    assert tracing._provider._atexit_handler is None
    tracing.close()
    assert done.is_set()


def test_an_exporter_that_fails_at_the_end_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream is over by then; nobody is told of a thread that died."""

    class Failing(SimpleSpanProcessor):
        def shutdown(self) -> None:
            raise OSError("no route")

    died: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    Tracing(NAMES, Failing(InMemorySpanExporter())).close()
    assert died == []
