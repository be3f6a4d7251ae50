"""A running consumer on a real Kafka, with traffic of every kind, scraped by a real Prometheus."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from kafka import KafkaProducer

from consumer.comparable import COUNTED_IN
from consumer.model.reference import Histogram, Reference, write_reference
from consumer.signals import count
from tests.broker.replicas import Replica, reaching, with_http
from tests.broker.stream import Sent, send, tweet, wait_until
from tests.broker.topics import Topics, admin
from tests.observability.prometheus import Prometheus

PARTITIONS, PAUSE_SECONDS = 3, 0.005
TEXTS = ("good good", "bad", "a good day", "bad bad bad", "good bad")
# Small windows, so that whatever is told of a window is told within a test. A version that does not know
# them passes them over.
WINDOWS = {"DRIFT_WINDOW_TWEETS": "500", "DRIFT_WINDOW_MIN": "100"}


@contextmanager
def scene(bootstrap: str, topics: Topics, folder: Path) -> Iterator[tuple[Replica, Prometheus]]:
    """One replica that reads, and the Prometheus that watches it, while tweets keep coming."""
    state = folder / "state"
    state.mkdir(parents=True)
    write_reference(state, reference())
    labels = f"{topics.tweets}.labels"
    with admin(bootstrap) as client:
        client.create_topics({labels: {"num_partitions": 1}}, wait_for_metadata=True)
    settings = with_http(reaching(bootstrap, topics, state, **WINDOWS, KAFKA_LABELS_TOPIC=labels))
    done = threading.Event()
    traffic = threading.Thread(target=_publish, args=(bootstrap, topics.tweets, labels, done), daemon=True)
    target = f"127.0.0.1:{settings['HTTP_PORT']}"
    with Replica(settings) as one, Prometheus(folder, [target]) as server:
        wait_until(lambda: one.ask("/readyz")[0] == 200 or not one.runs, "the consumer is ready")
        server.wait_until(lambda: server.scraped() == 1, "it is scraped")
        traffic.start()
        try:
            yield one, server
        finally:
            done.set()
            traffic.join()


def reference() -> Reference:
    """What the steered replica's words are spread like, more or less."""
    logits = np.repeat([4.0, -2.0, 2.0, -6.0, 0.0], 200)
    scores = 1 / (1 + np.exp(-logits))
    values = {"score": scores, "confidence": np.maximum(scores, 1 - scores)}
    signals = {
        name: Histogram(bounds, tuple(count(values[name], bounds))) for name, bounds in COUNTED_IN.items()
    }
    return Reference(len(scores), "drift_reference", signals, 0.6, 0.0, 0.8, 0.85)


def _publish(bootstrap: str, topic: str, labels: str, done: threading.Event) -> None:
    with closing(KafkaProducer(bootstrap_servers=bootstrap)) as producer:
        for number in itertools.count():
            if done.wait(PAUSE_SECONDS):
                break
            send(producer, topic, Sent(_value(number), number % PARTITIONS, b"an author"))
            send(producer, labels, Sent(json.dumps({"id": number, "label": "positive"}).encode()))
        producer.flush()


def _value(number: int) -> bytes | None:
    """Among a hundred a bad one, a tombstone, and one with a field of a wrong type."""
    match number % 100:
        case 97:
            return None
        case 98:
            return b"no json"
        case 99:
            return json.dumps({"id": number, "text": "good", "lang": 5}).encode()
        case _:
            return tweet(number, TEXTS[number % len(TEXTS)])
