"""``training list``: the models there are, which one is in use, and whether a consumer would load them.

Hashes are verified, which takes 0.1 s a model; golden texts are not scored: ``promote`` does that.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from consumer.errors import ModelRefusedError
from consumer.model.folder import open_model
from consumer.model.manifest import NAME as MANIFEST
from consumer.model.manifest import read_object
from training.ship.current import in_use, read_history

_KINDS = ("openvino", "tensorflow")  # whose numbers are shown: of what serves, where it was measured


@dataclass(frozen=True, slots=True)
class Listed:
    """One model folder."""

    name: str  # of the folder
    current: bool
    model: str | None  # name and version as results carry them
    version: str | None
    megabytes: float
    accuracy: dict[str, float]  # by set
    refused: str | None  # why a consumer would not load it


def listed(models: Path) -> list[Listed]:
    """Every model folder in ``models``, by name."""
    current = in_use(models)
    folders = [path for path in sorted(models.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    return [_one(folder, is_current=folder.name == current) for folder in folders]


def _one(folder: Path, *, is_current: bool) -> Listed:
    try:
        open_model(folder)
        refused = None if (folder / MANIFEST).exists() else "not verified: no manifest.json"
    except ModelRefusedError as error:
        refused = str(error)
    told = _read(folder / MANIFEST)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Listed(
        name=folder.name,
        current=is_current,
        model=told.get("name"),
        version=told.get("version"),
        megabytes=round(size / 1e6, 1),
        accuracy=_accuracy(_read(folder / "evaluation.json")),
        refused=refused,
    )


def _read(path: Path) -> dict[str, Any]:
    """What a damaged folder still tells."""
    try:
        return read_object(path)
    except ModelRefusedError:
        return {}


def _accuracy(evaluation: dict[str, Any]) -> dict[str, float]:
    back_ends = evaluation.get("back_ends")
    measured = (
        [back_ends[kind] for kind in _KINDS if back_ends.get(kind)] if isinstance(back_ends, dict) else []
    )
    return {name: round(numbers["accuracy"], 4) for name, numbers in measured[0].items()} if measured else {}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training list``."""
    parser.add_argument("--models", type=Path, default=Path("Models"), help="the folder that holds CURRENT")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training list``."""
    if not args.models.is_dir():
        raise ValueError(f"{args.models}: no such folder")
    found, current = listed(args.models), in_use(args.models)
    _, faults = read_history(args.models)
    if current is not None and current not in {one.name for one in found}:
        faults.append(f"CURRENT names {current}, which is not there")
    for fault in faults:
        print(f"warning: {fault}", file=sys.stderr)
    if args.json:
        print(json.dumps({"current": current, "models": [asdict(one) for one in found]}, indent=1))
    else:
        _show(found)
    return 0


def _show(found: list[Listed]) -> None:
    table = Table("", "folder", "version", "MB", "accuracy", "verified", box=None, header_style="bold")
    for one in found:
        accuracy = ", ".join(f"{name} {value:.4f}" for name, value in one.accuracy.items())
        mark, refused = "→" if one.current else "", one.refused or "yes"
        table.add_row(mark, one.name, one.version or "–", f"{one.megabytes:.1f}", accuracy or "–", refused)
    # A pipe has no width of its own: lines are not broken there.
    Console(width=None if sys.stdout.isatty() else 10_000, soft_wrap=True).print(table)
