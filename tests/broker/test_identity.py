"""A replica's transactional id: never shared by two that live, given back to one that comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from consumer.broker.identity import Identity, try_state
from consumer.errors import ConfigurationError
from consumer.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
from consumer.broker.identity import Identity
from consumer.settings import Settings
with Identity(Settings(state_dir=Path(sys.argv[1])), host="h") as identity:
    print(identity.transactional_id, flush=True)
    sys.stdin.read()
"""


def held(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds an identity until it is killed."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def name_of(process: subprocess.Popen[str]) -> str:
    """The id it printed."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_two_replicas_on_one_machine_never_share_an_identity(tmp_path: Path) -> None:
    """The second takes the next slot."""
    settings = Settings(state_dir=tmp_path, kafka_consumer_group="g")
    with Identity(settings, "h") as first, Identity(settings, "h") as second:
        assert first.transactional_id == "g-h-0"
        assert second.transactional_id == "g-h-1"


def test_a_killed_replica_gets_its_own_identity_back(tmp_path: Path) -> None:
    """So that it ends the transaction that it left open."""
    with Identity(Settings(state_dir=tmp_path), "h") as survivor:
        assert survivor.slot == 0
        process = held(tmp_path)
        try:
            name = name_of(process)
            assert name.endswith("-1")
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        with Identity(Settings(state_dir=tmp_path), "h") as restarted:
            assert restarted.transactional_id == name


def test_groups_and_hosts_do_not_meet(tmp_path: Path) -> None:
    """A shared STATE_DIR is no reason for one identity."""
    with (
        Identity(Settings(state_dir=tmp_path, kafka_consumer_group="a"), "h") as one,
        Identity(Settings(state_dir=tmp_path, kafka_consumer_group="a"), "i") as other,
    ):
        assert one.slot == other.slot == 0
        assert one.transactional_id != other.transactional_id


def test_a_given_identity_is_used_as_it_is_and_only_once(tmp_path: Path) -> None:
    """Two processes with one KAFKA_TRANSACTIONAL_ID would fence each other for ever."""
    settings = Settings(state_dir=tmp_path, kafka_transactional_id="team/a:1")
    with Identity(settings) as identity:
        assert identity.transactional_id == "team/a:1"
        with pytest.raises(ConfigurationError, match="KAFKA_TRANSACTIONAL_ID=team/a:1"), Identity(settings):
            pass
    with Identity(settings):
        pass


def test_names_that_look_alike_on_disk_are_still_two(tmp_path: Path) -> None:
    """Characters that a file name cannot hold do not make two ids one."""
    with (
        Identity(Settings(state_dir=tmp_path, kafka_transactional_id="a/b")),
        Identity(Settings(state_dir=tmp_path, kafka_transactional_id="a:b")),
    ):
        pass


def test_a_state_dir_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Exit 2 with the setting, not a traceback."""
    (tmp_path / "file").write_text("")
    settings = Settings(state_dir=tmp_path / "file")
    with pytest.raises(ConfigurationError, match="STATE_DIR="), Identity(settings):
        pass
    with pytest.raises(ConfigurationError, match="STATE_DIR="):
        try_state(settings)
