"""Replicas under a supervisor: what ends is started again, unless it was told to stay away.

A fault answers whether it struck: one that is not there cannot be killed, and one that has not begun to
work yet has no signal handlers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
_EXIT_SECONDS = 60.0
_NEVER = float("inf")
_AT_WORK = b'"partitions_assigned"'  # in a replica's log
_REPLICA = (sys.executable, "-m", "tests.chaos.replica")


@dataclass(frozen=True)
class Version:
    """Which code a replica runs: its folder, and what it is given besides the settings of all."""

    tree: Path
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Place:
    """One replica's place: the process in it, and when the next one may be started."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    frozen: bool = False
    ending: bool = False  # told to end: a second signal would end it at once, and not in order
    starts: int = 0
    log: Path = field(default_factory=Path)
    version: Version = field(default_factory=lambda: Version(ROOT))  # of the next one that is started

    @property
    def runs(self) -> bool:
        """Whether there is a process that has not ended."""
        return self.process is not None and self.process.poll() is None

    @property
    def came_to_work(self) -> bool:
        """Whether the process in it had partitions, be it only once."""
        return _AT_WORK in self.log.read_bytes()

    @property
    def works(self) -> bool:
        """Whether it also has a part in the group by now, is not frozen and not about to end."""
        return self.runs and not self.frozen and not self.ending and self.came_to_work

    def signal(self, number: signal.Signals) -> None:
        """Send it to the process, if there is one."""
        if self.process is not None:
            self.process.send_signal(number)


class Fleet:
    """Keeps ``count`` replicas running, and a place more for one that joins."""

    def __init__(
        self,
        count: int,
        settings: Mapping[str, str],
        folder: Path,
        clock: Callable[[], float],
        command: Sequence[str] = _REPLICA,
    ) -> None:
        """Times are of the clock that is handed in; ``{number}`` in a setting is the place's."""
        self._settings, self._folder, self._clock, self._command = settings, folder, clock, command
        self.places = [Place(number) for number in range(count)] + [Place(count, start_at=_NEVER)]
        self.exits: Counter[int] = Counter()
        self.unexpected: list[str] = []

    def tend(self) -> None:
        """Note who ended, and start who is due."""
        for place in self.places:
            if place.process is not None and (code := place.process.poll()) is not None:
                self._note_exit(place, code)
            if place.process is None and self._clock() >= place.start_at:
                self._start(place)

    def kill(self, number: int, away_seconds: float, *, also_starting: bool = False) -> bool:
        """SIGKILL, also of a frozen one; one that has not come to work proves less, so only where asked."""
        place = self.places[number]
        if not place.runs or place.process is None or not (place.came_to_work or also_starting):
            return False
        self._end(place, signal.SIGKILL, away_seconds)
        # Waiting keeps the next one from striking a dead one; one that was ending may have been quicker.
        return place.process.wait() == -signal.SIGKILL

    def terminate(self, number: int, away_seconds: float = _NEVER) -> bool:
        """SIGTERM."""
        place = self.places[number]
        if not place.works:
            return False
        self._end(place, signal.SIGTERM, away_seconds)
        return True

    def join(self, number: int) -> bool:
        """One more."""
        place = self.places[number]
        if place.process is not None or place.start_at < _NEVER:
            return False
        place.start_at = self._clock()
        return True

    def freeze(self, number: int) -> bool:
        """SIGSTOP."""
        place = self.places[number]
        if not place.works:
            return False
        place.signal(signal.SIGSTOP)
        place.frozen = True
        return True

    def thaw(self, number: int) -> None:
        """SIGCONT."""
        self.places[number].signal(signal.SIGCONT)
        self.places[number].frozen = False

    def stall(self, number: int) -> bool:
        """Its next scoring hangs."""
        place = self.places[number]
        if not place.works:
            return False
        place.signal(signal.SIGUSR1)
        return True

    def call_back(self) -> None:
        """Who is away is due now, but for the one that only joins."""
        for place in self.places[:-1]:
            place.start_at = min(place.start_at, self._clock())

    def stop(self) -> None:
        """SIGTERM to all; who does not end in time is killed, and noted."""
        for place in self.places:
            place.start_at = _NEVER
            place.signal(signal.SIGCONT)
            place.signal(signal.SIGTERM)
        for place in self.places:
            if place.process is None:
                continue
            try:
                self._note_exit(place, place.process.wait(_EXIT_SECONDS))
            except subprocess.TimeoutExpired:
                place.process.kill()
                self.unexpected.append(f"replica {place.number} did not end on SIGTERM, see {place.log}")

    def _start(self, place: Place) -> None:
        place.starts += 1
        place.frozen = place.ending = False
        place.log = self._folder / f"replica-{place.number}-{place.starts}.jsonl"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        own = {name: value.format(number=place.number) for name, value in self._settings.items()}
        with place.log.open("wb") as log:
            place.process = subprocess.Popen(
                self._command,
                cwd=place.version.tree,
                env=inherited | own | dict(place.version.settings),
                stdout=log,
                stderr=log,
            )

    def _end(self, place: Place, number: signal.Signals, away_seconds: float) -> None:
        place.start_at = self._clock() + away_seconds
        place.ending = True
        place.signal(number)

    def _note_exit(self, place: Place, code: int) -> None:
        self.exits[code] += 1
        place.process = None
        if code not in {0, -signal.SIGKILL}:
            self.unexpected.append(f"replica {place.number} ended with {code}, see {place.log}")
