"""``training evaluate``: a model folder and a back end against labelled files → ``evaluation.json``."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable
from pathlib import Path

from consumer.model.folder import ModelFolder, open_model
from consumer.scoring.load import load_scorer
from consumer.scoring.scorer import Scorer
from consumer.tokenise import Tokeniser
from training.measure.labelled import Labelled, read_labelled, score
from training.measure.measures import measure, probabilities

Numbers = dict[str, float]


def evaluate(scorer: Scorer, sets: Iterable[Labelled], model: ModelFolder) -> dict[str, Numbers]:
    """Numbers by set, of calibrated probabilities at the model's threshold."""
    return {
        one.name: measure(
            probabilities(score(scorer, one.ids), model.temperature, model.bias), one.labels, model.threshold
        )
        for one in sets
    }


def table(results: dict[str, dict[str, Numbers]]) -> str:
    """A Markdown table of numbers by set and back end."""
    columns = ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss", "brier", "ece")
    lines = ["| set | rows | back end | " + " | ".join(columns) + " |", "|---|---" + "|---" * 9 + "|"]
    for kind, sets in results.items():
        for name, numbers in sets.items():
            cells = " | ".join(f"{numbers[c]:.4f}" for c in columns)
            lines.append(f"| {name} | {numbers['n']:.0f} | {kind} | {cells} |")
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training evaluate``."""
    parser.add_argument("files", type=Path, nargs="+", help="labelled csv files, plain or gzipped")
    parser.add_argument("--model", type=Path, default=Path("Models/CURRENT"))
    parser.add_argument("--scorer", choices=("openvino", "tensorflow"), default="openvino")
    parser.add_argument("--out", type=Path, help="write the numbers to this JSON file as well")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training evaluate``."""
    model = open_model(args.model)
    tokeniser = Tokeniser(model.tokeniser_path, model.max_length)
    sets = [read_labelled(path, tokeniser) for path in args.files]
    scorer = load_scorer(model.path, args.scorer, streams=usable_cores())
    results = {args.scorer: evaluate(scorer, sets, model)}
    print(table(results))
    if args.out is not None:
        content = {"model": {"name": model.name, "version": model.version}, "back_ends": results}
        temporary = args.out.with_name(args.out.name + ".tmp")
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        temporary.replace(args.out)
    return 0


def usable_cores() -> int:
    """Cores that this program may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
