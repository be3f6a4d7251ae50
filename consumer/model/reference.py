"""``drift-reference.json``: how a model's signals were spread over rows it was not trained on.

Counts in the fixed bins of ``consumer.signals`` and nothing else: no text and no row of the data. A
monitor compares what it sees with this.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consumer.errors import ModelRefusedError
from consumer.model.manifest import read_object

NAME = "drift-reference.json"
SCHEMA_VERSION = 1
_SHARES = ("positive_share", "truncated_share", "accuracy", "mean_confidence")


@dataclass(frozen=True, slots=True)
class Histogram:
    """``counts`` has one more than ``bins``, the upper bounds: the last is for what exceeds them all."""

    bins: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """The content of ``drift-reference.json``: n rows of a split that neither trained nor calibrated."""

    rows: int
    set: str  # which file, without its folder
    signals: Mapping[str, Histogram]
    positive_share: float  # of the labels given, at the model's own threshold
    truncated_share: float
    accuracy: float  # against the true labels of these rows
    mean_confidence: float  # what the model expects its accuracy to be


def read_reference(folder: Path) -> Reference | None:
    """The reference in a model folder; ``None`` where the model came without one.

    Raises ``ModelRefusedError`` naming the field that is wrong.
    """
    path = folder / NAME
    if not path.exists():
        return None
    raw = read_object(path)
    if raw.get("schema_version") != SCHEMA_VERSION:
        raise ModelRefusedError(
            f"{path}: schema_version is {raw.get('schema_version')!r:.60}, "
            f"this consumer reads {SCHEMA_VERSION}"
        )
    rows, name, signals = raw.get("rows"), raw.get("set"), raw.get("signals")
    if not isinstance(rows, int) or not _is_count(rows) or rows == 0:
        raise ModelRefusedError(f"{path}: rows must be a whole number above 0, is {rows!r:.60}")
    if not isinstance(name, str) or not isinstance(signals, dict) or not signals:
        raise ModelRefusedError(f"{path}: set must be a string and signals an object with entries")
    return Reference(
        rows=rows,
        set=name,
        signals={signal: _histogram(path, signal, found, rows) for signal, found in signals.items()},
        **{share: _share(path, share, raw.get(share)) for share in _SHARES},
    )


def write_reference(folder: Path, reference: Reference) -> None:
    """Write ``drift-reference.json``."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "rows": reference.rows,
        "set": reference.set,
        "signals": {
            name: {"bins": list(one.bins), "counts": list(one.counts)}
            for name, one in reference.signals.items()
        },
        **{share: round(getattr(reference, share), 6) for share in _SHARES},
    }
    (folder / NAME).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _histogram(path: Path, signal: str, raw: Any, rows: int) -> Histogram:
    bins, counts = (raw.get("bins"), raw.get("counts")) if isinstance(raw, dict) else (None, None)
    if not isinstance(bins, list) or not bins or not all(map(_is_number, bins)):
        raise ModelRefusedError(f"{path}: bins of {signal} must be numbers")
    if any(low >= high for low, high in itertools.pairwise(bins)):
        raise ModelRefusedError(f"{path}: bins of {signal} must rise")
    if not isinstance(counts, list) or len(counts) != len(bins) + 1 or not all(map(_is_count, counts)):
        raise ModelRefusedError(f"{path}: {signal} needs {len(bins) + 1} counts, one more than bins")
    if sum(counts) != rows:
        raise ModelRefusedError(f"{path}: counts of {signal} add up to {sum(counts)}, rows is {rows}")
    return Histogram(tuple(map(float, bins)), tuple(counts))


def _share(path: Path, name: str, value: Any) -> float:
    if not _is_number(value) or not 0 <= value <= 1:
        raise ModelRefusedError(f"{path}: {name} must lie between 0 and 1, is {value!r:.60}")
    return float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
