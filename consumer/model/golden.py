"""Golden texts: self-written texts with the scores they had when the model was made.

They are scored again at every start, with this machine's CPU and this installation's libraries: a
model that loads but computes something else is refused before it labels anything.

``golden.jsonl`` begins with a line that states the tolerance per back end; then one text a line with
its reference probability, in float32 and before calibration.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from consumer.clean import clean
from consumer.errors import ModelRefusedError
from consumer.model.folder import ModelFolder
from consumer.scoring.scorer import Scorer
from consumer.tokenise import Tokeniser

NAME = "golden.jsonl"


@dataclass(frozen=True, slots=True)
class Golden:
    """Texts, their reference probabilities, and how far a back end may be off."""

    texts: tuple[str, ...]
    probabilities: tuple[float, ...]
    tolerance: Mapping[str, float]  # back end → largest |Δp|


def check_golden(
    folder: ModelFolder, tokeniser: Tokeniser, scorer: Scorer, *, kind: str = "openvino"
) -> float:
    """Score the golden texts again; returns the largest |Δp|. Takes about 0.1 s, and warms the scorer.

    A folder without a manifest has no golden texts: one text is scored to warm up.

    Raises:
        ModelRefusedError: a score is further off than the back end's stated tolerance.
    """
    if folder.manifest is None:
        scorer.logits([tokeniser(["warm up"])[0].ids])
        return 0.0
    golden = read_golden(folder.path / NAME)
    deltas = np.abs(score(golden.texts, tokeniser, scorer) - np.array(golden.probabilities))
    worst = int(np.argmax(np.where(np.isfinite(deltas), deltas, np.inf)))
    allowed = golden.tolerance.get(kind, max(golden.tolerance.values()))
    if not deltas[worst] <= allowed:  # also where it is not a number
        raise ModelRefusedError(
            f"{folder.path / NAME}, line {worst + 2}: {kind} scores {deltas[worst]:.4f} off the reference "
            f"{golden.probabilities[worst]:.4f}, {allowed} is allowed: the model, its runtime or this CPU "
            "computes something else than when it was exported"
        )
    return float(deltas[worst])


def score(texts: Sequence[str], tokeniser: Tokeniser, scorer: Scorer) -> np.ndarray:
    """Uncalibrated P(positive) of raw texts, (n,) float64."""
    tokens = tokeniser([clean(text) for text in texts])
    logits = scorer.logits([t.ids for t in tokens]).astype(np.float64)
    probabilities: np.ndarray = 0.5 * (1.0 + np.tanh(0.5 * logits))  # sigmoid, without overflow
    return probabilities


def read_golden(path: Path) -> Golden:
    """The golden texts at ``path``; raises ``ModelRefusedError`` naming the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, ValueError) as error:
        raise ModelRefusedError(f"{path}: not readable: {error}") from error
    tolerance: dict[str, float] = {}
    rows: list[tuple[str, float]] = []
    try:
        tolerance = {str(k): _number(v) for k, v in json.loads(lines[0])["tolerance"].items()}
        for line in lines[1:]:
            row = json.loads(line)
            rows.append((str(row["text"]), _number(row["probability"])))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        number = len(rows) + 2 if tolerance else 1
        raise ModelRefusedError(f"{path}, line {number}: not a golden line: {error!r}") from error
    if not rows or not tolerance:
        raise ModelRefusedError(f"{path}: needs a tolerance and at least one text")
    return Golden(tuple(text for text, _ in rows), tuple(p for _, p in rows), tolerance)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    return float(value)


def write_golden(path: Path, golden: Golden) -> None:
    """Write ``golden.jsonl``."""
    rows: list[dict[str, object]] = [{"tolerance": dict(golden.tolerance)}]
    rows += [
        {"text": text, "probability": round(p, 6)}
        for text, p in zip(golden.texts, golden.probabilities, strict=True)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
