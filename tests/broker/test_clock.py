"""A wall clock that is set forward and back by an hour: only timestamps notice, delivery does not."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.broker.replicas import Replica, reaching, with_http
from tests.broker.stream import Traffic, account, committed, metric, wait_until, wait_until_done
from tests.not_run import not_run

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

BETWEEN = 150  # records committed between two steps of the clock
HOUR = timedelta(hours=1)


@pytest.fixture
def library(pytestconfig: pytest.Config) -> Path:
    """What tells a process another time."""
    folders = (Path("/usr/lib"), Path("/usr/local/lib"))
    found = [path for folder in folders for path in folder.glob("**/faketime/libfaketimeMT.so.1")]
    if not found:
        not_run(pytestconfig, "libfaketime is not installed")
    return found[0]


class Wall:
    """The wall clock of one process; its monotonic clock goes on as ever."""

    def __init__(self, library: Path, folder: Path) -> None:
        self._file = folder / "wall"
        self.set_to("+0")
        self.settings = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set_to(self, offset: str) -> None:
        """So far from the true time, in seconds with a sign; whole at any moment it may be read."""
        new = self._file.with_suffix(".new")
        new.write_text(offset, "utf-8")
        new.replace(self._file)


def test_an_hour_forward_and_two_back(kafka: Broker, topics: Topics, tmp_path: Path, library: Path) -> None:
    """Each record once, no transaction given up, live all along; latency and lag are never negative."""
    wall = Wall(library, tmp_path)
    settings = with_http(reaching(kafka.bootstrap, topics, tmp_path, **wall.settings))
    group = settings["KAFKA_CONSUMER_GROUP"]
    stamps: list[int] = []  # records committed at each step

    def go_on(replica: Replica) -> None:
        stamps.append(sum(committed(kafka.bootstrap, group).values()))
        wait_until(
            lambda: sum(committed(kafka.bootstrap, group).values()) >= stamps[-1] + BETWEEN, "more records"
        )
        assert replica.ask("/livez")[0] == 200
        assert replica.ask("/readyz")[0] == 200

    with Replica(settings) as one:
        with Traffic(kafka.bootstrap, topics.tweets, partitions=3):
            wait_until(lambda: one.ask("/readyz")[0] == 200, "it is ready")
            for offset in ("+0", "+3600", "-3600", "+0"):
                wall.set_to(offset)
                go_on(one)
        wait_until_done(kafka.bootstrap, group, topics.tweets)
        _, scrape = one.ask("/metrics")
        assert (metric(scrape, "sentiment_end_to_end_latency_seconds_sum") or -1) >= 0
        assert (metric(scrape, "sentiment_consumer_lag_seconds") or 0) >= 0
        one.stop()
        assert one.events("batch_abandoned") == []
        assert len(one.events("partitions_assigned")) == 1
    found = account(kafka.bootstrap, topics)
    apart = [_moment(body["scored_at"]) - _moment(body["source"]["timestamp"]) for body in found.bodies]
    assert max(apart) > HOUR * 0.9  # the clock was told another time, both ways
    assert min(apart) < -HOUR * 0.9


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_seconds_without_records_are_seconds_that_passed(
    kafka: Broker, topics: Topics, tmp_path: Path, library: Path
) -> None:
    """`--until-idle` does not take an hour's step forward for an hour without records."""
    wall = Wall(library, tmp_path)
    settings = with_http(reaching(kafka.bootstrap, topics, tmp_path, **wall.settings))
    with Replica(settings, "--until-idle", "1200") as one:
        wait_until(lambda: one.ask("/readyz")[0] == 200, "it is ready")
        polled = _polled(one)
        wall.set_to("+3600")
        wait_until(lambda: _polled(one) > polled + 3_500, "polls in the new time")
        after = _polled(one)
        wait_until(lambda: _polled(one) > after, "polls after them")
        assert one.runs
        one.stop()


def _polled(replica: Replica) -> float:
    return metric(replica.ask("/metrics")[1], "sentiment_last_poll_timestamp_seconds") or 0.0
