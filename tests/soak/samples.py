"""Readings of one process and its stream, taken at a steady pace from a thread."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from deploy.demo.scrape import scrape

MIB = 1024 * 1024
_LATENCY = "sentiment_end_to_end_latency_seconds"
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading; times in seconds since the soak began."""

    at: float
    memory_mib: float  # resident and anonymous: what the process itself allocated, without mapped files
    resident_mib: float
    handles: int
    threads: int
    lag: float | None  # records of the group that are published and not committed
    consumed: float | None  # by the steady replica since its start
    latency: Mapping[float, float] = field(default_factory=dict)  # cumulative counts by upper bound
    disturbed: bool = False  # a fault is on, or its backlog is being worked off


def of_process(pid: int) -> tuple[float, float, int, int]:
    """Anonymous and resident memory in MiB, open handles, threads. Linux alone tells them so."""
    folder = PROC / str(pid)
    facts = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    anonymous, resident = (int(facts[name].split()[0]) * 1024 / MIB for name in ("RssAnon", "VmRSS"))
    return anonymous, resident, len(list((folder / "fd").iterdir())), int(facts["Threads"])


class Sampler:
    """Takes samples until the ``with`` ends."""

    def __init__(
        self,
        pid: int,
        address: str,
        lag: Callable[[], float | None],
        disturbed: Callable[[], bool],
        every_seconds: float,
    ) -> None:
        """``address`` is where the process serves its metrics."""
        self._pid, self._address, self._lag, self._disturbed = pid, address, lag, disturbed
        self._every_seconds = every_seconds
        self._began = time.monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self.samples: list[Sample] = []

    def _run(self) -> None:
        while not self._done.wait(self._every_seconds):
            with contextlib.suppress(OSError, KeyError):  # it ended, which is noted elsewhere
                self.samples.append(self._take())

    def _take(self) -> Sample:
        disturbed = self._disturbed()
        at = time.monotonic() - self._began
        anonymous, resident, handles, threads = of_process(self._pid)
        found = scrape(self._address)
        return Sample(
            at=at,
            memory_mib=anonymous,
            resident_mib=resident,
            handles=handles,
            threads=threads,
            lag=self._lag(),
            consumed=found.total("sentiment_consumed_total") if found else None,
            latency=found.buckets(_LATENCY) if found else {},
            disturbed=disturbed or self._disturbed(),
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        self._thread.join(60.0)
