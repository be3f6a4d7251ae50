"""How every figure looks, and how one is saved: the same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

# Okabe and Ito's palette: distinct to colour-blind eyes. Lines differ in dash too, for a print in grey.
BLUE, ORANGE, GREEN, PURPLE, SKY, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, BLACK)
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)))
GREY = "#7A7A7A"
_DPI = 120
_COLUMNS = 2  # of panels
_PALETTE = 128  # colours in a file
_GAP = 0.12  # inches around a panel
_STYLE: Any = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same everywhere
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "figure.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.7,
    "legend.edgecolor": "none",
    "legend.framealpha": 0.85,
    "legend.fontsize": 8.5,
}

Draw = Callable[[Axes, str], None]


def single(path: Path, draw: Callable[[Axes], None], size: tuple[float, float] = (7.0, 4.4)) -> Path:
    """A figure of one panel, inches wide and high, written to ``path``."""
    with _styled():
        figure = _blank(*size)
        draw(figure.add_subplot())
        return _save(figure, path)


def panels(
    path: Path, title: str, names: Sequence[str], draw: Draw, size: tuple[float, float] = (4.2, 3.6)
) -> Path:
    """A figure with a panel for each of ``names``, two side by side, written to ``path``."""
    columns = min(_COLUMNS, len(names))
    rows = -(-len(names) // columns)
    with _styled():
        figure = _blank(size[0] * columns, size[1] * rows)
        figure.suptitle(title, x=0.02, ha="left", weight="bold")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, name in zip(grid, names, strict=False):
            draw(axes, name)
        for axes in grid[len(names) :]:
            axes.set_axis_off()
        return _save(figure, path)


def _blank(width: float, height: float) -> Figure:
    layout = ConstrainedLayoutEngine(w_pad=_GAP, h_pad=_GAP)
    return Figure(figsize=(width, height), dpi=_DPI, layout=layout)


@contextmanager
def _styled() -> Iterator[None]:
    with mpl.rc_context():
        mpl.rcdefaults()  # a matplotlibrc of this machine changes nothing
        mpl.rcParams.update(_STYLE)
        yield


def _save(figure: Figure, path: Path) -> Path:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    small = drawn.quantize(_PALETTE, dither=Image.Dither.NONE)  # a third of the bytes, no visible change
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        small.save(temporary, "PNG", optimize=True)  # nothing but the picture: no version, no date
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def titled(name: str, rows: float) -> str:
    """A set's name with its rows.

    >>> titled("test", 2705.0)
    'test (n = 2,705)'
    """
    return f"{name} (n = {rows:,.0f})"
