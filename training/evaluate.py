"""``training evaluate``: a model and a back end against labelled files → numbers, csv, figures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from consumer.model.folder import ModelFolder
from consumer.scoring.load import Kind, load_scorer
from consumer.tokenise import Tokeniser
from training.data.rows import BadInputError
from training.measure import three_way
from training.measure.evaluation import (
    Scored,
    choose_band,
    describe,
    score_set,
    table,
    usable_cores,
)
from training.measure.evaluation_file import as_json, plain, write_csv, write_evaluation
from training.measure.figures.album import draw_all
from training.measure.intervals import Resampling
from training.measure.labelled import read_labelled, set_name
from training.measure.opened import open_any, training_config
from training.measure.paired import Comparison, compare
from training.measure.samples import samples
from training.measure.trained_on import trained_on
from training.measure.view import view


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training evaluate``."""
    flag = parser.add_argument
    flag("files", type=Path, nargs="+", help="labelled csv files, plain or gzipped; labels 0, 2 neutral, 4")
    flag(
        "--model", type=Path, default=Path("Models/CURRENT"), help="a model folder, CURRENT, or a checkpoint"
    )
    flag(
        "--scorer",
        choices=("openvino", "tensorflow"),
        default="openvino",
        help="back end; a checkpoint, and a folder with tf_model.h5, need tensorflow",
    )
    flag("--json", action="store_true", help="print what --out writes, one JSON object, instead of the table")
    flag("--out", type=Path, help="write numbers, intervals, slices and curves to this JSON file")
    flag("--csv", type=Path, help="write the same numbers as a long table")
    flag("--figures", type=Path, metavar="DIR", help="draw the figures of the report into this folder")
    flag("--against", type=Path, metavar="MODEL", help="compare with this model on the same rows, paired")
    band = parser.add_mutually_exclusive_group()
    band.add_argument(
        "--neutral-band",
        metavar="LOW,HIGH",
        help="measure the consumer's NEUTRAL_BAND on files that have neutral rows",
    )
    band.add_argument(
        "--choose-band",
        type=Path,
        metavar="FILE",
        help="choose the band with the largest macro recall on this file, which has neutral rows",
    )
    flag("--resamples", type=int, default=1000, help="of the bootstrap intervals")
    flag("--seed", type=int, default=7, help="of the bootstrap intervals")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training evaluate``."""
    _check(args)
    model = open_any(args.model)
    told = [sentence for path in args.files if (sentence := trained_on(model, path))]
    resampling = Resampling(args.resamples, args.seed)
    scored = _score(args.files, model, args.scorer)
    band, chosen = _band(args, model)
    content = describe({args.scorer: scored}, model, resampling=resampling, band=band)
    content["three_way"] |= chosen
    if args.against is not None:
        content["against"] = _against(args, model, scored)
    content["trained_on"] = told
    if args.json:
        print(as_json(content), end="")
    else:
        print(table(content["back_ends"]))
        _print_three_way(content["three_way"])
    for sentence in told:
        print(f"NOTE {sentence}", file=_aside(args))
    _write(args, model, content)
    return 0


def _aside(args: argparse.Namespace) -> TextIO:
    """Where words go: with ``--json`` standard output is one JSON object and nothing else."""
    return sys.stderr if args.json else sys.stdout


def _check(args: argparse.Namespace) -> None:
    if args.resamples < 1:
        raise BadInputError(f"--resamples {args.resamples}: must be at least 1")
    names = [set_name(path) for path in args.files]
    for path, name in zip(args.files, names, strict=True):
        if names.count(name) > 1:
            raise BadInputError(f"{path}: another file is called {name} too; sets go by their file's name")


def _score(files: Sequence[Path], model: ModelFolder, kind: Kind) -> dict[str, Scored]:
    tokeniser = Tokeniser(model.tokeniser_path, model.max_length)
    sets = [read_labelled(path, tokeniser) for path in files]
    scorer = load_scorer(model.path, kind, streams=usable_cores())
    try:
        return {one.name: score_set(scorer, one, model) for one in sets}
    finally:
        scorer.close()


def _band(args: argparse.Namespace, model: ModelFolder) -> tuple[three_way.Band | None, dict[str, Any]]:
    """The band to measure, and how it came about."""
    if args.choose_band is None:
        given = args.neutral_band
        return (three_way.parse_band(given, model.threshold) if given else None), {}
    (rows,) = _score([args.choose_band], model, args.scorer).values()
    return choose_band(rows, model.threshold, args.choose_band)


def _against(args: argparse.Namespace, model: ModelFolder, scored: dict[str, Scored]) -> dict[str, Any]:
    other = open_any(args.against)
    found = {
        name: _compare(scored[name], old, model, other, args.seed)
        for name, old in _score(args.files, other, args.scorer).items()
    }
    for name, one in found.items():
        told = f"{name}, {model.name} {model.version} against {other.name} {other.version}: {one.sentence()}"
        print(told, file=_aside(args))
    sets = {name: asdict(one) for name, one in found.items()}
    return {"name": other.name, "version": other.version, "back_end": args.scorer, "sets": sets}


def _compare(new: Scored, old: Scored, model: ModelFolder, other: ModelFolder, seed: int) -> Comparison:
    return compare(
        new.p,
        old.p,
        new.rows.labels,
        threshold_new=model.threshold,
        threshold_old=other.threshold,
        seed=seed,
    )


def _print_three_way(found: dict[str, Any]) -> None:
    for kind, sets in found["back_ends"].items():
        for name, numbers in sets.items():
            low, high = numbers["intervals"]["macro_recall"]
            print(
                f"{name}, {kind}, three ways with NEUTRAL_BAND {_shown(found['band'])}: macro recall "
                f"{numbers['macro_recall']:.4f} ({low:.4f} to {high:.4f}), F1 of positive and negative "
                f"{numbers['f1_pos_neg']:.4f}; macro recall without a band "
                f"{numbers['macro_recall_without_band']:.4f}"
            )


def _shown(band: Sequence[float] | None) -> str:
    return ",".join(str(end) for end in band) if band else "off"


def _write(args: argparse.Namespace, model: ModelFolder, content: dict[str, Any]) -> None:
    if args.out is not None:
        write_evaluation(args.out, content)
    if args.csv is not None:
        write_csv(args.csv, content)
    if args.figures is not None:
        drawn = draw_all(view(plain(content)), training_config(model.path), samples(model), args.figures)
        print(f"{len(drawn)} figures in {args.figures}", file=_aside(args))
