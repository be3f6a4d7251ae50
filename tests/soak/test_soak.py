"""What a soak says of made-up readings: a leak is called one, noise is not, and too little is too little."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.verifier import Verdict as Account
from tests.soak.course import Fault, Happened, order
from tests.soak.judged import Line, Soak, conclude, judge
from tests.soak.latency import stretches
from tests.soak.report import write
from tests.soak.samples import Sample
from tests.soak.trend import Verdict, trend

EVERY = 2.0


def sample(at: float, results: float = 0.0, slow: bool = False, **other: float) -> Sample:  # noqa: FBT001, FBT002 - a test's shorthand
    """A reading of a healthy process; ``results`` of them so far, within 10 ms or within a second."""
    latency = {0.01: 0.0 if slow else results, 1.0: results, math.inf: results}
    made = Sample(at, 200.0, 400.0, 40, 20, 5.0, results, latency)
    return replace(made, **other)  # type: ignore[arg-type]  # numbers alone are handed in


def soak(samples: list[Sample], happened: Sequence[Happened] = (), account: Account | None = None) -> Soak:
    """A run of these readings, ten a second published."""
    return Soak(samples[-1].at / 60, 10.0, 1, samples, happened, account or Account(10, 9, 1))


def calm(minutes: float = 12.0) -> list[Sample]:
    """A quiet run."""
    return [sample(n * EVERY, 20.0 * n) for n in range(int(minutes * 60 / EVERY))]


def told(run: Soak, name: str) -> bool | None:
    """Whether this was kept."""
    return {line.name: line.kept for line in judge(run)}[name]


def noisy(per_hour: float, minutes: float, seed: int = 1) -> tuple[list[float], list[float]]:
    """Readings that wander, as memory does, around a line."""
    rng, drift = random.Random(seed), 0.0
    times = [n * EVERY for n in range(int(minutes * 60 / EVERY))]
    values = []
    for at in times:
        drift = 0.9 * drift + rng.gauss(0, 0.5)
        values.append(200 + per_hour * at / 3600 + drift)
    return times, values


@pytest.mark.parametrize("seed", range(5))
def test_a_leak_is_found_in_noise(seed: int) -> None:
    """Its size is told with an uncertainty that covers it."""
    found = trend(*noisy(100.0, 30.0, seed))
    assert found.verdict(8.0) is Verdict.GROWS
    assert abs(found.slope - 100.0) < 3 * found.uncertainty < 60.0


@pytest.mark.parametrize("seed", range(5))
def test_noise_alone_is_flat(seed: int) -> None:
    """However much neighbouring readings resemble each other."""
    assert trend(*noisy(0.0, 30.0, seed)).verdict(8.0) is Verdict.FLAT


def test_the_warm_up_does_not_count() -> None:
    """What a process takes in its first minutes it keeps; that is no leak."""
    times = [n * EVERY for n in range(600)]
    assert trend(times, [min(200.0, 100 + at) for at in times]).slope == pytest.approx(0.0, abs=1e-6)
    assert trend(times[:80], [100 + at for at in times[:80]]).verdict(8.0) is Verdict.UNCERTAIN


def test_too_little_is_no_verdict() -> None:
    """A handful of readings is neither flat nor growing."""
    found = trend(*noisy(0.0, 0.1))
    assert found.verdict(0.001) is Verdict.UNCERTAIN
    assert trend([], []).verdict(1.0) is Verdict.UNCERTAIN


def test_a_quiet_run_keeps_all() -> None:
    """Every line of it."""
    assert {line.kept for line in judge(soak(calm()))} == {True}


@pytest.mark.parametrize("name", ["memory, MiB", "open handles", "threads"])
def test_what_grows_is_named(name: str) -> None:
    """Each of the three by itself."""
    field = {"memory, MiB": "memory_mib", "open handles": "handles", "threads": "threads"}[name]
    grown = [replace(s, **{field: getattr(s, field) + s.at / 10}) for s in calm()]
    assert told(soak(grown), name) is False


@pytest.mark.parametrize("name", ["handles", "threads"])
def test_a_connection_lost_at_each_outage_is_named(name: str) -> None:
    """One at each of twelve, a minute apart; more of them while an outage lasts are none lost."""

    def run(lost: int) -> Soak:
        outage = [s.at % 60 < 10 for s in calm()]
        gained = [
            lost * int(s.at // 60) + (5 * int(s.at // 60) if on else 0)
            for s, on in zip(calm(), outage, strict=True)
        ]
        return soak(
            [
                replace(s, disturbed=on, **{name: getattr(s, name) + more})
                for s, on, more in zip(calm(), outage, gained, strict=True)
            ]
        )

    line = {"handles": "open handles", "threads": "threads"}[name]
    assert told(run(1), line) is False
    assert told(run(0), line) is True


def test_a_backlog_that_is_never_worked_off_is_named() -> None:
    """After a fault the lag must come back to its bound before the next one."""
    faults = [Happened(Fault.KILL, 100.0, 110.0), Happened(Fault.LEAVE, 300.0, 310.0)]
    behind = [replace(s, lag=500.0 if 100 < s.at < 300 else 5.0) for s in calm()]
    assert told(soak(behind, faults), "lag") is False
    caught_up = [replace(s, lag=500.0 if 100 < s.at < 200 else 5.0) for s in calm()]
    assert told(soak(caught_up, faults), "lag") is True


def test_latency_that_worsens_is_named() -> None:
    """By its percentiles in calm times; what a fault delays does not count."""
    half = 6 * 60
    slower = [sample(s.at, s.at * 10, s.at > half) for s in calm()]
    assert told(soak(slower), "latency p95") is False
    excused = [replace(s, disturbed=s.at > half) for s in slower]
    assert all(found.at < half + 60 for found in stretches(excused, 60.0))


def test_a_loss_is_never_kept() -> None:
    """Whatever else is well."""
    assert told(soak(calm(), account=Account(10, 8, 1, lost=[(0, 1)])), "account") is False


@pytest.mark.parametrize(
    ("minutes", "kept", "passes", "words"),
    [
        (30.0, True, True, "SOAK KEPT"),
        (30.0, None, False, "SOAK NOT KEPT: cannot tell threads"),
        (30.0, False, False, "SOAK NOT KEPT"),
        (29.0, True, True, "SOAK KEPT as far as 29 minutes can tell"),
        (29.0, None, True, "SOAK KEPT as far as 29 minutes can tell"),
        (29.0, False, False, "SOAK NOT KEPT"),
    ],
)
def test_what_cannot_be_told_is_not_kept(
    *, minutes: float, kept: bool | None, passes: bool, words: str
) -> None:
    """Half an hour must tell everything; a shorter run says how far it goes."""
    lines = [Line("lag", "", "", kept=True), Line("threads", "", "", kept=kept)]
    assert conclude(minutes, lines) == (passes, words)


def test_the_report_is_a_page_with_its_plots(tmp_path: Path) -> None:
    """Every picture it shows is there, and every finding stands in it."""
    run = soak(calm(), [Happened(Fault.KILL, 100.0, 110.0)])
    lines = judge(run)
    text = write(run, lines, tmp_path).read_text()
    pictures = sorted(path.name for path in tmp_path.glob("*.png"))
    assert pictures == ["handles.png", "lag.png", "latency.png", "memory.png", "threads.png"]
    assert all(f"]({name})" in text for name in pictures)
    assert all(line.found in text for line in lines)
    readings = (tmp_path / "readings.csv").read_text().splitlines()
    assert "](readings.csv)" in text
    assert readings[:2] == [
        "at,memory_mib,resident_mib,handles,threads,lag,disturbed",
        "0.0,200.0,400.0,40,20,5.0,False",
    ]
    assert len(readings) == 1 + len(run.samples)
    assert f"1 x {Fault.KILL}" in text


def test_each_kind_of_fault_comes_before_any_comes_again() -> None:
    """A short soak sees all of them."""
    faults = order(3)
    for _ in range(3):
        assert {next(faults) for _ in Fault} == set(Fault)
