"""A soak's readings, judged: what must be flat, what must be bounded, what must be stable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.verifier import Verdict as Account
from tests.soak.course import Happened
from tests.soak.latency import SHARES, Stretch, halves, stretches
from tests.soak.samples import Sample
from tests.soak.trend import Trend, Verdict, trend

# What each may gain over the run. Memory: 5 % of its mean, at least this many MiB, since allocators keep a
# little more after each outage; handles and threads, in calm times: two, since each outage may leave a
# connection that closes when it has idled. One lost at each outage would be above forty.
_MEMORY_SHARE, _MEMORY_MIB, _COUNT = 0.05, 8.0, 2.0
_SLOWER = 2.0  # so much the second half's latency may be above the first's: buckets are that coarse
_LEAST_STRETCHES = 4
LONG_ENOUGH_MINUTES = 30.0  # to tell a trend from the noise on a busy machine


@dataclass(frozen=True, slots=True)
class Soak:
    """All that a run brought."""

    minutes: float
    per_second: float
    seed: int
    samples: Sequence[Sample]
    happened: Sequence[Happened]
    account: Account
    unexpected: Sequence[str] = field(default_factory=list)

    @property
    def stretch_seconds(self) -> float:
        """One twelfth of the run, half a minute at least."""
        return max(30.0, self.minutes * 5)

    @property
    def stretches(self) -> list[Stretch]:
        """Calm latency over time."""
        return stretches(self.samples, self.stretch_seconds)


@dataclass(frozen=True, slots=True)
class Line:
    """One finding: ``kept`` is None where nothing can be said."""

    name: str
    found: str
    verdict: str
    kept: bool | None


def trends(soak: Soak) -> dict[str, tuple[Trend, float]]:
    """What must be flat, with what it may gain over the run.

    Memory is read at all times; handles and threads in calm times: connections go and come in an outage.
    """
    memory = trend([sample.at for sample in soak.samples], [sample.memory_mib for sample in soak.samples])
    calm = [sample for sample in soak.samples if not sample.disturbed]
    at = [sample.at for sample in calm]
    return {
        "memory, MiB": (memory, max(_MEMORY_MIB, _MEMORY_SHARE * memory.mean)),
        "open handles": (trend(at, [sample.handles for sample in calm]), _COUNT),
        "threads": (trend(at, [sample.threads for sample in calm]), _COUNT),
    }


def judge(soak: Soak) -> list[Line]:
    """Every finding."""
    flat = []
    for name, (line, allowed) in trends(soak).items():
        verdict = line.verdict(allowed)
        kept = None if verdict is Verdict.UNCERTAIN else verdict is Verdict.FLAT
        flat.append(Line(name, f"mean {line.mean:.1f}, {line}", str(verdict), kept))
    return [*flat, _lag(soak), *_latency(soak), *_account(soak)]


def conclude(minutes: float, lines: Sequence[Line]) -> tuple[bool, str]:
    """Whether a run passes, and its last words. A run that is long enough must be able to tell everything."""
    if any(line.kept is False for line in lines):
        return False, "SOAK NOT KEPT"
    if minutes < LONG_ENOUGH_MINUTES:
        return True, f"SOAK KEPT as far as {minutes:g} minutes can tell"
    untold = [line.name for line in lines if line.kept is None]
    return (False, f"SOAK NOT KEPT: cannot tell {'; '.join(untold)}") if untold else (True, "SOAK KEPT")


def _lag(soak: Soak) -> Line:
    """After each fault it comes back to what one second brings, before the next one begins or the end."""
    known = [(sample.at, sample.lag) for sample in soak.samples if sample.lag is not None]
    bound = max(10.0, 2 * soak.per_second)
    calm_until = [*(happened.began for happened in soak.happened), float("inf")][1:]
    never = [
        happened
        for happened, until in zip(soak.happened, calm_until, strict=True)
        if not any(happened.ended < at < until and lag <= bound for at, lag in known)
    ]
    found = (
        f"highest {max((lag for _, lag in known), default=0):.0f} records; bound {bound:.0f} in calm times"
    )
    verdict = "bounded" if not never else f"NOT caught up after {len(never)} of {len(soak.happened)} faults"
    return Line("lag", found, verdict, not never if known else None)


def _latency(soak: Soak) -> list[Line]:
    found = soak.stretches
    lines = []
    for share in SHARES:
        pair = halves(found, share)
        name = f"latency p{share * 100:g}"
        if pair is None or len(found) < _LEAST_STRETCHES:
            lines.append(Line(name, f"{len(found)} calm stretches", "cannot tell: too short", None))
            continue
        first, second = pair
        kept = second <= _SLOWER * first
        text = f"{first * 1000:.1f} ms in the first half, {second * 1000:.1f} ms in the second"
        lines.append(Line(name, text, "stable" if kept else "SLOWER", kept))
    return lines


def _account(soak: Soak) -> list[Line]:
    account = soak.account
    dead = f"{account.dead_lettered:,} dead letters"
    found = f"{account.published:,} published, {account.labelled:,} labelled, {dead}"
    faults: dict[str, Sequence[object]] = {
        "lost": account.lost,
        "doubled": account.duplicated,
        "out of order": account.out_of_order,
        "wrong": account.wrong,
    }
    told = ", ".join(f"{len(places)} {name}" for name, places in faults.items())
    unexpected = [Line("unexpected", what, "NOT EXPECTED", kept=False) for what in soak.unexpected]
    return [Line("account", found, told, account.clean), *unexpected]
