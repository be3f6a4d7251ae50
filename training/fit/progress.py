"""What a run shows while it goes: a bar on a terminal, lines elsewhere, TensorBoard where asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import tensorflow as tf
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_EVERY = 50  # steps


class Display:
    """Rate, loss, learning rate and remaining time of a run.

    Args:
        steps: of the whole run.
        done: of them, when this process began.
        clock: seconds that only go forward.
        tensorboard: folder for TensorBoard's files; none are written without one.
    """

    def __init__(
        self, steps: int, done: int, clock: Callable[[], float], tensorboard: Path | None = None
    ) -> None:
        self._steps, self._first, self._clock = steps, done, clock
        self._started, self._rows = clock(), 0
        self._paused = 0.0
        self._bar = _bar(steps, done) if sys.stdout.isatty() else None
        self._writer = tf.summary.create_file_writer(str(tensorboard)) if tensorboard else None

    def stepped(self, step: int, rows: int, loss: float, rate: float) -> None:
        """After each step: its number, its rows, the mean loss of late, the learning rate."""
        self._rows += rows
        seconds = max(self._clock() - self._started - self._paused, 1e-9)
        pace = self._rows / seconds
        if self._bar is not None:
            self._bar.update(
                self._bar.task_ids[0],
                completed=step,
                shown=f"{pace:.0f} rows/s  loss {loss:.4f}  rate {rate:.2e}",
            )
        elif step % _LINE_EVERY == 0 or step == self._steps:
            left = seconds / (step - self._first) * (self._steps - step)
            self.say(
                f"step {step}/{self._steps}  loss {loss:.4f}  rate {rate:.2e}  {pace:.0f} rows/s  "
                f"{left / 60:.1f} min left"
            )
        if step % _LINE_EVERY == 0:
            self._log(step, {"train/loss": loss, "train/learning_rate": rate, "train/rows_per_second": pace})

    def validated(
        self, step: int, scores: Mapping[str, Mapping[str, float]], *, best: bool, seconds: float
    ) -> None:
        """After each validation, which took ``seconds`` that are not counted in the rate."""
        self._paused += seconds
        shown = "  ".join(
            f"{n}: " + " ".join(f"{k} {v:.4f}" for k, v in s.items()) for n, s in scores.items()
        )
        self.say(f"step {step}  validation  {shown}{'  (best so far)' if best else ''}")
        self._log(step, {f"{n}/{k}": v for n, s in scores.items() for k, v in s.items()})

    def say(self, line: str) -> None:
        """A line that stays."""
        if self._bar is not None:
            self._bar.console.print(line, highlight=False, soft_wrap=True)
        else:
            print(line, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave terminal and files as they should be."""
        if self._bar is not None:
            self._bar.stop()
        if self._writer is not None:
            self._writer.close()

    def _log(self, step: int, values: Mapping[str, float]) -> None:
        if self._writer is None:
            return
        with self._writer.as_default():
            for name, value in values.items():
                tf.summary.scalar(name, value, step=step)


def _bar(steps: int, done: int) -> Progress:
    columns: tuple[Any, ...] = (
        BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[shown]}"), TimeRemainingColumn(),
    )  # fmt: skip
    bar = Progress(*columns, console=Console())
    bar.add_task("train", total=steps, completed=done, shown="")
    bar.start()
    return bar
