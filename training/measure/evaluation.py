"""An evaluation: a model's numbers by back end and set, as ``evaluation.json`` keeps them.

``training evaluate`` and ``training export`` both make theirs with ``evaluation``; ``evaluation_file``
writes it. Keys: ``model``, ``back_ends`` (kind → set → measure), ``intervals`` and ``undefined`` alike,
``slices`` (kind → set → slice), ``thresholds`` and ``curves`` (what the figures draw), ``three_way``, and
``same_label`` (set → share of rows that all back ends label alike, where there are several).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from consumer.model.folder import ModelFolder
from consumer.scoring.scorer import Scorer
from training.data.rows import BadInputError
from training.measure import three_way
from training.measure.curves import by_threshold, confusion, curves
from training.measure.intervals import COVERAGE, Resampling, intervals
from training.measure.labelled import Labelled, score
from training.measure.measures import measure, probabilities, why_undefined
from training.measure.slices import slices
from training.measure.weighted import Booleans, Floats

Numbers = dict[str, float]
_DEFAULT = Resampling()


@dataclass(frozen=True, slots=True)
class Scored:
    """A set of n labelled and m neutral rows with a model's probabilities."""

    rows: Labelled
    p: Floats  # (n,) calibrated
    raw: Floats  # (n,) as the model gives them
    neutral: Floats  # (m,) calibrated

    @property
    def truth(self) -> Booleans:
        """Which rows are positive, (n,)."""
        found: Booleans = self.rows.labels == 1
        return found


def score_set(scorer: Scorer, rows: Labelled, model: ModelFolder) -> Scored:
    """A set with its probabilities; raises ``ModelRefusedError`` where one is not a number."""
    logits, neutral = score(scorer, rows.ids), score(scorer, rows.neutral_ids)
    return Scored(
        rows,
        probabilities(logits, model.scale),
        probabilities(logits),
        probabilities(neutral, model.scale),
    )


def evaluation(
    scorers: Mapping[str, Scorer],
    sets: Sequence[Labelled],
    model: ModelFolder,
    *,
    resampling: Resampling = _DEFAULT,
    band: three_way.Band | None = None,
) -> dict[str, Any]:
    """The content of ``evaluation.json``: every back end on every set, with intervals, slices and curves.

    Args:
        scorers: back ends by kind.
        sets: labelled files; the same for each back end.
        model: whose calibration and threshold hold.
        resampling: of the intervals; 5,000 rows take about 5 s with their slices.
        band: measured on the sets that have neutral rows; the two-way labels alone where there is none.

    Raises:
        ModelRefusedError: a score is not a number.
    """
    found = {
        kind: {one.name: score_set(scorer, one, model) for one in sets} for kind, scorer in scorers.items()
    }
    return describe(found, model, resampling=resampling, band=band)


def describe(
    found: Mapping[str, Mapping[str, Scored]],
    model: ModelFolder,
    *,
    resampling: Resampling = _DEFAULT,
    band: three_way.Band | None = None,
) -> dict[str, Any]:
    """``evaluation``, of sets that are scored already: kind → set → scored rows."""

    def each(part: Any, *arguments: Any) -> dict[str, dict[str, Any]]:
        made = {
            kind: {name: part(one, *arguments) for name, one in sets.items()} for kind, sets in found.items()
        }
        return {kind: {name: value for name, value in sets.items() if value} for kind, sets in made.items()}

    return {
        "model": {
            "name": model.name,
            "version": model.version,
            "threshold": model.threshold,
            **asdict(model.scale),
        },
        "back_ends": each(_numbers, model.threshold),
        "intervals": {
            "coverage": COVERAGE,
            "resamples": resampling.resamples,
            "seed": resampling.seed,
            "back_ends": each(_intervals, model.threshold, resampling),
        },
        "undefined": each(_undefined, model.threshold),
        "slices": each(_slices, model.threshold, resampling),
        "thresholds": each(_thresholds, resampling),
        "curves": each(_curves, model.threshold),
        "three_way": {
            "band": list(band) if band else None,
            "back_ends": each(_three_way, model.threshold, resampling, band),
        },
        "same_label": _same_label(list(found.values()), model.threshold),
    }


def choose_band(one: Scored, threshold: float, path: Path) -> tuple[three_way.Band, dict[str, str]]:
    """The band with the largest macro recall on the set of the file ``path``, and how it came about.

    Raises:
        BadInputError: one of the three classes has no row there; the mean of their recalls is none then.
    """
    positive = int(one.truth.sum())
    rows = {
        "0, negative": len(one.truth) - positive,
        "2, neutral": len(one.neutral),
        "4, positive": positive,
    }
    if missing := [label for label, count in rows.items() if not count]:
        raise BadInputError(f"{path}: no row labelled {missing[0]}: a band is chosen on rows of all three")
    band = three_way.best_band(sorted_by_class(one), threshold)
    return band, {"chosen_on": one.rows.name, "rule": "largest macro recall of three classes"}


def _same_label(back_ends: Sequence[Mapping[str, Scored]], threshold: float) -> dict[str, float]:
    if len(back_ends) < 2:  # noqa: PLR2004 - nothing to agree with
        return {}
    labels = {name: np.array([one[name].p >= threshold for one in back_ends]) for name in back_ends[0]}
    return {name: float(np.mean((given == given[0]).all(axis=0))) for name, given in labels.items()}


def _numbers(one: Scored, threshold: float) -> Numbers:
    return measure(one.p, one.truth, threshold)


def _intervals(one: Scored, threshold: float, resampling: Resampling) -> dict[str, Any]:
    return {k: list(v) for k, v in intervals(one.p, one.truth, threshold, resampling).items()}


def _undefined(one: Scored, threshold: float) -> dict[str, str]:
    return why_undefined(measure(one.p, one.truth, threshold))


def _slices(one: Scored, threshold: float, resampling: Resampling) -> dict[str, Any]:
    return {
        name: _slice(one.p[mask], one.truth[mask], threshold, resampling)
        for name, mask in slices(one.rows.texts, one.rows.sources).items()
    }


def _slice(p: Floats, truth: Booleans, threshold: float, resampling: Resampling) -> dict[str, Any]:
    bounds = {k: list(v) for k, v in intervals(p, truth, threshold, resampling).items()}
    return {**measure(p, truth, threshold), "intervals": bounds}


def _thresholds(one: Scored, resampling: Resampling) -> dict[str, list[float]]:
    return by_threshold(one.p, one.truth, resampling)


def _curves(one: Scored, threshold: float) -> dict[str, Any]:
    return curves(one.p, one.raw, one.neutral, one.truth) | {
        "confusion": confusion(one.p, one.truth, threshold)
    }


def _three_way(
    one: Scored, threshold: float, resampling: Resampling, band: three_way.Band | None
) -> dict[str, Any]:
    if not len(one.neutral):
        return {}
    rows = sorted_by_class(one)
    two_way = three_way.measure(three_way.confusion(rows, None, threshold))
    cells = three_way.confusion(rows, band, threshold)
    return {
        "n": len(one.p) + len(one.neutral),
        **{name: float(value) for name, value in three_way.measure(cells).items()},
        "intervals": {k: list(v) for k, v in three_way.intervals(cells, resampling).items()},
        "confusion": cells.tolist(),
        "macro_recall_without_band": float(two_way["macro_recall"]),
    }


def sorted_by_class(one: Scored) -> three_way.ThreeWay:
    """A scored set's rows by true class, for measuring bands."""
    return three_way.three_way(one.p[~one.truth], one.neutral, one.p[one.truth])


def table(results: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> str:
    """A Markdown table of numbers by set and back end; a dash where a number is undefined."""
    columns = ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss", "brier", "ece")
    lines = ["| set | rows | back end | " + " | ".join(columns) + " |", "|---|---" + "|---" * 9 + "|"]
    for kind, sets in results.items():
        for name, numbers in sets.items():
            cells = " | ".join(_cell(numbers[c]) for c in columns)
            lines.append(f"| {name} | {numbers['n']:.0f} | {kind} | {cells} |")
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    return f"{value:.4f}" if value is not None and value == value else "–"  # noqa: PLR0124 - nan is not itself


def usable_cores() -> int:
    """Cores that this program may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
