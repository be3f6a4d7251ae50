"""The publisher against a real broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.demo.readers import read_back

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

COUNT = 400


def _command(kafka: Broker, topic: str, *flags: str) -> list[str]:
    where = ["--kafka-bootstrap-servers", kafka.bootstrap, "--kafka-input-topic", topic]
    return [sys.executable, "-m", "producer_sim", *where, *flags]


def _summary(output: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(output.splitlines()[-1])
    return value


def test_it_publishes_exactly_what_it_says(kafka: Broker, topics: Topics) -> None:
    """As many records as asked for, every one with a key and the header that says what is to come of it."""
    flags = ("--rate", "0", "--count", str(COUNT), "--bad", "0.2", "--retweets", "0.1")
    command = _command(kafka, topics.tweets, *flags)
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    lines = read_back(kafka.bootstrap, topics.tweets)
    assert len(lines) == COUNT
    assert len({line.partition for line in lines}) > 1
    assert all(line.key and (line.header("label") or line.header("planted")) for line in lines)
    summary = _summary(done.stdout)
    assert (summary["published"], summary["not_confirmed"]) == (COUNT, 0)
    planted = [line.header("planted") for line in lines if line.header("planted")]
    by_kind = {kind: count for kind, count in summary["by_kind"].items() if kind not in {"tweet", "retweet"}}
    assert by_kind == {kind: planted.count(kind) for kind in set(planted) if kind}


def test_an_author_keeps_to_one_partition(kafka: Broker, topics: Topics) -> None:
    """The author's id is the key, so that an author's order survives."""
    command = _command(kafka, topics.tweets, "--rate", "0", "--count", str(COUNT))
    subprocess.run(command, capture_output=True, check=True, timeout=60)
    places = {(line.key, line.partition) for line in read_back(kafka.bootstrap, topics.tweets)}
    assert len(places) == len({key for key, _ in places})


def test_a_signal_stops_it_cleanly_with_its_summary(kafka: Broker, topics: Topics) -> None:
    """What it says it published lies on the topic."""
    command = _command(kafka, topics.tweets, "--rate", "200", "--progress-seconds", "0.2")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as publisher:
        assert publisher.stderr is not None
        publisher.stderr.readline()  # it is under way
        publisher.send_signal(signal.SIGTERM)
        output, _ = publisher.communicate(timeout=30)
    assert publisher.returncode == 0
    assert _summary(output)["published"] == len(read_back(kafka.bootstrap, topics.tweets)) > 0


def test_a_bad_row_ends_a_replay_and_what_came_before_it_is_published(
    kafka: Broker, topics: Topics, tmp_path: Path
) -> None:
    """Exit 2 with the row named; the summary still counts what lies on the topic."""
    source = tmp_path / "some.csv"
    source.write_text("target,text\n4,one\n0,two\n9,three\n")
    command = _command(kafka, topics.tweets, "--rate", "0", "--source", str(source))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "some.csv, row 4: '9' is no label" in done.stderr
    assert _summary(done.stdout)["published"] == 2 == len(read_back(kafka.bootstrap, topics.tweets))


def test_a_missing_topic_is_named(kafka: Broker) -> None:
    """Exit 2: waiting would not create it."""
    command = _command(kafka, "no-such-topic", "--count", "1", "--broker-timeout-seconds", "3")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "topic no-such-topic does not exist" in done.stderr


def test_no_broker_is_told_with_its_cause() -> None:
    """Exit 4, in one line."""
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    command = [sys.executable, "-m", "producer_sim", "--count", "1", "--broker-timeout-seconds", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "127.0.0.1:1" in done.stderr
    assert "ECONNREFUSED" in done.stderr
