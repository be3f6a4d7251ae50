"""``evaluation.json`` and its table as csv: written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.data.rows import BadInputError
from training.measure.slices import ALL

HEADER = ("set", "back_end", "slice", "measure", "value", "low", "high", "n")
NEUTRAL_ROWS = "with neutral rows"
CsvRow = tuple[Any, ...]  # in the order of HEADER
_DIGITS = 6  # beyond the fourth all is noise; the file stays small
_LEAF = re.compile(r"\[[^\[\]{}\"]*\]")  # a list of numbers


def as_json(content: Mapping[str, Any]) -> str:
    """``content`` as JSON: six digits, ``null`` for what is not a number, a list of numbers a line."""
    text = json.dumps(plain(content), indent=1, allow_nan=False)
    return _LEAF.sub(lambda found: re.sub(r"\s+", " ", found[0]), text) + "\n"


def write_evaluation(path: Path, content: Mapping[str, Any]) -> None:
    """Write ``content`` as ``as_json`` has it."""
    _write(path, as_json(content))


def write_csv(path: Path, content: Mapping[str, Any]) -> None:
    """Write the same numbers as rows of ``HEADER``; a number that is undefined is an empty field."""
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    rows.writerow(HEADER)
    rows.writerows(long_rows(plain(content)))
    _write(path, lines.getvalue())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_evaluation(path: Path) -> dict[str, Any]:
    """The content of an ``evaluation.json``; raises ``BadInputError`` when it is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInputError(f"{path}: no such file; `training evaluate --out` writes it") from None
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(f"{path}: not readable as JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("back_ends"), dict):
        raise BadInputError(f"{path}: not an evaluation: back_ends is missing")
    return content


def plain(value: Any) -> Any:
    """``value`` as JSON has it: rounded, ``None`` for what is not a number.

    >>> plain({"a": float("nan"), "b": [1 / 3, 2]})
    {'a': None, 'b': [0.333333, 2]}
    """
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        return round(value, _DIGITS) if math.isfinite(value) else None
    return value


def long_rows(content: Mapping[str, Any]) -> Iterator[CsvRow]:
    """Rows of ``HEADER`` from a plain evaluation: sets, slices, thresholds and the neutral band."""
    for kind, sets in content["back_ends"].items():
        for name, numbers in sets.items():
            bounds = content.get("intervals", {}).get("back_ends", {}).get(kind, {}).get(name, {})
            yield from _measured((name, kind, ALL), numbers, bounds)
            for part, found in content.get("slices", {}).get(kind, {}).get(name, {}).items():
                yield from _measured((name, kind, part), found, found.get("intervals", {}))
            curve = content.get("thresholds", {}).get(kind, {}).get(name, {})
            yield from _at_thresholds((name, kind), curve, numbers["n"])
            banded = content.get("three_way", {}).get("back_ends", {}).get(kind, {}).get(name)
            if banded:
                yield from _measured((name, kind, NEUTRAL_ROWS), banded, banded["intervals"])


def _measured(
    place: tuple[str, str, str], numbers: Mapping[str, Any], bounds: Mapping[str, Any]
) -> Iterator[CsvRow]:
    for measure, value in numbers.items():
        if measure != "n" and not isinstance(value, dict | list):
            yield (*place, measure, value, *bounds.get(measure, (None, None)), int(numbers["n"]))


def _at_thresholds(place: tuple[str, str], curve: Mapping[str, Any], rows: float) -> Iterator[CsvRow]:
    for measure in ("accuracy", "precision", "recall", "f1"):
        thresholds, none = curve.get("threshold", ()), [None] * len(curve.get("threshold", ()))
        bounds = (curve.get(f"{measure}_{end}", none) for end in ("low", "high"))  # older files lack some
        for at, *cells in zip(thresholds, curve.get(measure, ()), *bounds, strict=True):
            yield (*place, f"threshold {at:.2f}", measure, *cells, int(rows))
