"""A soak as a Markdown file with its plots beside it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.soak.judged import Line, Soak
from tests.soak.latency import SHARES
from tests.soak.samples import Sample

NAME, READINGS = "soak.md", "readings.csv"
_READ = ("at", "memory_mib", "resident_mib", "handles", "threads", "lag", "disturbed")
_WIDE, _HIGH = 9.0, 2.6  # inches
_DPI = 90
_CALM, _FAULT = "#1f77b4", "#d62728"


def write(soak: Soak, lines: Sequence[Line], folder: Path) -> Path:
    """Write the report; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = draw(soak, folder)
    _readings(soak.samples, folder / READINGS)
    path = folder / NAME
    temporary = folder / f".{NAME}.tmp"
    temporary.write_text(markdown(soak, lines, figures), "utf-8")
    temporary.replace(path)
    return path


def markdown(soak: Soak, lines: Sequence[Line], figures: Sequence[Path]) -> str:
    """The report's text."""
    rows = "\n".join(f"| {line.name} | {line.found} | {line.verdict} |" for line in lines)
    kinds = Counter(happened.fault for happened in soak.happened)
    faults = "\n".join(f"- {count} x {fault}" for fault, count in sorted(kinds.items())) or "- none"
    pictures = "\n\n".join(f"![{path.stem}]({path.name})" for path in figures)
    return f"""# Soak: {soak.minutes:g} minutes, {soak.per_second:g} tweets a second

One replica of the real command with the model in use runs through it all; a second one beside it comes and
goes. It begins with a backlog. {len(soak.samples)} readings, seed {soak.seed}. Slopes are drawn without the
first quarter of the run, three minutes at least, with their 95 % interval; memory is what the process
allocated itself (anonymous, resident), handles and threads are those of calm times. All readings:
[{READINGS}]({READINGS}).

| | found | verdict |
|---|---|---|
{rows}

## Faults

{faults}

## Over time

Red: a fault is on. Latency is that of the steady replica in calm times, from the source record's timestamp
to the commit, out of its histogram; its first point holds the backlog, which had waited before it began.

{pictures}
"""


def _readings(samples: Sequence[Sample], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(_READ)
        rows.writerows([getattr(sample, name) for name in _READ] for sample in samples)


def draw(soak: Soak, folder: Path) -> list[Path]:
    """The figures' files."""
    at = [sample.at / 60 for sample in soak.samples]
    readings = {
        "memory": ("MiB", [sample.memory_mib for sample in soak.samples]),
        "handles": ("open handles", [float(sample.handles) for sample in soak.samples]),
        "threads": ("threads", [float(sample.threads) for sample in soak.samples]),
        "lag": ("records", [float("nan") if s.lag is None else s.lag for s in soak.samples]),
    }
    drawn = []
    with mpl.rc_context({"font.size": 9}):
        for name, (unit, values) in readings.items():
            figure, axes = _figure(soak, unit)
            axes.plot(at, values, color=_CALM, linewidth=1)
            drawn.append(_save(figure, folder / f"{name}.png"))
        drawn.append(_save(_latency(soak), folder / "latency.png"))
    return drawn


def _latency(soak: Soak) -> Figure:
    figure, axes = _figure(soak, "ms")
    found = soak.stretches
    for share in SHARES:
        values = [stretch.percentiles[share] * 1000 for stretch in found]
        axes.plot([s.at / 60 for s in found], values, marker="o", markersize=3, label=f"p{share * 100:g}")
    axes.set_yscale("log")  # the first point holds the backlog: seconds
    if found:
        axes.legend(loc="upper right")
    return figure


def _figure(soak: Soak, unit: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDE, _HIGH), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel("minutes")
    axes.set_ylabel(unit)
    axes.grid(alpha=0.3)
    for happened in soak.happened:
        axes.axvspan(happened.began / 60, happened.ended / 60, color=_FAULT, alpha=0.2, linewidth=0)
    return figure, axes


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=_DPI)
    return path
