"""A run that was killed goes on to the very weights of one that was not."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.training.fit.material import KILLED, Event, Material, finished, run_child, start_child, weights_of

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(900)]  # many processes, one after the other

# In a row, each on what the one before left: the second state half written; the second validation; the old
# state renamed and the new one not yet; the old best weights renamed and the new ones not yet.
MOMENTS: tuple[Event, ...] = (
    ("array of a state", 212),
    ("validation", 2),
    ("rename", 1),
    ("rename", 4),
)


def test_killed_at_any_step_of_its_work_it_ends_with_the_same_weights(
    material: Material, whole_run: Path, tmp_path: Path
) -> None:
    """In the middle of a save, of a validation, between two renames: state and best are equal bit for bit."""
    out = tmp_path / "run"
    for moment in MOMENTS:
        more = ["--resume"] if (out / "state.npz").exists() or (out / "state.previous.npz").exists() else []
        assert run_child(material.arguments(out, *more), kill_at=moment) == KILLED, moment
    assert run_child(material.arguments(out, "--resume")) == 0
    assert weights_of(out) == weights_of(whole_run)


def test_killed_at_random_times_it_ends_with_the_same_weights(
    material: Material, whole_run: Path, tmp_path: Path
) -> None:
    """The same where the clock chooses the moment."""
    out, rng = tmp_path / "run", random.Random()
    child = start_child(material.arguments(out))
    while child.is_alive() and not (out / "state.npz").exists():
        time.sleep(0.005)
    time.sleep(rng.uniform(0, 0.3))
    child.kill()
    assert finished(child) in (KILLED, 0)
    assert run_child(material.arguments(out, "--resume")) == 0
    assert weights_of(out) == weights_of(whole_run)
