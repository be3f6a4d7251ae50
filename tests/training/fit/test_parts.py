"""A batch whose gradients are computed in parts makes the step of the whole batch."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.fit.material import KILLED, Material, run_child, weights_of
from training.data.batches import Example, Parts, bucketed
from training.fit.hyper import Hyper
from training.fit.masked import SIGNATURE, Masked, masked_loss, masked_model
from training.fit.session import Session, open_session
from training.fit.start import Source, Start, find_start
from training.fit.state import read_facts

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(600)]
HYPER = Hyper(batch_size=8, dropout=0.0, weight_decay=0.3, learning_rate=3e-3, ema=0.5)
STEPS = 3
RTOL, ATOL = 1e-4, 1e-5  # float32 sums in another order, over three steps


@pytest.fixture(scope="module")
def start(material: Material) -> Start:
    """Random weights, of the same seed every time, without dropout."""
    folder = material.folder
    return find_start(Source("random", folder / "shape.json", folder, HYPER.config_settings()))


def batches(most_tokens: int) -> list[Parts]:
    """Three batches of eight texts of one to forty pieces."""
    rng = random.Random(5)
    texts = [
        Example([2, *rng.choices(range(5, 60), k=rng.randint(1, 40)), 3], n % 2, rng.random() + 0.5)
        for n in range(STEPS * HYPER.batch_size)
    ]
    return list(bucketed(texts, HYPER.batch_size, random.Random(1), most_tokens))


def after(session: Session, given: list[Any]) -> tuple[list[float], list[np.ndarray]]:
    """Losses of the steps, and all that the session holds after them."""
    losses = [session.step_once(False, parts)[0] for parts in given]
    return losses, [np.asarray(variable) for variable in session.variables]


def same(one: tuple[list[float], list[np.ndarray]], other: tuple[list[float], list[np.ndarray]]) -> None:
    """The same losses, weights, slots, averages and number of steps."""
    assert one[0] == pytest.approx(other[0], rel=1e-4)
    for found, expected in zip(one[1], other[1], strict=True):
        np.testing.assert_allclose(found, expected, rtol=RTOL, atol=ATOL)


def test_parts_make_the_steps_of_whole_batches(start: Start) -> None:
    """Weights, optimiser and averages move once a batch: one decay, one clipping, one count."""
    cut = batches(100)
    assert len(cut) == STEPS
    assert max(map(len, cut)) > 2
    whole, parts = (open_session(start, HYPER, STEPS) for _ in range(2))
    same(after(parts, cut), after(whole, batches(10**6)))
    assert int(parts.optimiser.iterations) == STEPS


def test_each_part_has_dropout_masks_of_its_own(start: Start) -> None:
    """Rows that are computed one after the other do not lose the same values."""
    wet = find_start(Source("random", start.tokeniser / "shape.json", start.tokeniser, {"dropout": 0.5}))
    ((one,), *_) = batches(10**6)
    losses = []
    for part in range(2):
        session = open_session(wet, HYPER, STEPS)
        session.step._part.assign(part)
        losses.append(session.step_once(False, [one])[0])
    assert abs(losses[0] - losses[1]) > 1e-4


def test_parts_of_a_masked_batch_make_its_step(start: Start) -> None:
    """The mean over the pieces hidden in the batch, however many of them each part has."""
    rng = np.random.default_rng(2)
    ids = rng.integers(5, 60, (8, 16)).astype(np.int32)
    hidden = np.sort(rng.choice(ids.size, 20, replace=False)).astype(np.int32)
    whole = Masked(ids, np.ones_like(ids), hidden, ids.reshape(-1)[hidden])
    cut = [
        Masked(ids[rows], np.ones_like(ids[rows]), found, ids[rows].reshape(-1)[found], len(found) / 20)
        for rows, found in ((slice(0, 2), hidden[hidden < 32]), (slice(2, 8), hidden[hidden >= 32] - 32))
    ]
    assert 0 < len(cut[0].positions) != len(cut[1].positions)
    found = []
    for parts in ([whole], cut):
        model = masked_model(start, seed=1)
        session = Session.of(model, HYPER, STEPS, masked_loss(model), SIGNATURE)
        found.append(after(session, [parts] * STEPS))
    same(*found)


def test_a_run_in_parts_passes_over_its_rows_as_often_as_asked(material: Material, tmp_path: Path) -> None:
    """Two epochs of 96 rows in batches of 8 are 24 steps, each of a whole batch, and the last ends a pass."""
    dry = ("--dropout", "0")
    for name, more in (("whole", ()), ("parts", ("--step-tokens", "64"))):
        assert run_child(material.arguments(tmp_path / name, *dry, *more)) == 0
    progress = [read_facts(tmp_path / name)[1]["progress"] for name in ("whole", "parts")]
    assert [(one["step"], one["position"]) for one in progress] == [(24, [1, 0, 12])] * 2
    assert progress[1]["losses"] == pytest.approx(progress[0]["losses"], rel=1e-2)


def test_a_run_in_parts_that_was_killed_ends_with_the_same_weights(
    material: Material, tmp_path: Path
) -> None:
    """Between two parts of a batch, then in a save: nothing of a half-made sum is gone on with."""
    more = ("--step-tokens", "64")
    assert run_child(material.arguments(tmp_path / "whole", *more)) == 0
    out = material.arguments(tmp_path / "killed", *more)
    assert run_child(out, kill_at=("part", 20)) == KILLED
    assert run_child([*out, "--resume"], kill_at=("array of a state", 150)) == KILLED
    assert run_child([*out, "--resume"]) == 0
    assert weights_of(tmp_path / "killed") == weights_of(tmp_path / "whole")
