"""Figures of how good a model is on each set: its curves, its confusions, its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from scipy.stats import binomtest

from training.measure.figures.style import (
    BLUE,
    COLOURS,
    DASHES,
    GREEN,
    GREY,
    ORANGE,
    panels,
    single,
    titled,
)
from training.measure.view import View

_LEFT_OUT = 10  # bins of the reliability diagram with fewer rows say nothing


def precision_recall(view: View, path: Path) -> Path:
    """Precision over recall, a line a set; a dot where the threshold stands."""

    def draw(axes: Axes) -> None:
        for name, colour, dash in zip(view.drawn, COLOURS, DASHES, strict=False):
            curve, numbers = view.curves(name)["precision_recall"], view.numbers(name)
            label = f"{titled(name, numbers['n'])}: AP {view.shown(name, 'average_precision')}"
            axes.plot(curve["recall"], curve["precision"], color=colour, ls=dash, label=label)
            axes.plot(_float(numbers["recall"]), _float(numbers["precision"]), "o", color=colour, ms=6)
        axes.set(xlim=(0, 1.01), xlabel="Recall", ylabel="Precision", title="Precision and recall")
        axes.set_ylim(top=1.01)
        axes.legend(loc="lower left", title=f"dots: threshold {view.threshold:g}", alignment="left")

    return single(path, draw)


def f1_over_threshold(view: View, path: Path) -> Path:
    """F1 over the threshold, a line a set, with its 95 % band."""

    def draw(axes: Axes) -> None:
        for name, colour, dash in zip(view.drawn, COLOURS, DASHES, strict=False):
            curve = {key: np.array(values, float) for key, values in view.thresholds(name).items()}
            label = titled(name, view.numbers(name)["n"])
            axes.plot(curve["threshold"], curve["f1"], color=colour, ls=dash, label=label)
            if "f1_low" in curve:
                bounds = curve["f1_low"], curve["f1_high"]
                axes.fill_between(curve["threshold"], *bounds, color=colour, alpha=0.15, lw=0)
        axes.axvline(view.threshold, color=GREY, lw=1, ls=":")
        axes.annotate(
            f"threshold {view.threshold:g}", (view.threshold, 0.03), xytext=(4, 0),
            xycoords=("data", "axes fraction"), textcoords="offset points", color=GREY,
        )  # fmt: skip
        axes.set(xlim=(0, 1), xlabel="Threshold on P(positive)", ylabel="F1", title="F1 over threshold")
        axes.legend(loc="lower left", title="band: 95 % interval", alignment="left")

    return single(path, draw)


def confusion_matrix(view: View, path: Path) -> Path:
    """Rows by what they are and what was said, a panel a set; shares are of the true label."""

    def draw(axes: Axes, name: str) -> None:
        cells = view.curves(name)["confusion"]
        table = np.array([
            [cells["true_negative"], cells["false_positive"]],
            [cells["false_negative"], cells["true_positive"]],
        ])  # fmt: skip
        shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(table):
            share = shares[row, column]
            colour = "white" if share > 0.5 else "black"  # noqa: PLR2004 - on the dark half of the colours
            text = f"{count:,}\n{share:.1%}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=11)
        axes.set(xticks=(0, 1), yticks=(0, 1), xlabel="Label given", ylabel="True label")
        axes.set_xticklabels(["negative", "positive"])
        axes.set_yticklabels(["negative", "positive"], rotation=90, va="center")
        axes.set_title(titled(name, view.numbers(name)["n"]))
        axes.grid(visible=False)

    return panels(path, "Confusion matrix", view.drawn, draw, (3.9, 3.5))


def reliability(view: View, path: Path) -> Path:
    """Share of positives over the mean probability of each bin, before and after calibration.

    With Wilson's 95 % intervals.
    """

    def draw(axes: Axes, name: str) -> None:
        axes.plot((0, 1), (0, 1), color=GREY, lw=1, ls=":")
        found = view.curves(name)["reliability"]
        _bins(axes, found["uncalibrated"], color=ORANGE, marker="s")
        _bins(axes, found["calibrated"], color=BLUE, marker="o")
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="Mean P(positive) of a bin", ylabel="Share of positives")
        axes.set_title(f"{titled(name, view.numbers(name)['n'])}\nECE {view.shown(name, 'ece')}")

    title = "Reliability: squares as the model gives it, circles calibrated; bars 95 %"
    return panels(path, title, view.drawn, draw)


def _bins(axes: Axes, bins: Mapping[str, Sequence[float]], *, color: str, marker: str) -> None:
    kept = [i for i, rows in enumerate(bins["rows"]) if rows >= _LEFT_OUT]
    if not kept:
        return
    counts = [(int(bins["positives"][i]), int(bins["rows"][i])) for i in kept]
    share = np.array([k / n for k, n in counts])
    bounds = [binomtest(k, n).proportion_ci(method="wilson") for k, n in counts]
    errors = np.array([share - [b.low for b in bounds], [b.high for b in bounds] - share]).clip(min=0)
    at = [bins["mean_probability"][i] for i in kept]
    axes.errorbar(at, share, errors, color=color, marker=marker, ms=4, lw=1.2, elinewidth=0.9, capsize=2)


def score_histograms(view: View, path: Path) -> Path:
    """How scores spread by true label, each label's rows together 1, a panel a set."""

    def draw(axes: Axes, name: str) -> None:
        shown = {"negative": (ORANGE, "-"), "neutral": (GREEN, ":"), "positive": (BLUE, "-")}
        found = {label: np.array(view.curves(name)["histogram"].get(label, ()), float) for label in shown}
        for label, (colour, dash) in shown.items():
            counts = found[label]
            if not counts.sum():
                continue
            edges = np.linspace(0, 1, len(counts) + 1)
            shares = counts / counts.sum()
            text = f"{label} ({counts.sum():,.0f})"
            axes.stairs(shares, edges, color=colour, ls=dash, lw=1.5, label=text)
            axes.stairs(shares, edges, color=colour, fill=True, alpha=0.15)
        axes.axvline(view.threshold, color=GREY, lw=1, ls=":")
        axes.set(xlim=(0, 1), xlabel="P(positive), calibrated", ylabel="Share of the label's rows")
        axes.set_title(titled(name, sum(counts.sum() for counts in found.values())))
        axes.legend(loc="upper center", title="true label (rows)")

    return panels(path, "Scores by true label", view.drawn, draw)


def _float(value: Any) -> float:
    return float("nan") if value is None else float(value)
