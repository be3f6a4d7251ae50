"""The files of a model folder in the making, each made from the ones before it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from consumer import __version__
from consumer.clean import CLEANING_VERSION
from consumer.model.folder import ModelFolder
from consumer.model.golden import NAME as GOLDEN
from consumer.model.golden import Golden, write_golden
from consumer.model.golden import score as golden_scores
from consumer.model.manifest import SCHEMA_VERSION, Manifest, hash_files, write_manifest
from consumer.model.reference import write_reference
from consumer.scoring.load import Kind
from consumer.scoring.scorer import Scorer
from consumer.signals import read_pieces
from consumer.tokenise import Tokeniser, fingerprint
from training.measure.evaluation import choose_band, evaluation, score_set
from training.measure.evaluation_file import write_evaluation
from training.measure.labelled import Labelled, Weights, score
from training.ship.calibration import Calibration, calibrate, write_calibration
from training.ship.card import write_card
from training.ship.drift import make_reference
from training.ship.golden_texts import TEXTS
from training.ship.parity import Limits, Parity, compare, require
from training.ship.threshold import Rule

_PACKAGES = ("tensorflow", "tf-keras", "transformers", "openvino", "nncf", "numpy", "tokenizers")
SERVING: Kind = "openvino"
REFERENCE: Kind = "tensorflow"


@dataclass(frozen=True, slots=True)
class Making:
    """A folder in the making, with its back ends on it: the one that serves, and where given float32."""

    work: Path
    name: str
    version: str
    tokeniser: Tokeniser
    scorers: Mapping[Kind, Scorer]

    def gate(self, rows: Labelled, limits: Limits) -> Parity:
        """Compare what serves with float32; raises ``ModelRefusedError`` where it is another model."""
        reference, serving = (score(self.scorers[kind], rows.ids) for kind in (REFERENCE, SERVING))
        parity = compare(reference, serving, rows.labels)
        print(f"the serving model against float32: {asdict(parity)}")
        require(parity, limits)
        return parity

    def calibrate(
        self, rows: Labelled, weights: Weights, drift: Labelled, rule: Rule, seed: int
    ) -> Calibration:
        """``calibration.json`` from n rows with weights (n,), ``drift-reference.json`` from others."""
        serving = self.scorers[SERVING]
        made = calibrate(
            score(serving, rows.ids),
            rows.labels,
            rule,
            name=rows.name,
            back_end=SERVING,
            seed=seed,
            weights=weights,
        )
        pieces = read_pieces(self.work / "tokenizer.json")
        reference = make_reference(drift, score(serving, drift.ids), made, self.tokeniser, pieces)
        write_calibration(self.work, made)
        write_reference(self.work, reference)
        return made

    def evaluate(
        self,
        sets: Sequence[Labelled],
        calibration: Calibration,
        parity: Mapping[str, Any] | None,
        band_rows: tuple[Path, Labelled] | None = None,
    ) -> None:
        """``evaluation.json``: every set on every back end, and how far int8 is from float32.

        ``band_rows``, a file and its rows, choose a neutral band that the sets are then measured with; raises
        ``BadInputError`` where they are not of all three classes.
        """
        model, band = self.model(calibration), None
        told: dict[str, str] = {}
        if band_rows:
            path, rows = band_rows
            scored = score_set(self.scorers[SERVING], rows, model)
            band, told = choose_band(scored, calibration.threshold, path)
            print(f"neutral band {band[0]:g} to {band[1]:g}, chosen on {rows.name}")
        content = evaluation({str(k): s for k, s in self.scorers.items()}, sets, model, band=band)
        content["three_way"] |= told
        if parity is not None:
            content |= {"int8_against_float32": dict(parity)}
        write_evaluation(self.work / "evaluation.json", content)

    def model(self, calibration: Calibration) -> ModelFolder:
        """What the consumer will read."""
        return ModelFolder(
            path=self.work,
            name=self.name,
            version=self.version,
            max_length=self.tokeniser.max_length,
            tokeniser_path=self.work / "tokenizer.json",
            threshold=calibration.threshold,
            scale=calibration.scale,
        )

    def golden(self, tolerance: Mapping[str, float]) -> float:
        """``golden.jsonl``: our own texts with float32's scores; returns the serving model's largest |Δp|."""
        reference, serving = (
            golden_scores(TEXTS, self.tokeniser, self.scorers[kind]) for kind in (REFERENCE, SERVING)
        )
        write_golden(self.work / GOLDEN, Golden(TEXTS, tuple(reference.tolist()), tolerance))
        return float(abs(reference - serving).max())

    def seal(self, created_with: Mapping[str, str] | None = None) -> None:
        """The card, then the manifest, which vouches for all the rest."""
        card = write_card(self.work, self.name, self.version, self.tokeniser.max_length)
        (self.work / "README.md").write_text(card, encoding="utf-8")
        manifest = Manifest(
            schema_version=SCHEMA_VERSION,
            name=self.name,
            version=self.version,
            cleaning_version=CLEANING_VERSION,
            tokeniser_fingerprint=fingerprint(self.work / "tokenizer.json"),
            max_length=self.tokeniser.max_length,
            created_with=created_with or _versions(),
            files=hash_files(self.work),
        )
        write_manifest(self.work, manifest)


def _versions() -> dict[str, str]:
    return {"tweet-sentiment": __version__} | {name: importlib.metadata.version(name) for name in _PACKAGES}
