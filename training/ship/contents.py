"""The files of an exported model folder, each made from the ones before it."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from consumer import __version__
from consumer.clean import CLEANING_VERSION
from consumer.model.folder import DEFAULT_MAX_LENGTH, ModelFolder
from consumer.model.golden import NAME as GOLDEN
from consumer.model.golden import Golden, write_golden
from consumer.model.golden import score as golden_scores
from consumer.model.manifest import SCHEMA_VERSION, Manifest, hash_files, write_manifest
from consumer.scoring.load import Kind
from consumer.scoring.scorer import Scorer
from consumer.scoring.tensorflow import read_classifier
from consumer.tokenise import Tokeniser, fingerprint
from training.evaluate import Numbers, evaluate
from training.fit.checkpoint import save_weights
from training.measure.labelled import Labelled, read_labelled, score
from training.measure.measures import fit_temperature
from training.ship.card import Facts, write_card
from training.ship.golden_texts import TEXTS
from training.ship.parity import Limits, Parity, compare, require

# Largest |Δp| from float32 a golden text may show. int8 rounds; without VNNI some sums saturate too.
GOLDEN_TOLERANCE = {"openvino": 0.15, "tensorflow": 0.005}
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


def copy_checkpoint(source: Path, work: Path) -> None:
    """Weights in float16, tokeniser and configuration; also from a folder with ``tf_model.h5``."""
    for name in _COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, work / name)
    if not (work / "model.safetensors").exists():
        save_weights(read_classifier(source), work)


def training_config(work: Path) -> dict[str, Any]:
    """How the checkpoint was trained; empty where that was not kept."""
    path = work / "training-config.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def trained_max_length(work: Path) -> int:
    """Word pieces that training cut at."""
    return int(training_config(work).get("hyper_parameters", {}).get("max_length", DEFAULT_MAX_LENGTH))


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder in the making, with both back ends on it."""

    plan: Plan
    work: Path
    tokeniser: Tokeniser
    scorers: Mapping[Kind, Scorer]

    def write_all(self, calibration: Labelled) -> None:
        """Gate, calibration, evaluation, golden texts, card, manifest; in this order."""
        parity = self._gate()
        model = self._calibrated(calibration)
        results = self._evaluation(model, parity)
        self._golden()
        self._card(model, parity, results)
        self._seal(model)

    def _gate(self) -> Parity:
        rows = read_labelled(self.plan.validation, self.tokeniser).sample(self.plan.gate_rows, self.plan.seed)
        fp32, int8 = (score(self.scorers[kind], rows.ids) for kind in ("tensorflow", "openvino"))
        parity = compare(fp32, int8, rows.labels)
        print(f"int8 against float32: {asdict(parity)}")
        require(parity, self.plan.limits)
        return parity

    def _calibrated(self, rows: Labelled) -> ModelFolder:
        temperature = round(fit_temperature(score(self.scorers["openvino"], rows.ids), rows.labels), 4)
        content = {"temperature": temperature, "bias": 0.0, "threshold": 0.5, "rows": len(rows.ids)}
        _write_json(self.work / "calibration.json", content)
        return ModelFolder(
            path=self.work,
            name=self.plan.target.name,
            version=self.plan.version,
            max_length=self.tokeniser.max_length,
            tokeniser_path=self.work / "tokenizer.json",
            temperature=temperature,
        )

    def _evaluation(self, model: ModelFolder, parity: Parity) -> dict[str, dict[str, Numbers]]:
        sets = [read_labelled(path, self.tokeniser) for path in self.plan.evaluate]
        results: dict[str, dict[str, Numbers]] = {}
        if sets:
            results = {kind: evaluate(scorer, sets, model) for kind, scorer in self.scorers.items()}
        content = {
            "model": {"name": model.name, "version": model.version},
            "back_ends": results,
            "int8_against_float32": asdict(parity)
            | {"set": self.plan.validation.name, "seed": self.plan.seed},
        }
        _write_json(self.work / "evaluation.json", content)
        return results

    def _golden(self) -> None:
        fp32, int8 = (
            golden_scores(TEXTS, self.tokeniser, self.scorers[k]) for k in ("tensorflow", "openvino")
        )
        print(f"golden texts: largest |Δp| of int8 {abs(fp32 - int8).max():.4f}")
        write_golden(self.work / GOLDEN, Golden(TEXTS, tuple(fp32.tolist()), self.plan.golden_tolerance))

    def _card(self, model: ModelFolder, parity: Parity, results: dict[str, dict[str, Numbers]]) -> None:
        facts = Facts(
            name=model.name,
            version=model.version,
            temperature=model.temperature,
            max_length=model.max_length,
            cleaning_version=CLEANING_VERSION,
            samples=self.plan.samples,
            gate=self.plan.validation.name,
            parity=parity,
            results=results,
            config=json.loads((self.work / "config.json").read_text(encoding="utf-8")),
            training=training_config(self.work),
        )
        (self.work / "README.md").write_text(write_card(facts), encoding="utf-8")

    def _seal(self, model: ModelFolder) -> None:
        versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
        manifest = Manifest(
            schema_version=SCHEMA_VERSION,
            name=model.name,
            version=model.version,
            cleaning_version=CLEANING_VERSION,
            tokeniser_fingerprint=fingerprint(self.work / "tokenizer.json"),
            max_length=model.max_length,
            created_with={"tweet-sentiment": __version__} | versions,
            files=hash_files(self.work),
        )
        write_manifest(self.work, manifest)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
