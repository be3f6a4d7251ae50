"""Tweets that keep coming, whatever happens: acknowledged by all replicas of the topic, in order by key."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import Any, Self

from kafka import KafkaProducer

KEYS = 97  # more than partitions, few enough that a key comes again soon
_POISON_EVERY = 199
_WORDS = ("good", "bad", "a", "day")


def tweet(number: int) -> bytes:
    """The value of the tweet with this number; one in 199 is no JSON."""
    if number % _POISON_EVERY == 0:
        return b"{" + str(number).encode()
    text = " ".join(_WORDS[: 1 + number % len(_WORDS)])
    return json.dumps({"id": number, "text": text}).encode()


class Feeder:
    """Publishes from a thread until the ``with`` ends; ``sent`` counts what was handed over.

    ``at_once`` come first, as fast as they go.
    """

    def __init__(self, bootstrap: str, topic: str, per_second: float, at_once: int = 0) -> None:
        self._bootstrap, self._topic, self._per_second = bootstrap, topic, per_second
        self._at_once = at_once
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)
        self.sent = self.failed = 0

    def _run(self) -> None:
        producer = KafkaProducer(
            bootstrap_servers=self._bootstrap.split(","),
            acks="all",
            linger_ms=5,
            retry_backoff_ms=20,
            reconnect_backoff_max_ms=1_000,
            delivery_timeout_ms=300_000,
        )
        with contextlib.closing(producer):
            began, futures = time.monotonic(), []
            while not self._done.wait(0.02):
                while self.sent < self._at_once + (time.monotonic() - began) * self._per_second:
                    futures.append(self._send(producer))
                if len(futures) > 10_000:
                    futures = self._judge(futures)
            producer.flush()
            self._judge(futures)

    def _send(self, producer: Any) -> Any:
        key = str(self.sent % KEYS).encode()
        future = producer.send(self._topic, value=tweet(self.sent), key=key)
        self.sent += 1
        return future

    def _judge(self, futures: list[Any]) -> list[Any]:
        done = [future for future in futures if future.is_done]
        self.failed += sum(not future.succeeded() for future in done)
        return [future for future in futures if not future.is_done]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        self._thread.join(400.0)
