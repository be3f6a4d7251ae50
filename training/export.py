"""``training export``: a trained checkpoint → a model folder that the consumer may load.

In order: copy weights and tokeniser, convert and quantise, gate on parity with float32, calibrate,
evaluate, golden texts, model card, manifest. All under a temporary name; renamed when verified.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from consumer import __version__
from consumer.clean import CLEANING_VERSION
from consumer.model.folder import DEFAULT_MAX_LENGTH, ModelFolder, open_model
from consumer.model.golden import NAME as GOLDEN
from consumer.model.golden import Golden, check_golden, write_golden
from consumer.model.golden import score as golden_scores
from consumer.model.manifest import SCHEMA_VERSION, Manifest, hash_files, write_manifest
from consumer.scoring.load import Kind, load_scorer
from consumer.scoring.scorer import Scorer
from consumer.tokenise import Tokeniser, fingerprint
from training.card import Facts, write_card
from training.checkpoint import replace_folder, save_weights
from training.convert import to_openvino
from training.evaluate import Numbers, evaluate, usable_cores
from training.golden_texts import TEXTS
from training.labelled import Labelled, read_labelled, score
from training.measures import fit_temperature
from training.parity import Limits, Parity, compare, require

# Largest |Δp| from float32 a golden text may show. int8 rounds; without VNNI some sums saturate too.
GOLDEN_TOLERANCE = {"openvino": 0.15, "tensorflow": 0.005}
_KINDS: tuple[Kind, ...] = ("openvino", "tensorflow")
_COPIED = ("config.json", "model.safetensors", "tokenizer.json", "vocab.txt", "training-config.json")
_PACKAGES = ("tensorflow", "tf-keras", "transformers", "openvino", "nncf", "numpy", "tokenizers")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to export, and how far int8 may be from float32."""

    source: Path
    target: Path
    version: str
    calibration: Path
    validation: Path
    evaluate: tuple[Path, ...] = ()
    samples: int = 300  # calibration texts for activation ranges
    gate_rows: int = 2000
    seed: int = 7
    limits: Limits = field(default_factory=Limits)
    golden_tolerance: Mapping[str, float] = field(default_factory=lambda: dict(GOLDEN_TOLERANCE))


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
    for name in ("config.json", "tokenizer.json"):
        if not (plan.source / name).is_file():
            raise ValueError(f"{plan.source / name} is missing: --from must be a trained checkpoint")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", plan.target.name):
        raise ValueError(f"{plan.target.name!r} is not a name for a model folder")


def _fill(plan: Plan, work: Path) -> None:
    _copy(plan.source, work)
    training = _read_optional(work / "training-config.json")
    max_length = int(training.get("hyper_parameters", {}).get("max_length", DEFAULT_MAX_LENGTH))
    tokeniser = Tokeniser(work / "tokenizer.json", max_length)
    calibration = read_labelled(plan.calibration, tokeniser)
    gate = read_labelled(plan.validation, tokeniser).sample(plan.gate_rows, plan.seed)
    print(f"quantising with {plan.samples} texts of {plan.calibration.name}")
    to_openvino(work, calibration.sample(plan.samples, plan.seed).ids)
    scorers = {kind: load_scorer(work, kind, streams=usable_cores()) for kind in _KINDS}
    parity = _gate(plan, scorers, gate)
    temperature = _calibrate(work, scorers["openvino"], calibration)
    manifest = _manifest(plan, work, max_length)
    model = ModelFolder(
        work, manifest.name, manifest.version, max_length, work / "tokenizer.json", temperature=temperature
    )
    results = _evaluate(plan, work, model, tokeniser, scorers, parity)
    _write_golden(plan, work, tokeniser, scorers)
    facts = Facts(
        manifest.name, manifest.version, temperature, max_length, CLEANING_VERSION, plan.samples,
        gate.name, parity, results, json.loads((work / "config.json").read_text()), training,
    )  # fmt: skip
    (work / "README.md").write_text(write_card(facts), encoding="utf-8")
    write_manifest(work, _manifest(plan, work, max_length))


def _copy(source: Path, work: Path) -> None:
    for name in _COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, work / name)
    if not (work / "model.safetensors").exists():  # a folder as the original project saved it
        from consumer.scoring.tensorflow import read_classifier  # noqa: PLC0415 - slow, and rarely needed

        save_weights(read_classifier(source), work)


def _read_optional(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _gate(plan: Plan, scorers: Mapping[Kind, Scorer], gate: Labelled) -> Parity:
    fp32, int8 = (score(scorers[kind], gate.ids) for kind in ("tensorflow", "openvino"))
    parity = compare(fp32, int8, gate.labels)
    print(f"int8 against float32: {asdict(parity)}")
    require(parity, plan.limits)
    return parity


def _calibrate(work: Path, scorer: Scorer, calibration: Labelled) -> float:
    temperature = round(fit_temperature(score(scorer, calibration.ids), calibration.labels), 4)
    _write_json(
        work / "calibration.json",
        {"temperature": temperature, "bias": 0.0, "threshold": 0.5, "rows": len(calibration.ids)},
    )
    return temperature


def _evaluate(
    plan: Plan,
    work: Path,
    model: ModelFolder,
    tokeniser: Tokeniser,
    scorers: Mapping[Kind, Scorer],
    parity: Parity,
) -> dict[str, dict[str, Numbers]]:
    sets = [read_labelled(path, tokeniser) for path in plan.evaluate]
    results: dict[str, dict[str, Numbers]] = {}
    if sets:
        results = {kind: evaluate(scorer, sets, model) for kind, scorer in scorers.items()}
    content = {
        "model": {"name": model.name, "version": model.version},
        "back_ends": results,
        "int8_against_float32": asdict(parity) | {"set": plan.validation.name, "seed": plan.seed},
    }
    _write_json(work / "evaluation.json", content)
    return results


def _write_golden(plan: Plan, work: Path, tokeniser: Tokeniser, scorers: Mapping[Kind, Scorer]) -> None:
    fp32, int8 = (golden_scores(TEXTS, tokeniser, scorers[kind]) for kind in ("tensorflow", "openvino"))
    print(f"golden texts: largest |Δp| of int8 {abs(fp32 - int8).max():.4f}")
    write_golden(work / GOLDEN, Golden(TEXTS, tuple(fp32.tolist()), plan.golden_tolerance))


def _manifest(plan: Plan, work: Path, max_length: int) -> Manifest:
    created_with = {"tweet-sentiment": __version__} | {p: importlib.metadata.version(p) for p in _PACKAGES}
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=plan.target.name,
        version=plan.version,
        cleaning_version=CLEANING_VERSION,
        tokeniser_fingerprint=fingerprint(work / "tokenizer.json"),
        max_length=max_length,
        created_with=created_with,
        files=hash_files(work),
    )


def _verify(work: Path) -> None:
    model = open_model(work)
    tokeniser = Tokeniser(model.tokeniser_path, model.max_length)
    for kind in _KINDS:
        worst = check_golden(model, tokeniser, load_scorer(work, kind), kind=kind)
        print(f"golden texts scored again with {kind}: largest |Δp| {worst:.4f}")


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training export``."""
    parser.add_argument("--from", dest="source", type=Path, default=Path("runs/latest/best"),
                        help="a checkpoint of `training train`")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("Models/distilbert-mini"), help="the model folder")
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--calibration", type=Path, default=Path("Data/processed/calibration.csv"),
                        help="labelled texts for int8 ranges and the temperature")  # fmt: skip
    parser.add_argument("--validation", type=Path, default=Path("Data/processed/validation.csv"),
                        help="labelled texts of the parity gate")  # fmt: skip
    parser.add_argument("--evaluate", type=Path, nargs="*", default=[], help="labelled files to measure on")
    parser.add_argument("--samples", type=int, default=300, help="calibration texts for int8 ranges")
    parser.add_argument("--gate-rows", type=int, default=2000, help="rows of the parity gate")
    parser.add_argument("--seed", type=int, default=7)


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training export``."""
    plan = Plan(
        args.source, args.out, args.version, args.calibration, args.validation, tuple(args.evaluate),
        args.samples, args.gate_rows, args.seed,
    )  # fmt: skip
    model = export(plan)
    size = sum(path.stat().st_size for path in model.path.rglob("*") if path.is_file())
    print(f"{model.path}: {model.name} {model.version}, {size / 1e6:.1f} MB")
    return 0
