"""The window on disk, so that a restart goes on with it; written under another name and renamed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from consumer.monitoring.drift.distance import Counts
from consumer.monitoring.drift.tally import Rule, Tally
from consumer.monitoring.drift.window import Block, Window
from consumer.signals import Bounds

_SCHEMA_VERSION = 1


class StateUnreadableError(Exception):
    """What is there is no state of ours; the window begins anew."""


def fingerprint(model: str, rule: Rule) -> str:
    """What a state must have been counted with: another model's scores are another stream's."""
    bins = {name: list(bounds) for name, bounds in sorted(rule.bins.items())}
    told = json.dumps([model, rule.threshold, sorted(rule.languages), bins])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def save(path: Path, window: Window, counted_with: str) -> None:
    """Write the blocks; raises ``OSError``."""
    content = {
        "schema_version": _SCHEMA_VERSION,
        "counted_with": counted_with,
        "blocks": [_plain(block) for block in window.blocks],
        "opened": _plain(window.opened) if window.opened else None,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        written.write_text(json.dumps(content), encoding="utf-8")
        written.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            written.unlink()
        raise


def load(path: Path, counted_with: str, bins: Mapping[str, Bounds]) -> tuple[list[Block], Block | None]:
    """The blocks, and the one that was being filled; none where there is no file or another model's.

    Raises:
        StateUnreadableError: the file is damaged.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [], None
    except (OSError, ValueError) as error:
        raise StateUnreadableError(type(error).__name__) from error
    try:
        if raw["schema_version"] != _SCHEMA_VERSION or raw["counted_with"] != counted_with:
            return [], None
        opened = _block(raw["opened"], bins) if raw["opened"] else None
        return [_block(one, bins) for one in raw["blocks"]], opened
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise StateUnreadableError(type(error).__name__) from error


def _plain(block: Block) -> dict[str, Any]:
    found = block.tally
    return {
        "opened_at": block.opened_at,
        "closed_at": block.closed_at,
        "tweets": found.tweets,
        "counts": {name: counts.tolist() for name, counts in found.counts.items()},
        "sure": found.sure,
        "confidence": found.confidence,
    }


def _block(raw: dict[str, Any], bins: Mapping[str, Bounds]) -> Block:
    counts: dict[str, Counts] = {}
    for name, bounds in bins.items():
        counts[name] = np.array(raw["counts"][name], np.int64)
        if counts[name].shape != (len(bounds) + 1,) or int(counts[name].sum()) != raw["tweets"]:
            raise ValueError(f"counts of {name}")
    found = Tally(int(raw["tweets"]), counts, int(raw["sure"]), float(raw["confidence"]))
    return Block(float(raw["opened_at"]), float(raw["closed_at"]), found)
