"""``training export``: a trained checkpoint → a model folder that the consumer may load.

In order: copy weights and tokeniser, convert and quantise, gate on parity with float32, calibrate, drift
reference, evaluate, golden texts, model card, manifest. All under a temporary name; put in place when
verified, and a failure at any step leaves what was there before.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from consumer.model.folder import POINTER, ModelFolder, open_model, resolve
from consumer.model.golden import check_golden
from consumer.scoring.load import load_scorer
from consumer.tokenise import Tokeniser
from training.data.rows import BadInputError
from training.fit.disk import naming
from training.measure.evaluation import usable_cores
from training.measure.labelled import read_labelled, read_together
from training.ship.contents import REFERENCE, SERVING, Making
from training.ship.convert import to_openvino
from training.ship.parity import Limits
from training.ship.source import bring, trained_max_length
from training.ship.swap import put_back, put_in_place, require_target
from training.ship.threshold import RULES, Rule, parse

# Largest |Δp| from float32 a golden text may show: int8 rounds.
GOLDEN_TOLERANCE: dict[str, float] = {SERVING: 0.15, REFERENCE: 0.005}
_NOT_OF_PLAN = {
    "command",
    "out",
    "evaluate",
    "calibration",
    "float16",
}  # flags that a plan holds in another form
_FLOAT_TOLERANCE: dict[str, float] = {SERVING: 0.02, REFERENCE: 0.005}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to export, on which files, and how far the serving model may be from float32."""

    source: Path
    target: Path
    version: str
    calibration: tuple[Path, ...]  # each counts alike
    validation: Path
    drift_reference: Path
    evaluate: tuple[Path, ...] = ()
    name: str | None = None  # in results; the folder's where not given
    tokeniser: Path | None = None
    rule: Rule = field(default_factory=Rule)
    int8: bool = True
    replace: bool = False  # also a folder that is in use
    choose_band: Path | None = None  # rows with neutral ones; a band is chosen on them, and measured
    ranges: Path | None = None  # texts for activation ranges; those of the calibration where not given
    samples: int = 300  # of them
    gate_rows: int = 2000
    seed: int = 7
    limits: Limits = field(default_factory=Limits)
    golden_tolerance: Mapping[str, float] | None = None


def export(plan: Plan) -> ModelFolder:
    """Make ``plan.target``; an older folder of that name is replaced only by a verified one.

    Raises:
        ValueError: an input is missing or malformed, or the target is in use or no model folder.
        ModelRefusedError: the serving model is not the one that was trained.
        OSError: a file cannot be written, named.
    """
    put_back(plan.target)
    _check(plan)
    work = plan.target.with_name(f".{plan.target.name}.tmp")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        with naming(plan.target):
            _fill(plan, work)
            _verify(work)
            put_in_place(work, plan.target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return open_model(plan.target)


def _check(plan: Plan) -> None:
    if not plan.source.exists():
        raise BadInputError(f"{plan.source} is missing: --from must be a checkpoint of `training train`")
    needed = (*plan.calibration, plan.validation, plan.drift_reference, *plan.evaluate)
    for path in (*needed, *([plan.choose_band] if plan.choose_band else [])):
        if not path.is_file():
            raise BadInputError(f"{path} is missing: `training chunk` writes the splits")
    if any(plan.drift_reference.samefile(path) for path in plan.calibration):
        raise BadInputError(f"{plan.drift_reference}: the drift reference needs rows that did not calibrate")
    for name in (plan.target.name, plan.name or plan.target.name):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or name == POINTER:
            raise ValueError(f"{name!r} is not a name for a model folder")
    require_target(plan.target, replace=plan.replace)


def _fill(plan: Plan, work: Path) -> None:
    bring(plan.source, work, plan.tokeniser or _tokeniser_in_use(plan.target.parent))
    tokeniser = Tokeniser(work / "tokenizer.json", trained_max_length(work))
    calibration, weights = read_together(plan.calibration, tokeniser)
    drift = read_labelled(plan.drift_reference, tokeniser)
    ranges = read_labelled(plan.ranges, tokeniser) if plan.ranges else calibration
    texts = ranges.sample(plan.samples, plan.seed).ids if plan.int8 else None
    print(f"quantising with {len(texts)} texts of {ranges.name}" if texts else "converting, in float16")
    to_openvino(work, texts)
    scorers = {kind: load_scorer(work, kind, streams=usable_cores()) for kind in (SERVING, REFERENCE)}
    making = Making(work, plan.name or plan.target.name, plan.version, tokeniser, scorers)
    rows = read_labelled(plan.validation, tokeniser).sample(plan.gate_rows, plan.seed)
    parity = asdict(making.gate(rows, plan.limits)) | {
        "set": plan.validation.name,
        "seed": plan.seed,
        "precision": "int8" if plan.int8 else "float16",
        "samples": len(texts or ()),
    }
    made = making.calibrate(calibration, weights, drift, plan.rule, plan.seed)
    print(f"p = sigmoid({made.scale}), threshold {made.threshold} ({made.reason})")
    sets = [read_labelled(path, tokeniser) for path in plan.evaluate]
    band = plan.choose_band
    making.evaluate(sets, made, parity, (band, read_labelled(band, tokeniser)) if band else None)
    worst = making.golden(plan.golden_tolerance or (GOLDEN_TOLERANCE if plan.int8 else _FLOAT_TOLERANCE))
    print(f"golden texts: largest |Δp| of the serving model {worst:.4f}")
    making.seal()


def _tokeniser_in_use(models: Path) -> Path | None:
    """The word pieces of the model in use, for a source that brings none."""
    return resolve(models / POINTER) if (models / POINTER).is_file() else None


def _verify(work: Path) -> None:
    model = open_model(work)
    tokeniser = Tokeniser(model.tokeniser_path, model.max_length)
    for kind in (SERVING, REFERENCE):
        worst = check_golden(model, tokeniser, load_scorer(work, kind), kind=kind)
        print(f"golden texts scored again with {kind}: largest |Δp| {worst:.4f}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training export``."""
    splits, flag = Path("Data/processed"), parser.add_argument
    flag("--from", dest="source", type=Path, default=Path("runs/latest/best"), help="checkpoint of `train`; "
         "a folder of config.json and tf_model.h5; or a file of weights alone")  # fmt: skip
    flag("--tokeniser", type=Path, help="folder of tokenizer.json, where --from has none; else that in use")
    flag("--out", type=Path, default=Path("Models/distilbert-mini"), help="the model folder to make")
    flag("--name", help="stands in every result; else the folder's name")
    flag("--version", default="1.0.0", help="stands in every result")
    flag("--replace", action="store_true", help="also a folder that CURRENT names; a consumer that "
         "starts at that moment has to start again")  # fmt: skip
    flag("--float", dest="float16", action="store_true", help="no int8: float16 weights, computed in float32")
    flag("--calibration", type=Path, nargs="+", default=[splits / "calibration.csv"], metavar="FILE",
         help="for scale, threshold and int8 ranges; several files count alike")  # fmt: skip
    flag("--drift-reference", type=Path, default=splits / "drift_reference.csv", help="for the drift monitor")
    flag("--rule", default="accuracy", help=f"of the threshold: {RULES}")
    flag("--validation", type=Path, default=splits / "validation.csv", help="for the parity gate")
    flag("--evaluate", type=Path, nargs="*", default=[], help="labelled files to measure on")
    flag("--choose-band", type=Path, metavar="FILE", help="choose the neutral band with the largest macro "
         "recall on this file, which has neutral rows, and measure it; none is set")  # fmt: skip
    flag("--ranges", type=Path, help="texts for int8 ranges, where not those of --calibration")
    flag("--samples", type=int, default=600, help="texts for int8 ranges")
    flag("--gate-rows", type=int, default=2000, help="rows of the parity gate")
    flag("--seed", type=int, default=7, help="of all samples")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training export``."""
    flags = {name: value for name, value in vars(args).items() if name not in _NOT_OF_PLAN}
    flags |= {"rule": parse(args.rule), "int8": not args.float16}
    model = export(
        Plan(target=args.out, evaluate=tuple(args.evaluate), calibration=tuple(args.calibration), **flags)
    )
    size = sum(path.stat().st_size for path in model.path.rglob("*") if path.is_file())
    print(f"{model.path}: {model.name} {model.version}, {size / 1e6:.1f} MB")
    return 0
