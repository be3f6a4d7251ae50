"""``training calibrate``: scale, threshold and drift reference of a model folder, anew.

The weights stay; probabilities change. So the folder gets a new version, which stands in every result, and
its numbers are measured again or taken out: none of the old ones would be true.
"""

from __future__ import annotations

import argparse
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from consumer.errors import ModelRefusedError
from consumer.model.folder import ModelFolder, open_model
from consumer.model.manifest import NAME as MANIFEST
from consumer.model.manifest import read_object
from consumer.scoring.load import load_scorer
from consumer.tokenise import Tokeniser
from training.data.rows import BadInputError
from training.fit.disk import naming
from training.measure.evaluation import usable_cores
from training.measure.labelled import read_labelled, read_together
from training.ship.contents import SERVING, Making
from training.ship.swap import put_back, put_in_place, require_target
from training.ship.threshold import RULES, Rule, parse
from training.ship.verify import verify


@dataclass(frozen=True, slots=True)
class Plan:
    """Which folder to calibrate, on which files."""

    model: Path
    calibration: tuple[Path, ...]  # each counts alike
    drift_reference: Path
    rule: Rule = field(default_factory=Rule)
    evaluate: tuple[Path, ...] = ()
    out: Path | None = None  # another folder than ``model``
    version: str | None = None  # the next one where not given
    replace: bool = False
    seed: int = 7


def calibrate(plan: Plan) -> tuple[ModelFolder, list[str]]:
    """Calibrate a model folder; returns it and the sets whose numbers are gone.

    The old folder stays as it was until the new one is whole and verified.

    Raises:
        ValueError: a file is missing or malformed, the rule cannot be met, or the target is in use or no
            model folder.
        ModelRefusedError: the folder is not a verified one, or its scores cannot be calibrated.
    """
    target = plan.out or plan.model
    for folder in (plan.model, target):
        put_back(folder)
    for path in (*plan.calibration, plan.drift_reference, *plan.evaluate):
        if not path.is_file():
            raise BadInputError(f"{path} is missing: `training chunk` writes the splits")
    if any(plan.drift_reference.samefile(path) for path in plan.calibration):
        raise BadInputError(f"{plan.drift_reference}: the drift reference needs rows that did not calibrate")
    model = open_model(plan.model)
    if model.manifest is None:
        raise ModelRefusedError(f"{plan.model} has no {MANIFEST}: run `python -m training export` on it")
    require_target(target, replace=plan.replace)
    work = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(work, ignore_errors=True)
    try:
        with naming(target):
            shutil.copytree(model.path, work)
            gone = _fill(plan, model, work)
            verify(work)
            put_in_place(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return open_model(target), gone


def _fill(plan: Plan, model: ModelFolder, work: Path) -> list[str]:
    """The files that follow from the calibration; returns the sets that are not measured again."""
    tokeniser = Tokeniser(work / "tokenizer.json", model.max_length)
    scorers = {SERVING: load_scorer(work, SERVING, streams=usable_cores())}
    making = Making(work, model.name, plan.version or next_version(model.version), tokeniser, scorers)
    rows, weights = read_together(plan.calibration, tokeniser)
    drift = read_labelled(plan.drift_reference, tokeniser)
    made = making.calibrate(rows, weights, drift, plan.rule, plan.seed)
    loss = made.log_loss
    print(f"p = sigmoid({made.scale}): log loss {loss['before']} → {loss['after']}")
    print(f"threshold {made.threshold} by {made.rule}: {made.reason}")
    before = read_object(work / "evaluation.json") if (work / "evaluation.json").exists() else {}
    sets = [read_labelled(path, tokeniser) for path in plan.evaluate]
    making.evaluate(sets, made, before.get("int8_against_float32"))
    making.seal(model.manifest.created_with if model.manifest else None)
    measured = {name for sets_of in (before.get("back_ends") or {}).values() for name in sets_of}
    return sorted(measured - {one.name for one in sets})


def next_version(version: str) -> str:
    """The version after this one.

    A date stays what it is: the day after is another day.

    >>> next_version("1.0.9"), next_version("beta"), next_version("2026.11.29"), next_version("2026.11.29.1")
    ('1.0.10', 'beta.1', '2026.11.29.1', '2026.11.29.2')
    """
    if re.fullmatch(r"\d{4}\.\d\d\.\d\d", version):
        return f"{version}.1"
    head, _, last = version.rpartition(".")
    return f"{head}.{int(last) + 1}" if head and last.isdigit() else f"{version}.1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training calibrate``."""
    splits, flag = Path("Data/processed"), parser.add_argument
    flag("model", type=Path, help="a model folder, such as Models/distilbert-mini")
    flag(
        "--calibration",
        type=Path,
        nargs="+",
        default=[splits / "calibration.csv"],
        metavar="FILE",
        help="for scale and threshold; of several files each counts alike",
    )
    flag("--drift-reference", type=Path, default=splits / "drift_reference.csv", help="for the drift monitor")
    flag("--rule", default="accuracy", help=f"of the threshold: {RULES}. accuracy: 0.5, unless the best "
         "threshold on half of the rows beats it on the other half beyond its interval; a floor holds on the "
         "calibration rows")  # fmt: skip
    flag("--evaluate", type=Path, nargs="*", default=[], help="measure on these; other numbers are taken out")
    flag("--version", help="of the result; else the next one")
    flag("--out", type=Path, help="another folder for the result; else MODEL itself")
    flag("--replace", action="store_true", help="also a folder that CURRENT names")
    flag("--seed", type=int, default=7, help="of the halves")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training calibrate``."""
    lists = {"evaluate": tuple(args.evaluate), "calibration": tuple(args.calibration)}
    flags = {name: value for name, value in vars(args).items() if name != "command"} | lists
    flags["rule"] = parse(args.rule)
    model, gone = calibrate(Plan(**flags))
    print(f"{model.path}: {model.name} {model.version}")
    if gone:
        print(f"not measured since, and taken out of evaluation.json and the card: {', '.join(gone)}")
    return 0
