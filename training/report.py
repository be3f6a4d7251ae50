"""``training report``: the files of a model folder → ``Model_Training_Report.md`` and its figures.

No data and no model runtime: a clone without ``Data/`` writes the same report.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from training.measure.figures.album import draw_all
from training.measure.opened import open_any
from training.measure.report.document import NAME, write_report
from training.measure.report.facts import Facts, read_facts
from training.measure.report.markdown import FIGURES
from training.measure.samples import samples


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training report``."""
    flag = parser.add_argument
    flag("--model", type=Path, default=Path("Models/CURRENT"), help="a model folder, or CURRENT")
    flag("--evaluation", type=Path, help="of `training evaluate --out`; the model folder's own if not given")
    flag("--out", type=Path, default=Path("Report"), help="the folder to write to")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training report``."""
    facts = read_facts(open_any(args.model), args.evaluation)
    facts = replace(facts, drawn=frozenset(draw(facts, args.out / FIGURES)))
    path = args.out / NAME
    temporary = path.with_name(f".{NAME}.tmp")
    try:
        temporary.write_text(write_report(facts), encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    print(f"{path}, {len(facts.drawn)} figures in {args.out / FIGURES}")
    return 0


def draw(facts: Facts, folder: Path) -> dict[str, Path]:
    """Every figure that there is something to draw of; file name → path."""
    folder.mkdir(parents=True, exist_ok=True)
    return draw_all(facts.view, facts.training, samples(facts.model), folder)
