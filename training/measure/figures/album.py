"""Every figure of a report, by the name of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.measure.figures.curves import (
    confusion_matrix,
    f1_over_threshold,
    precision_recall,
    reliability,
    score_histograms,
)
from training.measure.figures.run import sample_output, training_loss
from training.measure.samples import Sample
from training.measure.view import View

LOSS = "training_validation_loss.png"
SAMPLES = "sample_output.png"
_OF_SETS: dict[str, Callable[[View, Path], Path]] = {
    "precision_recall.png": precision_recall,
    "f1_over_threshold.png": f1_over_threshold,
    "confusion_matrix.png": confusion_matrix,
    "reliability.png": reliability,
    "score_histograms.png": score_histograms,
}
NAMES = (LOSS, *_OF_SETS, SAMPLES)


def draw_all(
    view: View | None, training: Mapping[str, Any], samples: Sequence[Sample], folder: Path
) -> dict[str, Path]:
    """Draw what there is something to draw of; returns file name → path.

    Args:
        view: of an evaluation, if there is one; sets without curves are left out.
        training: content of ``training-config.json``, whose ``history`` is drawn.
        samples: texts with verdicts.
        folder: where the PNG files go; older ones of the same names are replaced.
    """
    drawn: dict[str, Path] = {}
    if training.get("history"):
        drawn[LOSS] = training_loss(training["history"], folder / LOSS)
    if view and view.drawn:
        drawn |= {name: draw(view, folder / name) for name, draw in _OF_SETS.items()}
    if samples:
        drawn[SAMPLES] = sample_output(samples, folder / SAMPLES)
    return drawn
