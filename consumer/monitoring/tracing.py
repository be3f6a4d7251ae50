"""Spans of OpenTelemetry: one for each micro-batch, its stages below it, linked to its messages' own traces.

Imported only where TRACING is set: the packages are an extra. A batch's spans are made when it is over, with
the times that were noted on its way, so that nothing waits on them; an exporter sends them from a thread of
its own. What is told are names, counts and times, never a key, a value or a tweet's text.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from consumer import __version__
from consumer.batch import Visit
from consumer.monitoring.batch_trace import BatchStory
from consumer.records import Record

MOST_LINKS = 128  # as many as the SDK keeps unless told otherwise; further messages are counted
MOST_STAGES = 64  # a batch that trickles in is polled for again and again
_CLOSE_SECONDS = 2.0
_CONTEXT_HEADERS = ("traceparent", "tracestate")
_PROPAGATOR = TraceContextTextMapPropagator()

# Stage as it is timed → the span it is told in.
_SPANS = {
    "poll": "poll",
    "parse": "prepare",
    "clean": "prepare",
    "tokenise": "prepare",
    "score": "score",
    "label": "score",
    "encode": "publish",
    "publish": "publish",
    "commit": "commit",
}
# By the semantic conventions for messaging: operation.type and kind of the spans that ask the broker.
_OPERATIONS = {
    "poll": ("receive", SpanKind.CLIENT),
    "publish": ("send", SpanKind.PRODUCER),
    "commit": ("settle", SpanKind.CLIENT),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What the spans are about."""

    group: str
    input_topic: str
    output_topic: str
    replica: str  # unique among live ones


class Tracing:
    """A ``BatchTrace`` over OpenTelemetry."""

    def __init__(self, names: Names, processor: SpanProcessor | None = None) -> None:
        """``processor``: where spans go; None sends them by OTLP over HTTP, as OTEL_* variables say."""
        ours = Resource.create(
            {
                "service.name": "tweet-sentiment",
                "service.version": __version__,
                "service.instance.id": names.replica,
            }
        )
        self._names = names
        # What the environment says of the resource goes before what we say.
        resource = ours.merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("tweet-sentiment", __version__)

    def over(self, story: BatchStory) -> None:
        """Tell of a batch."""
        stages = _stages(story.visits)
        if not stages:
            return
        wall = time.time_ns() - time.perf_counter_ns()  # anew each time: a wall clock may be set
        links, left_out = _links(story.records)
        batch = self._tracer.start_span(
            f"process {self._names.input_topic}",
            kind=SpanKind.CONSUMER,
            attributes=self._attributes(story, left_out),
            links=links,
            start_time=wall + _ns(stages[0].began),
        )
        for stage in stages:
            self._stage(stage, trace.set_span_in_context(batch), wall, story if stage is stages[-1] else None)
        _fail(batch, story.error)
        batch.end(wall + _ns(stages[-1].ended))

    def close(self) -> None:
        """Send what is left, for so long as a stop may take; a collector that is away holds nobody up."""
        closing = threading.Thread(target=self._shutdown, name="tracing", daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)

    def _shutdown(self) -> None:
        with contextlib.suppress(Exception):  # the stream is over; whatever the exporter says is no news
            self._provider.shutdown()

    def _stage(self, stage: Visit, parent: Context, wall: int, last: BatchStory | None) -> None:
        operation, kind = _OPERATIONS.get(stage.stage, ("", SpanKind.INTERNAL))
        topic = self._names.output_topic if stage.stage == "publish" else self._names.input_topic
        attributes = {"messaging.system": "kafka", "messaging.destination.name": topic}
        attributes |= {"messaging.operation.name": stage.stage, "messaging.operation.type": operation}
        span = self._tracer.start_span(
            f"{stage.stage} {topic}" if operation else stage.stage,
            parent,
            kind,
            attributes if operation else None,
            start_time=wall + _ns(stage.began),
        )
        _fail(span, last.error if last else "")
        span.end(wall + _ns(stage.ended))

    def _attributes(self, story: BatchStory, links_left_out: int) -> dict[str, str | int]:
        found: dict[str, str | int] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": self._names.input_topic,
            "messaging.consumer.group.name": self._names.group,
            "messaging.batch.message_count": len(story.records),
            "sentiment.batch.id": story.id,
            "sentiment.batch.reason": story.reason,
            "sentiment.batch.scored": story.scored,
            "sentiment.batch.dead_lettered": story.dead_lettered,
            "sentiment.batch.skipped": story.skipped,
            "sentiment.batch.links_left_out": links_left_out,
        }
        partitions = {record.partition for record in story.records}
        if len(partitions) == 1:
            found["messaging.destination.partition.id"] = str(*partitions)
        return found


def _stages(visits: Sequence[Visit]) -> list[Visit]:
    """Visits in a row that one span tells, together; what exceeds the most is told in the first of them."""
    told: list[Visit] = []
    for visit in visits:
        name = _SPANS[visit.stage]
        if told and told[-1].stage == name:
            told[-1] = told[-1]._replace(ended=visit.ended)
        else:
            told.append(visit._replace(stage=name))
    first = max(1, len(told) - MOST_STAGES + 1)
    return [told[0]._replace(ended=told[first - 1].ended), *told[first:]] if told else []


def _links(records: Sequence[Record]) -> tuple[list[Link], int]:
    """A link to each context that the messages bring, the first so many; and how many more there are."""
    found: dict[tuple[int, int], SpanContext] = {}
    for record in records:
        if context := _context(record):
            found.setdefault((context.trace_id, context.span_id), context)
    contexts = list(found.values())
    return [Link(one) for one in contexts[:MOST_LINKS]], max(0, len(contexts) - MOST_LINKS)


def _context(record: Record) -> SpanContext | None:
    carrier = {
        name.lower(): value.decode("ascii", "replace")
        for name, value in record.headers
        if value is not None and name.lower() in _CONTEXT_HEADERS
    }
    context = trace.get_current_span(_PROPAGATOR.extract(carrier)).get_span_context()
    return context if context.is_valid else None


def _fail(span: trace.Span, error: str) -> None:
    if error:
        span.set_attribute("error.type", error)
        span.set_status(StatusCode.ERROR)


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
