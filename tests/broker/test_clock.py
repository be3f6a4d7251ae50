"""A wall clock that is set forward and back by an hour: only timestamps notice, delivery does not."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.broker.replicas import Replica, reaching, with_http
from tests.broker.stream import Traffic, account, committed, metric, wait_until, wait_until_done

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

CLOCKED = "tests.broker.clocked"
BETWEEN = 150  # records committed between two steps of the clock
HOUR = timedelta(hours=1)


class Wall:
    """The wall clock of one process."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "wall"
        self.set_to(0)
        self.settings = {"WALL_OFFSET": str(self._file)}

    def set_to(self, offset_seconds: float) -> None:
        """So far from the true time; whole at any moment it may be read."""
        new = self._file.with_suffix(".new")
        new.write_text(str(offset_seconds), "utf-8")
        new.replace(self._file)


def test_an_hour_forward_and_two_back(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """Each record once, no transaction given up, live all along; latency and lag are never negative."""
    wall = Wall(tmp_path)
    patient = {"KAFKA_SESSION_TIMEOUT_MS": "30000"}  # a starved machine is not the clock's doing
    settings = with_http(reaching(kafka.bootstrap, topics, tmp_path, **wall.settings, **patient))
    group = settings["KAFKA_CONSUMER_GROUP"]
    latencies: list[float] = []  # added up, at the end of each step
    troubles: list[int] = []

    def done() -> int:
        return sum(committed(kafka.bootstrap, group).values())

    def go_on(replica: Replica) -> None:
        before = done()
        wait_until(lambda: done() >= before + BETWEEN, "more records")
        assert replica.ask("/livez")[0] == 200
        wait_until(lambda: replica.ask("/readyz")[0] == 200, "it is ready")
        _, scrape = replica.ask("/metrics")
        latencies.append(metric(scrape, "sentiment_end_to_end_latency_seconds_sum") or 0)
        assert (metric(scrape, "sentiment_consumer_lag_seconds") or 0) >= 0
        troubles.append(len(replica.events("batch_abandoned")) + len(replica.events("partitions_assigned")))

    with Replica(settings, module=CLOCKED) as one:
        with Traffic(kafka.bootstrap, topics.tweets, partitions=3):
            wait_until(lambda: one.ask("/readyz")[0] == 200, "it is ready")
            for offset in (0, 3600, -3600, 0):
                wall.set_to(offset)
                go_on(one)
        wait_until_done(kafka.bootstrap, group, topics.tweets)
        one.stop()
    assert latencies == sorted(latencies)
    assert set(troubles) == {troubles[0]}  # none that came with a step
    found = account(kafka.bootstrap, topics)
    apart = [_moment(body["scored_at"]) - _moment(body["source"]["timestamp"]) for body in found.bodies]
    assert max(apart) > HOUR * 0.9  # the clock was told another time, both ways
    assert min(apart) < -HOUR * 0.9


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_seconds_without_records_are_seconds_that_passed(
    kafka: Broker, topics: Topics, tmp_path: Path
) -> None:
    """`--until-idle` does not take an hour's step forward for an hour without records."""
    wall = Wall(tmp_path)
    settings = with_http(reaching(kafka.bootstrap, topics, tmp_path, **wall.settings))
    with Replica(settings, "--until-idle", "1200", module=CLOCKED) as one:
        wait_until(lambda: one.ask("/readyz")[0] == 200, "it is ready")
        polled = _polled(one)
        wall.set_to(3600)
        wait_until(lambda: _polled(one) > polled + 3_500, "polls in the new time")
        after = _polled(one)
        wait_until(lambda: _polled(one) > after, "polls after them")
        assert one.runs
        one.stop()


def _polled(replica: Replica) -> float:
    return metric(replica.ask("/metrics")[1], "sentiment_last_poll_timestamp_seconds") or 0.0
