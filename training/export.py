"""``training export``: a trained checkpoint → a model folder that the consumer may load.

In order: copy weights and tokeniser, convert and quantise, gate on parity with float32, calibrate,
evaluate, golden texts, model card, manifest. All under a temporary name; renamed when verified.
"""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

from consumer.model.folder import ModelFolder, open_model
from consumer.model.golden import check_golden
from consumer.scoring.load import Kind, load_scorer
from consumer.tokenise import Tokeniser
from training.evaluate import usable_cores
from training.fit.checkpoint import replace_folder
from training.measure.labelled import read_labelled
from training.ship.contents import Bench, Plan, copy_checkpoint, trained_max_length
from training.ship.convert import to_openvino

_KINDS: tuple[Kind, ...] = ("openvino", "tensorflow")


def export(plan: Plan) -> ModelFolder:
    """Make ``plan.target``; an older folder of that name is replaced only by a verified one.

    Raises:
        ValueError: an input is missing or malformed.
        ModelRefusedError: the quantised model is not the one that was trained.
    """
    _check(plan)
    work = plan.target.with_name(f".{plan.target.name}.tmp")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        _fill(plan, work)
        _verify(work)
        replace_folder(work, plan.target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return open_model(plan.target)


def _check(plan: Plan) -> None:
    for path in (plan.source / "config.json", plan.source / "tokenizer.json"):
        if not path.is_file():
            raise ValueError(f"{path} is missing: --from must be a checkpoint of `training train`")
    for path in (plan.calibration, plan.validation, *plan.evaluate):
        if not path.is_file():
            raise ValueError(f"{path} is missing: `training chunk` writes the splits")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", plan.target.name):
        raise ValueError(f"{plan.target.name!r} is not a name for a model folder")


def _fill(plan: Plan, work: Path) -> None:
    copy_checkpoint(plan.source, work)
    tokeniser = Tokeniser(work / "tokenizer.json", trained_max_length(work))
    calibration = read_labelled(plan.calibration, tokeniser)
    print(f"quantising with {plan.samples} texts of {plan.calibration.name}")
    to_openvino(work, calibration.sample(plan.samples, plan.seed).ids)
    scorers = {kind: load_scorer(work, kind, streams=usable_cores()) for kind in _KINDS}
    Bench(plan, work, tokeniser, scorers).write_all(calibration)


def _verify(work: Path) -> None:
    model = open_model(work)
    tokeniser = Tokeniser(model.tokeniser_path, model.max_length)
    for kind in _KINDS:
        worst = check_golden(model, tokeniser, load_scorer(work, kind), kind=kind)
        print(f"golden texts scored again with {kind}: largest |Δp| {worst:.4f}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training export``."""
    splits = Path("Data/processed")
    flag = parser.add_argument
    flag(
        "--from",
        dest="source",
        type=Path,
        default=Path("runs/latest/best"),
        help="a checkpoint of `train`",
    )
    flag("--out", type=Path, default=Path("Models/distilbert-mini"), help="the model folder to make")
    flag("--version", default="1.0.0", help="stands in every result")
    flag(
        "--calibration", type=Path, default=splits / "calibration.csv", help="for int8 ranges and temperature"
    )
    flag("--validation", type=Path, default=splits / "validation.csv", help="for the parity gate")
    flag("--evaluate", type=Path, nargs="*", default=[], help="labelled files to measure on")
    flag("--samples", type=int, default=600, help="calibration texts for int8 ranges")
    flag("--gate-rows", type=int, default=2000, help="rows of the parity gate")
    flag("--seed", type=int, default=7, help="of both samples")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training export``."""
    plan = Plan(
        source=args.source,
        target=args.out,
        version=args.version,
        calibration=args.calibration,
        validation=args.validation,
        evaluate=tuple(args.evaluate),
        samples=args.samples,
        gate_rows=args.gate_rows,
        seed=args.seed,
    )
    model = export(plan)
    size = sum(path.stat().st_size for path in model.path.rglob("*") if path.is_file())
    print(f"{model.path}: {model.name} {model.version}, {size / 1e6:.1f} MB")
    return 0
