"""The broker's disk is full: nothing is half published, and with room again all goes on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.local_kafka import LocalKafka
from tests.broker.replicas import Replica, reaching
from tests.broker.stream import account, publish, tweets, wait_until_done
from tests.broker.topics import make_topics
from tests.not_run import not_run

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

DISK_MEGABYTES = 64
COUNT = 300


@pytest.fixture
def small_disk(pytestconfig: pytest.Config, tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
        not_run(pytestconfig, "this user cannot mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=False)


def fill(disk: Path) -> Path:
    """Take all room that is left; the file to remove for having it back."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


def test_a_full_disk_and_room_again(small_disk: Path, tmp_path: Path) -> None:
    """The broker ends, the replica with it after its patience (4); with room both go on, each record once."""
    kafka = LocalKafka(small_disk / "kafka")
    try:
        kafka.start()
        topics = make_topics(kafka.bootstrap)
        publish(kafka.bootstrap, topics.tweets, tweets(COUNT))
        settings = reaching(
            kafka.bootstrap,
            topics,
            tmp_path,
            KAFKA_GROUP_INSTANCE_ID="one",
            MAX_BATCH_MESSAGES="10",
            BROKER_TIMEOUT_SECONDS="15",
        )
        with Replica(settings, gates="commit") as one:
            one.wait_at("commit")
            one.go()  # a batch while there is room
            one.wait_at("commit")
            ballast = fill(small_disk)
            one.open_gates()
            assert one.wait() == 4
            assert "BROKER_TIMEOUT_SECONDS" in one.log().splitlines()[-1]
        kafka.kill()  # where it has not ended by itself
        ballast.unlink()
        kafka.start()
        with Replica(settings) as again:
            wait_until_done(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
            again.stop()
        account(kafka.bootstrap, topics)
    finally:
        kafka.close()
