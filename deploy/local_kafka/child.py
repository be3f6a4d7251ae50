"""One program as a child that ends when we do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LEASH = Path(__file__).with_name("leash.py")
KILL_SECONDS = 10
FREEZE_SECONDS = 10.0


class Child:
    """A running program on its leash."""

    def __init__(self, command: Sequence[str], log: Path, remove_when_orphaned: Path | None = None) -> None:
        """Start it, its output appended to `log`; that folder goes if we die without tidying up."""
        folder = str(remove_when_orphaned) if remove_when_orphaned else ""
        with log.open("ab") as output:
            self._leash = subprocess.Popen(
                [sys.executable, "-I", str(LEASH), str(os.getpid()), folder, *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the terminal is for us; we then stop the child in order
            )
        assert self._leash.stdout is not None  # noqa: S101 - asked for above
        with self._leash.stdout as told:
            self.pid = int(told.readline() or 0)

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 128 + the number of the signal that ended it, where one did."""
        return self._leash.poll()

    def stop(self, wait_seconds: float) -> None:
        """Ask it to end; kill it when it has not ended in time."""
        self._leash.terminate()
        try:
            self._leash.wait(wait_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._leash.send_signal(signal.SIGUSR1)
        self._leash.wait(KILL_SECONDS)

    def freeze(self) -> None:
        """Return when it stands still: `kill` returns before a busy machine has stopped every thread."""
        os.kill(self.pid, signal.SIGSTOP)
        deadline = time.monotonic() + FREEZE_SECONDS
        while not self._stands_still():
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} still runs {FREEZE_SECONDS:g} s after SIGSTOP")
            time.sleep(0.001)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def _stands_still(self) -> bool:
        """Whether each of its threads is stopped; where there is no `/proc`, the signal itself stops all."""
        try:
            stats = [stat.read_text() for stat in Path(f"/proc/{self.pid}/task").glob("*/stat")]
        except OSError:  # a thread that ended while we looked
            return False
        return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)

    def wait(self, poll_seconds: float = 0.2) -> int:
        """Block until it ends by itself."""
        while (code := self.exit_code) is None:
            time.sleep(poll_seconds)
        return code
