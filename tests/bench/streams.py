"""Streams through a real broker, each in a process of its own: ``python -m tests.bench.streams NAME COUNT``.

Prints one JSON object: records per second from the first commit to the last.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from consumer.assembly import Run, assemble
from consumer.batch import Item, StageClock
from consumer.broker.connection import client_options
from consumer.broker.producer import Timing, make_producer
from consumer.broker.topics import create
from consumer.cli.loading import load_model
from consumer.http.app import create_app
from consumer.http.server import Server
from consumer.limits import Limits
from consumer.monitoring.health import Health
from consumer.monitoring.live.latest import Latest
from consumer.monitoring.live.live import Live
from consumer.monitoring.metrics import Metrics
from consumer.parse import parse
from consumer.records import Prepared, Record, Tokens, Tweet
from consumer.settings import Settings
from tests.bench import texts

PARTITIONS = 3
MICRO_BATCH = 512
LOOK_SECONDS = 2.0  # how often an open page asks


class ConstantScorer:
    """Scores nothing, at once."""

    padded_tokens = 0

    def logits(self, ids: Iterable[Iterable[int]]) -> Any:
        """One logit a text."""
        return np.ones(len(list(ids)), np.float32)

    def close(self) -> None:
        """Nothing to free."""


class CommitTimes:
    """When how many records were committed; stands where the loop counts towards its limit."""

    def __init__(self, limits: Limits) -> None:
        self._commit = limits.committed
        self.seen: list[tuple[float, int]] = []

    def __call__(self, count: int) -> None:
        """Note a commit."""
        self.seen.append((time.perf_counter(), count))
        self._commit(count)

    def per_second(self) -> float:
        """From the first commit to the last: joining and warming up are not throughput."""
        (started, _), *rest = self.seen
        return float(sum(count for _, count in rest) / (rest[-1][0] - started))


def settings_of(name: str) -> Settings:
    """Settings of a stream with topics of its own."""
    unique = f"bench-{name}-{uuid.uuid4().hex[:8]}"
    return Settings(
        kafka_input_topic=unique,
        kafka_output_topic=f"{unique}.out",
        kafka_dlq_topic=f"{unique}.dlq",
        kafka_consumer_group=unique,
        delivery="at_least_once" if name == "at_least_once" else "exactly_once",
        state_dir=Path(".state"),
    )


def publish(settings: Settings, count: int) -> None:
    """Fill the input topic."""
    found, _ = texts.load(count)
    producer = KafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers, linger_ms=20, batch_size=1 << 17
    )
    for number, text in enumerate(found):
        body = json.dumps({"id": str(number), "text": text, "lang": "en"}).encode()
        producer.send(settings.kafka_input_topic, body, partition=number % PARTITIONS)
    producer.flush()
    producer.close()


def loop(name: str, settings: Settings, count: int) -> float:
    """The product's own loop; constant scorers and skipped tokenising are put in place of its parts."""
    model = load_model(settings)
    if name.startswith("constant"):
        model = replace(model, scorer=ConstantScorer())
    limits = Limits(time.monotonic, count)
    times = CommitTimes(limits)
    limits.committed = times  # type: ignore[method-assign] # the one place that hears of every commit
    latest = Latest() if name == "constant_watched" else None
    run = Run(
        model=model,
        metrics=Metrics(),
        health=Health(),
        limits=limits,
        transactional_id=settings.kafka_consumer_group,
        max_message_bytes=1 << 20,
        reset="earliest",
        watchers=() if latest is None else (latest,),
    )
    made = assemble(settings, run)
    if name == "constant_unmonitored":
        made._parts = replace(made._parts, watchers=())
    if name == "constant_untokenised":
        made._parts.gatherer._prepare = _prepare_without_tokens
    if latest is None:
        made.run()
    else:
        with _watched(run, settings, latest):
            made.run()
    made.close(3)
    return times.per_second()


@contextmanager
def _watched(run: Run, settings: Settings, latest: Latest) -> Iterator[None]:
    """The page is served, and somebody asks for its numbers as a browser does, with the texts."""
    done = threading.Event()
    with Live(run.metrics, run.health, settings.drift_window_min, latest) as live:
        server = Server(create_app(run.health, run.metrics, live=live), "127.0.0.1", 0)
        server.start()
        address = f"http://127.0.0.1:{server.port}/live.json"

        def look() -> None:
            while not done.wait(LOOK_SECONDS):
                with urllib.request.urlopen(address) as answer:
                    answer.read()

        eyes = threading.Thread(target=look, daemon=True)
        eyes.start()
        yield
        done.set()
        eyes.join()
        server.stop()


def _prepare_without_tokens(records: Iterable[Record], _watch: StageClock) -> list[Item]:
    tokens = Tokens([101, 102], truncated=False)
    parsed = [(record, parse(record)) for record in records]
    return [Prepared(r, found, tokens) if isinstance(found, Tweet) else found for r, found in parsed]


def bare(settings: Settings, count: int) -> float:
    """Poll, send, commit, and nothing else, in transactions of the same size."""
    options = client_options(settings)
    producer = make_producer(options, Timing(10_000), 1 << 17, settings.kafka_consumer_group)
    producer.init_transactions()
    consumer = KafkaConsumer(
        **options,
        group_id=settings.kafka_consumer_group,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    consumer.subscribe([settings.kafka_input_topic])
    done, first, started = 0, 0, 0.0
    while done < count:
        size = _bare_turn(consumer, producer, settings.kafka_output_topic)
        done += size
        if size and not first:
            first, started = size, time.perf_counter()
    seconds = time.perf_counter() - started
    consumer.close()
    producer.close(timeout=3)
    return (done - first) / seconds


def _bare_turn(consumer: KafkaConsumer, producer: KafkaProducer, topic: str) -> int:
    records: list[Any] = []
    while len(records) < MICRO_BATCH:
        fetched = consumer.poll(timeout_ms=200 if not records else 10, max_records=MICRO_BATCH - len(records))
        if not fetched:
            break
        records += [record for part in fetched.values() for record in part]
    if not records:
        return 0
    offsets = {}
    producer.begin_transaction()
    for r in records:
        producer.send(topic, r.value, key=r.key, headers=r.headers, partition=r.partition)
        offsets[TopicPartition(r.topic, r.partition)] = OffsetAndMetadata(r.offset + 1, "", -1)
    producer.flush(10)
    producer.send_offsets_to_transaction(offsets, consumer.group_metadata())
    producer.commit_transaction()
    return len(records)


def main() -> None:
    """Measure one stream of COUNT records."""
    name, count = sys.argv[1], int(sys.argv[2])
    settings = settings_of(name)
    create(settings, PARTITIONS, 1)
    publish(settings, count)
    rate = bare(settings, count) if name == "bare" else loop(name, settings, count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"per_second": rate, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
