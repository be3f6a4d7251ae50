"""HTTP scoring beside the stream, on a real broker: neither gets in the other's way."""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.broker.replicas import Replica, reaching, with_http
from tests.broker.stream import account, metric, publish, tweets, wait_until, wait_until_done

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

COUNT, FLOODERS, ASKED = 800, 12, 8
# A batch of the stream costs 200 ms, a turn of HTTP 20 ms at most: four texts of four words.
SHARED = {
    "SCORE_SECONDS": "0.005",
    "MAX_BATCH_MESSAGES": "40",
    "HTTP_TURN_TOKENS": "16",
    "HTTP_QUEUE_TEXTS": "64",
}
TEXT = "good good planted words"
# Of the quiet one. By the shares alone it is 0.9, where the machine has time; a stream that HTTP starves
# has its turn once in as many as there are who flood.
LEAST_PACE = 0.25


class Flood:
    """Clients that ask again as soon as they are answered, until the ``with`` ends."""

    def __init__(self, port: str) -> None:
        self._port, self._done = int(port), threading.Event()
        self.statuses: Counter[int] = Counter()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(FLOODERS)]

    def _ask(self) -> None:
        body = json.dumps({"texts": [TEXT] * ASKED})
        while not self._done.is_set():
            client = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                client.request("POST", "/predict", body, {"content-type": "application/json"})
                answer = client.getresponse()
                answer.read()
                self.statuses[answer.status] += 1
                if answer.status != 200:
                    self._done.wait(0.1)
            except OSError:
                self.statuses[0] += 1
            finally:
                client.close()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(60)


def seconds_a_batch(kafka: Broker, topics: Topics, one: Replica, first: int) -> float:
    """The median time from commit to commit while the replica works off a backlog of new tweets."""
    before = len(one.events("batch_committed"))
    publish(kafka.bootstrap, topics.tweets, tweets(COUNT, first))
    wait_until_done(kafka.bootstrap, one.settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
    full = [told for told in one.events("batch_committed")[before:] if told["reason"] == "messages"]
    moments = [datetime.fromisoformat(told["ts"]).timestamp() for told in full]
    assert len(moments) > COUNT // 80
    return statistics.median(later - earlier for earlier, later in itertools.pairwise(moments))


def test_a_flood_of_requests_does_not_hold_up_the_stream(
    kafka: Broker, topics: Topics, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The stream goes on at its pace, requests are answered or told to come again, and then all is as before.

    They are no messages: what the stream counts is its own. Their texts stand in no log, at DEBUG either.
    """
    settings = with_http(reaching(kafka.bootstrap, topics, tmp_path, **SHARED))
    with Replica(settings) as one:
        one.wait_for_event("partitions_assigned")
        quiet = seconds_a_batch(kafka, topics, one, 0)
        with Flood(settings["HTTP_PORT"]) as flood:
            wait_until(lambda: flood.statuses[429] and flood.statuses[200], "the queue is full")
            flooded = seconds_a_batch(kafka, topics, one, COUNT)
        record_property(
            "pace of the stream under a flood of HTTP, of the quiet one", round(quiet / flooded, 2)
        )
        record_property("answers of the flood by status", dict(flood.statuses))
        wait_until(lambda: metric(one.ask("/metrics")[1], "sentiment_http_waiting_texts") == 0, "it is over")
        numbers = one.ask("/metrics")[1]
        one.stop()
    assert quiet / flooded > LEAST_PACE
    assert set(flood.statuses) <= {200, 429}
    assert metric(numbers, "sentiment_consumed_total") == 2 * COUNT
    assert metric(numbers, 'sentiment_predictions_total{label="positive"}') == 2 * COUNT
    assert metric(numbers, "sentiment_score_ratio_count") == 2 * COUNT
    assert metric(numbers, 'sentiment_http_texts_total{outcome="scored"}') == ASKED * flood.statuses[200]
    assert "planted" not in one.log()
    assert len(account(kafka.bootstrap, topics).results) == 2 * COUNT


def test_before_the_group_is_joined_texts_are_scored(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """HTTP needs the model alone; also when the broker is not there yet."""
    settings = with_http(reaching("127.0.0.1:1", topics, tmp_path))
    with Replica(settings) as one:
        wait_until(lambda: ask(settings, "good")[0] == 200, "it scores")
        assert ask(settings, "bad") == (200, {"sentiment": "negative", "confidence": 0.880797})
        assert one.ask("/readyz")[0] == 503
        one.stop()
    assert kafka.bootstrap


def test_scoring_over_http_can_be_turned_off(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """HTTP_QUEUE_TEXTS=0 leaves probes and numbers."""
    settings = with_http(reaching(kafka.bootstrap, topics, tmp_path, HTTP_QUEUE_TEXTS="0"))
    with Replica(settings) as one:
        one.wait_for_event("partitions_assigned")
        assert ask(settings, "good")[0] == 404
        assert one.ask("/livez")[0] == 200
        one.stop()


def ask(settings: dict[str, str], text: str) -> tuple[int, object]:
    """Status and answer of ``/tweet``; 0 where nobody listens yet."""
    client = http.client.HTTPConnection("127.0.0.1", int(settings["HTTP_PORT"]), timeout=60)
    try:
        client.request("POST", "/tweet", json.dumps({"text": text}), {"content-type": "application/json"})
        answer = client.getresponse()
        return answer.status, json.loads(answer.read())
    except OSError:
        return 0, None
    finally:
        client.close()
