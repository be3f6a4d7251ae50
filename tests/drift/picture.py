"""The plot of detection delays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt


def draw(path: Path, delays: Mapping[str, Mapping[int, Sequence[int]]]) -> None:
    """Kind of shift → window's tweets → delays; a box a window, side by side for each kind."""
    windows = sorted({window for by_window in delays.values() for window in by_window})
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for number, window in enumerate(windows):
        places = [kind + (number - (len(windows) - 1) / 2) * 0.26 for kind in range(len(delays))]
        boxes = axes.boxplot(
            [list(by_window[window]) for by_window in delays.values()],
            positions=places,
            widths=0.22,
            whis=(0, 100),
            patch_artist=True,
            medianprops={"color": "black"},
            manage_ticks=False,
        )
        for box in boxes["boxes"]:
            box.set_facecolor(f"C{number}")
        axes.plot([], [], "s", color=f"C{number}", label=f"window of {window:,}")
    axes.set_xticks(range(len(delays)), list(delays))
    axes.set_yscale("log")
    axes.set_ylabel("tweets from the shift to the alarm")
    axes.set_title("Detection delay: least, quartiles, most")
    axes.grid(axis="y", alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)
