"""A run that was killed goes on to the very weights of one that was not."""

from __future__ import annotations

import contextlib
import random
import time
from pathlib import Path

import pytest

from tests.training.fit.material import KILLED, Event, Material, finished, run_child, start_child, weights_of

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(900)]  # many processes, one after the other

# In a row, each on what the one before left: the first step made, and nothing of it saved; the second state
# half written; the second validation; the old state renamed and the new one not yet; the old best weights
# renamed and the new ones not yet.
MOMENTS: tuple[Event, ...] = (
    ("step", 1),
    ("array of a state", 212),
    ("validation", 2),
    ("rename", 1),
    ("rename", 4),
)


def resume(out: Path) -> list[str]:
    """The flag to go on with, where there is a state to go on from."""
    return ["--resume"] if list(out.glob("state*.npz")) else []


def saved(out: Path) -> int | None:
    """When the last state was saved, in ns; None where there is none."""
    with contextlib.suppress(FileNotFoundError):  # also for a moment between two renames
        return (out / "state.npz").stat().st_mtime_ns
    return None


def test_killed_at_any_step_of_its_work_it_ends_with_the_same_weights(
    material: Material, whole_run: Path, tmp_path: Path
) -> None:
    """In the middle of a save, of a validation, between two renames: state and best are equal bit for bit."""
    out = tmp_path / "run"
    for moment in MOMENTS:
        assert run_child(material.arguments(out, *resume(out)), kill_at=moment) == KILLED, moment
    assert run_child(material.arguments(out, "--resume")) == 0
    assert weights_of(out) == weights_of(whole_run)


def test_killed_at_random_times_it_ends_with_the_same_weights(
    material: Material, whole_run: Path, tmp_path: Path
) -> None:
    """The same where the clock chooses the moment: soon after a state was saved, three times in a row."""
    out, rng, ends = tmp_path / "run", random.Random(), list[int]()
    for _ in range(3):
        before = saved(out)
        child = start_child(material.arguments(out, *resume(out)))
        while child.is_alive() and saved(out) == before:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.3))
        child.kill()
        ends.append(finished(child))
    assert set(ends) <= {KILLED, 0}
    assert KILLED in ends  # else nothing was shown
    assert run_child(material.arguments(out, "--resume")) == 0
    assert weights_of(out) == weights_of(whole_run)
