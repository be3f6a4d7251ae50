"""Figures of a training run and of what its model says."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from training.measure.figures.style import BLACK, BLUE, COLOURS, DASHES, ORANGE, panels, single
from training.measure.samples import Sample

_WIDTH = 62  # characters of a text a line
_TOP, _GAP = 1.3, 0.55  # lines: of the head, and between rows
_PANELS = {"log_loss": "Log loss", "accuracy": "Accuracy on validation"}
_TINTS = {"positive": BLUE, "negative": ORANGE}


def training_loss(history: Sequence[dict[str, Any]], path: Path) -> Path:
    """Training and validation loss, and validation accuracy, over the steps of a run."""
    steps = [entry["step"] for entry in history]
    sets = list(dict.fromkeys(name for entry in history for name in entry.get("validation", {})))

    def line(axes: Axes, name: str, number: str, place: int) -> None:
        values = [entry.get("validation", {}).get(name, {}).get(number) for entry in history]
        label = name.removesuffix(".csv")
        axes.plot(steps, np.array(values, float), color=COLOURS[place], ls=DASHES[place], marker="o", ms=3,
                  label=label)  # fmt: skip

    def draw(axes: Axes, panel: str) -> None:
        if panel == "log_loss":
            losses = np.array([entry.get("train_loss") for entry in history], float)
            axes.plot(steps, losses, color=BLACK, marker=".", label="training")
        for place, name in enumerate(sets[: len(COLOURS)]):
            line(axes, name, panel, place)
        axes.set(xlabel="Step", title=_PANELS[panel])
        axes.set_xlim(left=0)
        axes.legend()

    return panels(path, "Training and validation loss", list(_PANELS), draw, (4.6, 4.0))


def sample_output(samples: Sequence[Sample], path: Path) -> Path:
    """A table of texts with the label and probability they are given."""
    texts = [textwrap.fill(sample.text, _WIDTH) for sample in samples]
    heights = [text.count("\n") + 1 for text in texts]
    total = sum(heights) + len(heights) * _GAP + _TOP

    def draw(axes: Axes) -> None:
        axes.set_axis_off()
        axes.set(xlim=(0, 1), ylim=(total + 0.1, 0))
        for x, title in (
            (0.0, "Sample output: texts written for it"),
            (0.74, "Label"),
            (0.86, "P(positive)"),
        ):
            axes.text(x, 0.6, title, weight="bold", va="center")
        axes.axhline(_TOP, color=BLACK, lw=1)
        top = _TOP
        for sample, text, height in zip(samples, texts, heights, strict=True):
            middle = top + (height + _GAP) / 2
            axes.text(0.0, middle, text, va="center", parse_math=False)
            axes.text(0.74, middle, sample.label, va="center", color=_TINTS.get(sample.label, BLACK))
            _bar(axes, sample.probability, middle)
            top += height + _GAP
            axes.axhline(top, color="#E4E4E4", lw=0.7)

    return single(path, draw, (8.4, 0.2 * total + 0.2))


def _bar(axes: Axes, probability: float, middle: float) -> None:
    axes.text(0.86, middle, f"{probability:.3f}", va="center")
    axes.barh(middle, 0.08, height=0.5, left=0.92, color="#EEEEEE")
    axes.barh(middle, 0.08 * probability, height=0.5, left=0.92, color=BLUE)
