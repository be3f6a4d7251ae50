"""The order of the loop's effects, the early stop, the stop that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from training.data.mixture import Position
from training.fit.loop import Progress, Run, Scores, fit
from training.fit.progress import Display
from training.fit.stop import Stop

pytestmark = pytest.mark.tensorflow


class Record:
    """A run without a model: what it did, in order."""

    def __init__(self, accuracies: list[float]) -> None:
        self.done: list[str] = []
        self._accuracies = iter(accuracies)

    def run(self, **settings: Any) -> Run:
        """Ten steps, validated every two, saved every four."""
        run = Run(
            steps=10,
            save_every=4,
            batches=self.batches,
            step_once=self.step_once,
            rate=lambda step: 0.1 * step,
            save=lambda progress: self.done.append(f"save {progress.step}"),
            clock=lambda: 0.0,
            validate=self.validate,
            keep=lambda progress: self.done.append(f"keep {progress.step}"),
            validate_every=2,
        )
        return replace(run, **settings)

    def batches(self, position: Position) -> Iterator[tuple[Position, Any]]:
        """Numbers from the position on, each as a batch of one part."""
        for number in range(position.batch, 100):
            yield Position(0, 0, number + 1), (SimpleNamespace(input_ids=[0], number=number),)

    def step_once(self, asked: bool, parts: Any) -> tuple[float, bool]:  # noqa: FBT001 - as Run calls it
        """A step."""
        self.done.append(f"step {parts[0].number}")
        return 0.5, asked

    def validate(self) -> Scores:
        """The next accuracy, on two sets around it."""
        accuracy = next(self._accuracies)
        self.done.append("validate")
        return {"a": {"accuracy": accuracy - 0.1}, "b": {"accuracy": accuracy + 0.1}}


def go(run: Run, progress: Progress | None = None, stop: Stop | None = None) -> tuple[str, Progress]:
    """The outcome and where it ended."""
    progress = progress or Progress()
    return fit(run, progress, Display(run.steps, progress.step, lambda: 0.0), stop or Stop()), progress


def test_the_best_by_mean_accuracy_is_kept() -> None:
    """Of all sets alike, the first of equals; validated before the state is saved."""
    record = Record([0.6, 0.8, 0.7, 0.8, 0.75])
    outcome, progress = go(record.run())
    assert outcome == "finished"
    assert progress.best_step == 4
    assert progress.best == pytest.approx(0.8)
    assert record.done[:2] == ["save 0", "step 0"]
    rest = [one for one in record.done if not one.startswith("step")]
    assert rest == [
        "save 0", "validate", "keep 2", "validate", "keep 4", "save 4",
        "validate", "validate", "save 8", "validate", "save 10",
    ]  # fmt: skip
    assert [entry["learning_rate"] for entry in progress.history] == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])


def test_it_stops_when_it_gets_no_better() -> None:
    """After ``patience`` validations, and says so again when it is resumed."""
    record = Record([0.8, 0.7, 0.7, 0.7, 0.7])
    outcome, progress = go(record.run(patience=2))
    assert (outcome, progress.step) == ("no longer better", 6)
    assert record.done[-1] == "save 6"
    assert go(record.run(patience=2), progress)[0] == "no longer better"
    assert record.done[-1] == "save 6"


def test_a_stop_that_is_asked_for_saves_after_the_step() -> None:
    """Nothing of the step is lost, and the loop goes on where it was."""
    record = Record([0.5] * 5)
    outcome, progress = go(record.run(), stop=Stop(asked=True))
    assert (outcome, record.done) == ("interrupted", ["save 0", "step 0", "save 1"])
    outcome, progress = go(record.run(), Progress.of_facts(progress.to_facts()))
    assert outcome == "finished"
    assert [one for one in record.done if one.startswith("step")] == [f"step {n}" for n in range(10)]


def test_a_finished_run_makes_no_more_steps() -> None:
    """``--resume`` once too often does nothing."""
    record = Record([])
    assert go(record.run(), Progress(step=10))[0] == "finished"
    assert record.done == []


def test_without_validation_there_is_none() -> None:
    """Pre-training has no labels."""
    record = Record([])
    assert go(record.run(validate=None, keep=None))[0] == "finished"
    assert "validate" not in record.done
