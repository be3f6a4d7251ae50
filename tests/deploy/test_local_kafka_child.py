"""The leash: a child ends with us, however we end. Shown with small programs; no Java, no broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from deploy.local_kafka.child import Child
from tests.deploy.waiting import await_true, is_running

if TYPE_CHECKING:
    from pathlib import Path

SLEEP = ["sleep", "120"]
STUBBORN = ["sh", "-c", "trap '' TERM; echo deaf; while true; do sleep 0.1; done"]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where children write."""
    return tmp_path / "child.log"


def test_both_outputs_are_in_the_log_and_the_exit_code_is_told(log: Path) -> None:
    """What a program says before it dies can be read afterwards, and how it died is known."""
    child = Child(["sh", "-c", "echo out; echo err >&2; exit 7"], log)
    assert child.wait(poll_seconds=0.01) == 7
    assert log.read_text().split() == ["out", "err"]


def test_stop_is_orderly(log: Path) -> None:
    """A child asked to stop gets the chance to end in order."""
    child = Child(
        ["sh", "-c", "trap 'echo tidied; exit 0' TERM; echo up; while true; do sleep 0.05; done"], log
    )
    await_true(lambda: "up" in log.read_text())
    child.stop(10)
    assert (child.exit_code, log.read_text().split()) == (0, ["up", "tidied"])


def test_stop_kills_what_does_not_listen(log: Path) -> None:
    """A child that ignores the request is killed once its time is over."""
    child = Child(STUBBORN, log)
    await_true(lambda: "deaf" in log.read_text())
    child.stop(0.3)
    assert not is_running(child.pid)


def test_kill_needs_no_consent(log: Path) -> None:
    """A kill is a kill, and has happened when it returns."""
    child = Child(STUBBORN, log)
    await_true(lambda: "deaf" in log.read_text())
    child.kill()
    assert not is_running(child.pid)
    assert child.exit_code == 128 + signal.SIGKILL


COUNT_IN_THREADS = """
import threading, time
def count():
    while True: print('.', end='', flush=True)
for _ in range(20): threading.Thread(target=count, daemon=True).start()
time.sleep(60)
"""
COUNTING = [sys.executable, "-c", COUNT_IN_THREADS]


def test_a_frozen_one_does_nothing_more_until_it_is_thawed(log: Path) -> None:
    """From the moment `freeze` returns: what is asked of it then must find no thread that still runs."""
    child = Child(COUNTING, log)
    for _ in range(20):
        _await_growth(log)
        child.freeze()
        frozen = log.stat().st_size
        time.sleep(0.02)
        assert log.stat().st_size == frozen
        child.thaw()
    child.kill()


def _await_growth(log: Path) -> None:
    before = log.stat().st_size
    await_true(lambda: log.stat().st_size > before)


def _orphan(tmp_path: Path, starter: str) -> tuple[subprocess.Popen[str], int]:
    """A process of its own that runs `starter`, which makes a Child named `child`; and that child's id."""
    imports = "import threading, time; from pathlib import Path; from deploy.local_kafka.child import Child"
    script = f"{imports}\n{starter}\nprint(child.pid, flush=True); time.sleep(120)"
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


def test_child_and_its_folder_go_when_the_parent_is_killed(tmp_path: Path) -> None:
    """SIGKILL of the parent leaves neither a process nor temporary data behind."""
    folder = tmp_path / "data"
    folder.mkdir()
    starter = f"child = Child({SLEEP}, Path({str(tmp_path / 'log')!r}), Path({str(folder)!r}))"
    parent, pid = _orphan(tmp_path, starter)
    assert is_running(pid)
    parent.kill()
    parent.communicate()
    await_true(lambda: not is_running(pid) and not folder.exists())


def test_child_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    """The end of a thread of ours is not our end."""
    starter = (
        "started = []\n"
        f"start = lambda: started.append(Child({SLEEP}, Path({str(tmp_path / 'log')!r})))\n"
        "thread = threading.Thread(target=start); thread.start(); thread.join(); child = started[0]"
    )
    parent, pid = _orphan(tmp_path, starter)
    time.sleep(0.5)  # several looks of the leash; there is no condition to wait for in "it goes on"
    survived = is_running(pid)
    parent.kill()
    parent.communicate()
    assert survived
    await_true(lambda: not is_running(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_child_goes_when_its_leash_is_killed(log: Path) -> None:
    """Somebody who kills every Python process still leaves no broker behind."""
    child = Child(SLEEP, log)
    await_true(lambda: is_running(child.pid))
    os.kill(child._leash.pid, signal.SIGKILL)
    await_true(lambda: not is_running(child.pid))
    assert child.exit_code == -signal.SIGKILL
