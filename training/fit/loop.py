"""The loop of training, in reading order: step, show, validate, save, stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from training.data.mixture import Position
from training.fit.progress import Display
from training.fit.stop import Stop

_RECENT = 100  # steps that the loss shown is a mean of
Scores = dict[str, dict[str, float]]
Outcome = Literal["finished", "interrupted", "no longer better"]


@dataclass(slots=True)
class Progress:
    """Where a run stands. With the variables it is all that going on needs."""

    step: int = 0
    position: Position = field(default_factory=Position)
    best: float | None = None
    best_step: int = 0
    losses: list[float] = field(default_factory=list)  # of the last steps
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def loss(self) -> float:
        """Mean loss of the last steps."""
        return sum(self.losses) / max(1, len(self.losses))

    def advance(self, position: Position, loss: float) -> None:
        """One step was made; ``position`` is where the next one reads."""
        self.step, self.position = self.step + 1, position
        self.losses = [*self.losses[-_RECENT + 1 :], loss]

    def not_better_for(self) -> int:
        """Validations since the best one."""
        return sum(1 for entry in self.history if entry["step"] > self.best_step)

    def to_facts(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self)

    @staticmethod
    def of_facts(facts: dict[str, Any]) -> Progress:
        """The progress that ``to_facts`` was made of."""
        return Progress(**facts | {"position": Position(*facts["position"])})


@dataclass(frozen=True, slots=True)
class Run:
    """What a loop runs: how long, and what it calls.

    ``step_once`` makes one step of ``asked`` and the parts of a batch and returns the batch's loss and
    whether to stop, on every machine alike. ``validate`` scores, ``keep`` writes the best weights, ``save``
    the state.
    """

    steps: int
    save_every: int
    batches: Callable[[Position], Iterator[tuple[Position, Sequence[Any]]]]
    step_once: Callable[[bool, Sequence[Any]], tuple[float, bool]]
    rate: Callable[[int], float]
    save: Callable[[Progress], None]
    clock: Callable[[], float]
    validate: Callable[[], Scores] | None = None
    keep: Callable[[Progress], None] | None = None
    validate_every: int = 0  # steps; the last one is always validated
    patience: int = 0  # validations without a better one before an early stop; 0 = never


def fit(run: Run, progress: Progress, display: Display, stop: Stop) -> Outcome:
    """Make the steps that are left. Effects of one step, in order: weights, validation, best, state.

    The state is saved before the first one, too: a run goes on wherever it was killed.
    """
    if _over(run, progress):
        return _outcome(run, progress)
    if not progress.step:
        run.save(progress)
    for position, parts in run.batches(progress.position):
        loss, told = run.step_once(stop.asked, parts)
        progress.advance(position, loss)
        rows = sum(len(part.input_ids) for part in parts)
        display.stepped(progress.step, rows, progress.loss, run.rate(progress.step - 1))
        if run.validate is not None and _due(progress.step, run.validate_every, run.steps):
            _validate(run, run.validate, progress, display)
        over = _over(run, progress)
        if over or told or _due(progress.step, run.save_every, run.steps):
            run.save(progress)
        if over:
            break
        if told:
            return "interrupted"
    return _outcome(run, progress)


def _due(step: int, every: int, steps: int) -> bool:
    return step == steps or (every > 0 and step % every == 0)


def _over(run: Run, progress: Progress) -> bool:
    return progress.step >= run.steps or 0 < run.patience <= progress.not_better_for()


def _outcome(run: Run, progress: Progress) -> Outcome:
    return "finished" if progress.step >= run.steps else "no longer better"


def _validate(run: Run, validate: Callable[[], Scores], progress: Progress, display: Display) -> None:
    started = run.clock()
    scores = validate()
    progress.history.append(
        {
            "step": progress.step,
            "train_loss": progress.loss,
            "learning_rate": run.rate(progress.step - 1),
            "validation": scores,
        }
    )
    accuracy = mean_accuracy(scores)
    better = progress.best is None or accuracy > progress.best
    if better:
        progress.best, progress.best_step = accuracy, progress.step
        if run.keep is not None:
            run.keep(progress)
    display.validated(progress.step, scores, best=better, seconds=run.clock() - started)


def mean_accuracy(scores: Scores) -> float:
    """Mean accuracy of the validation sets, each counting alike: what the best weights are chosen by."""
    values: Sequence[float] = [numbers["accuracy"] for numbers in scores.values()]
    return sum(values) / len(values)
