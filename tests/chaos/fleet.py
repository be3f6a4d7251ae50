"""Replicas under a supervisor: what ends is started again, unless it was told to stay away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
_EXIT_SECONDS = 30.0


@dataclass
class Place:
    """One replica's place: the process in it, and when the next one may be started."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    frozen: bool = False
    starts: int = 0
    log: Path = field(default_factory=Path)


class Fleet:
    """Keeps ``count`` replicas running; times are of the clock that is handed in."""

    def __init__(
        self, count: int, settings: Mapping[str, str], folder: Path, clock: Callable[[], float]
    ) -> None:
        self._settings, self._folder, self._clock = settings, folder, clock
        self.places = [Place(number) for number in range(count)]
        self.exits: Counter[int] = Counter()
        self.unexpected: list[str] = []

    def tend(self) -> None:
        """Note who ended, and start who is due."""
        for place in self.places:
            if place.process is not None and (code := place.process.poll()) is not None:
                self._note_exit(place, code)
            if place.process is None and self._clock() >= place.start_at:
                self._start(place)

    def kill(self, number: int, away_seconds: float) -> None:
        """SIGKILL, also of a frozen one."""
        self._end(self.places[number], signal.SIGKILL, away_seconds)

    def terminate(self, number: int, away_seconds: float) -> None:
        """SIGTERM; one that is frozen is left alone."""
        if not self.places[number].frozen:
            self._end(self.places[number], signal.SIGTERM, away_seconds)

    def freeze(self, number: int) -> None:
        """SIGSTOP."""
        self._signal(number, signal.SIGSTOP)
        self.places[number].frozen = True

    def thaw(self, number: int) -> None:
        """SIGCONT."""
        self._signal(number, signal.SIGCONT)
        self.places[number].frozen = False

    def stall(self, number: int) -> None:
        """Its next scoring hangs."""
        self._signal(number, signal.SIGUSR1)

    def stop(self) -> None:
        """SIGTERM to all; who does not end in time is killed, and noted."""
        for place in self.places:
            place.start_at = float("inf")
            if place.process is not None:
                place.process.send_signal(signal.SIGCONT)
                place.process.terminate()
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
        place.frozen = False
        place.log = self._folder / f"replica-{place.number}-{place.starts}.jsonl"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        own = {name: value.format(number=place.number) for name, value in self._settings.items()}
        with place.log.open("wb") as log:
            place.process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.replica"],
                cwd=ROOT,
                env=inherited | own,
                stdout=log,
                stderr=log,
            )

    def _end(self, place: Place, number: signal.Signals, away_seconds: float) -> None:
        place.start_at = self._clock() + away_seconds
        self._signal(place.number, number)

    def _signal(self, number: int, which: signal.Signals) -> None:
        process = self.places[number].process
        if process is not None and process.poll() is None:
            process.send_signal(which)

    def _note_exit(self, place: Place, code: int) -> None:
        self.exits[code] += 1
        place.process = None
        if code not in {0, -signal.SIGKILL}:
            self.unexpected.append(f"replica {place.number} ended with {code}, see {place.log}")
