"""Sections on how good a model is: numbers by set and by slice, and beside other models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.measure.report.facts import Facts
from training.measure.report.markdown import figure, missing, number, table
from training.measure.slices import ALL
from training.measure.view import View, pair, shortened, with_interval

_NO_EVALUATION = "no set was measured; `python -m training evaluate FILE… --out FILE` does"
_MEASURES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "calibration error (ECE)",
    "positive_share": "share of positives",
}
_FEWEST = 30  # rows of a slice that is worth a line
_ORIGINAL = 0.791  # accuracy that the original project reports on a test split of its own


def results(facts: Facts) -> str:
    """Every measure of every set."""
    view = facts.view
    if view is None:
        return missing(_NO_EVALUATION)
    rows = [
        [text, *(view.shown(name, measure) for name in view.sets)]
        for measure, text in _MEASURES.items()
        if any(measure in view.numbers(name) for name in view.sets)
    ]
    header = ["", *(f"{name} (n = {number(view.numbers(name)['n'])})" for name in view.sets)]
    about = facts.evaluation.get("intervals", {})
    intervals = (
        f"In brackets percentile bootstrap intervals of {about['coverage']:.0%}, "
        f"{number(about['resamples'])} resamples, seed {about['seed']}. The calibration error of a resample "
        "is biased upwards: its interval may lie above it."
        if about
        else missing("the evaluation has no intervals")
    )
    return "\n\n".join([
        f"Back end `{view.kind}`, calibrated, threshold {view.threshold:g}. {intervals}",
        table(header, rows),
        *_undefined(facts, view),
        *_back_ends(facts),
        figure("precision_recall.png", "Precision over recall by set", facts.drawn),
        figure("confusion_matrix.png", "Rows by true label and label given", facts.drawn),
        figure("score_histograms.png", "Spread of the scores by true label", facts.drawn),
        figure("sample_output.png", "What the model says to texts written for it", facts.drawn),
    ])  # fmt: skip


def _undefined(facts: Facts, view: View) -> list[str]:
    found = facts.evaluation.get("undefined", {}).get(view.kind, {})
    reasons = [
        f"{_MEASURES.get(measure, measure)} of {name}: {reason}"
        for name, measures in found.items()
        for measure, reason in measures.items()
    ]
    return ["Undefined: " + "; ".join(reasons) + "."] if reasons else []


def _back_ends(facts: Facts) -> list[str]:
    kinds = facts.evaluation.get("back_ends", {})
    if len(kinds) < 2:  # noqa: PLR2004 - nothing to set side by side
        return []
    names = list(dict.fromkeys(name for sets in kinds.values() for name in sets))
    header = ["accuracy / log loss", *(f"`{kind}`" for kind in kinds)]
    rows = [[name, *(_both(sets.get(name, {})) for sets in kinds.values())] for name in names]
    return ["The same on each back end:", table(header, rows)]


def _both(numbers: Mapping[str, Any]) -> str:
    return " / ".join(with_interval(numbers.get(key), None, 4) for key in ("accuracy", "log_loss"))


def errors(facts: Facts) -> str:
    """Accuracy by slice, and which slices are harder than their set beyond chance."""
    view = facts.view
    if view is None:
        return missing(_NO_EVALUATION)
    parts = ["What kinds of texts are harder? A text may stand in several slices."]
    for name in view.sets:
        slices = view.slices(name)
        found = {k: v for k, v in slices.items() if k != ALL and v["n"] >= _FEWEST}
        if not found:
            parts.append(missing(f"{name} has no slices of {_FEWEST} rows or more"))
            continue
        rows = [[part, number(numbers["n"]), *_slice_cells(numbers)] for part, numbers in found.items()]
        parts += [
            f"**{name}**: {_harder(found, view.numbers(name)['accuracy'])}",
            table(("slice", "rows", "accuracy", "F1", "log loss", "positives"), rows),
            *_too_few(slices),
        ]
    return "\n\n".join(parts)


def _too_few(slices: Mapping[str, Any]) -> list[str]:
    """A line that names the slices of which nothing can be said."""
    found = [f"{part} ({number(one['n'])})" for part, one in slices.items() if one["n"] < _FEWEST]
    return [f"Not measured, as too few for it (rows): {', '.join(found)}."] if found else []


def _slice_cells(numbers: Mapping[str, Any]) -> list[str]:
    bounds = numbers.get("intervals", {})
    cells = [with_interval(numbers[key], pair(bounds.get(key))) for key in ("accuracy", "f1", "log_loss")]
    return [*cells, with_interval(numbers["positive_share"], None, 2)]


def _harder(found: Mapping[str, Any], accuracy: float) -> str:
    harder = [
        part
        for part, numbers in found.items()
        if (bounds := pair(numbers.get("intervals", {}).get("accuracy"))) and bounds[1] < accuracy
    ]
    if not harder:
        return "no slice lies below the whole set's accuracy with its whole interval."
    return f"below the whole set's accuracy with their whole interval: {', '.join(harder)}."


def comparison(facts: Facts) -> str:
    """Beside the original project's number, and beside the model before."""
    view = facts.view
    parts = [
        (
            f"The original project reports {shortened(_ORIGINAL)} on a test split of its own, which is not "
            "at hand: the rows differ, so this is an orientation, not a test."
        ),
    ]
    if view is None:
        return "\n\n".join([*parts, missing(_NO_EVALUATION)])
    rows = [(name, view.shown(name, "accuracy"), _beside(view, name)) for name in view.sets]
    parts.append(table(("set", "accuracy", f"beside {shortened(_ORIGINAL)}"), rows))
    against = facts.evaluation.get("against")
    if against:
        parts += [
            f"Against `{against['name']}` {against['version']} on the same rows, paired:",
            table(
                ("set", "verdict", "difference", "McNemar p"),
                [_paired(*one) for one in against["sets"].items()],
            ),
        ]
    return "\n\n".join(parts)


def _beside(view: View, name: str) -> str:
    bounds = view.interval(name, "accuracy")
    if bounds is None:
        return "–"
    return "above" if bounds[0] > _ORIGINAL else "below" if bounds[1] < _ORIGINAL else "within the interval"


def _paired(name: str, found: Mapping[str, Any]) -> tuple[str, str, str, str]:
    difference = with_interval(found["difference"], (found["low"], found["high"]), 4)
    return name, str(found["verdict"]), difference, f"{found['mcnemar_p']:.2g}"
