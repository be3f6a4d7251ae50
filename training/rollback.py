"""``training rollback``: the model that was in use before is in use again.

Goes back along ``Models/HISTORY.jsonl``: twice takes two promotions back, and never comes forward again by
itself; ``promote`` does that.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from consumer.errors import ModelRefusedError
from consumer.model.folder import POINTER, open_model
from training.ship.current import ROLLBACK, Entry, alone, in_use, move, read_history, way_here
from training.ship.swap import put_back
from training.ship.verify import verify


def rollback(models: Path, because: str | None, clock: Callable[[], datetime]) -> tuple[str, list[str]]:
    """Move ``CURRENT`` in ``models`` back by one.

    Returns the name in use now, and what is wrong with the history.

    Raises:
        ValueError: there is nothing to go back to.
        ModelRefusedError: a consumer would refuse what was in use before; ``CURRENT`` stays.
    """
    if not models.is_dir():
        raise ValueError(f"{models}: no such folder")
    with alone(models):
        current = in_use(models)
        entries, faults = read_history(models)
        way = way_here(entries, current)
        if current is None or len(way) < 2:  # noqa: PLR2004 - the one in use and the one before
            raise ValueError(f"{models}: the history names no model before {current or 'the first'}")
        for name in way[-2:]:
            put_back(models / name)
        before = verify(models / way[-2])
        move(
            models,
            Entry(
                time=clock().isoformat(timespec="seconds").replace("+00:00", "Z"),
                action=ROLLBACK,
                before=current,
                after=way[-2],
                versions=(_version(models / current), before.version),
                verdict="not compared",
                reason=because,
            ),
        )
    return way[-2], faults


def _version(folder: Path) -> str | None:
    """Of what is left, which may be the reason for leaving it."""
    try:
        return open_model(folder).version
    except ModelRefusedError:
        return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training rollback``."""
    parser.add_argument("--models", type=Path, default=Path("Models"), help="the folder that holds CURRENT")
    parser.add_argument("--because", metavar="TEXT", help="why; kept in the history")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training rollback``."""
    name, faults = rollback(args.models, args.because, lambda: datetime.now(UTC))
    for fault in faults:
        print(f"warning: {fault}", file=sys.stderr)
    print(json.dumps({"current": name}) if args.json else f"{args.models.name}/{POINTER} → {name}")
    return 0
