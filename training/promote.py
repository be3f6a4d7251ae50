"""``training promote``: a verified model folder becomes the one in use, if it is not worse.

``Models/CURRENT`` moves in one rename; a consumer reads it when it starts and finds the old model or the new
one, whole. The change is kept in ``Models/HISTORY.jsonl``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from consumer.errors import ModelRefusedError
from consumer.model.folder import POINTER, ModelFolder, open_model
from training.measure.paired import Comparison
from training.measure.trained_on import trained_on
from training.ship.contest import contest
from training.ship.current import PROMOTE, Entry, alone, in_use, move
from training.ship.distinct import require_own_version
from training.ship.swap import put_back
from training.ship.verify import verify

FIRST = "first"
_HELD_OUT = Path("Data/processed/test.csv")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison with the model in use came to."""

    verdict: str  # better, same, worse, first, not comparable, not compared
    sentence: str
    comparison: Comparison | None = None


def promote(
    folder: Path, rows: Path | None, because: str | None, clock: Callable[[], datetime]
) -> tuple[Path, Verdict]:
    """Point ``CURRENT`` beside ``folder`` at it; returns the path of ``CURRENT`` and how it was judged.

    Args:
        folder: what is to be in use.
        rows: labelled rows to compare on, held out from both models' training.
        because: why, where it is worse or cannot be compared.
        clock: the time now, in UTC, for the history.

    Raises:
        ModelRefusedError: a consumer would refuse the folder, another model beside it has its name and
            version, or it is worse and nobody said why.
        ValueError: there is nothing to compare on, or one of the two was trained on it, and nobody said why.
    """
    put_back(folder)
    new = verify(folder)
    require_own_version(new)
    models, name = new.path.resolve().parent, new.path.resolve().name
    with alone(models):
        before = in_use(models)
        if before:
            put_back(models / before)
        verdict, old = _judge(new, models, before, rows, because)
        if before != name:
            move(models, _entry(clock, new, old, (before, name), verdict, because))
    return models / POINTER, verdict


def _judge(
    new: ModelFolder, models: Path, before: str | None, rows: Path | None, because: str | None
) -> tuple[Verdict, ModelFolder | None]:
    if before is None:
        return Verdict(FIRST, "no model was in use"), None
    if before == new.path.resolve().name:
        return Verdict("same", "it is in use already"), new
    try:
        old = open_model(models / POINTER)
    except ModelRefusedError as error:
        # Nothing this consumer could run is given up: there is no worse than that.
        return Verdict("not comparable", f"this consumer refuses the model in use: {error}"), None
    if rows is None:
        if not because:
            raise ValueError(
                f"no rows to compare with {before} on ({_HELD_OUT} is not there): "
                'name a labelled file with --on, or say why with --because "…"'
            )
        return Verdict("not compared", "there were no rows to compare on"), old
    for model in () if because else (new, old):
        if known := trained_on(model, rows):
            raise ValueError(f'{known}, or say why with --because "…"')
    found = contest(new, old, rows)
    if found.verdict == "worse" and not because:
        raise ModelRefusedError(
            f'than {before} on {rows.name}, {found.sentence()}; --because "…" promotes it all the same'
        )
    return Verdict(found.verdict, f"than {before} on {rows.name}, {found.sentence()}", found), old


def _entry(
    clock: Callable[[], datetime],
    new: ModelFolder,
    old: ModelFolder | None,
    names: tuple[str | None, str],
    verdict: Verdict,
    because: str | None,
) -> Entry:
    return Entry(
        time=clock().isoformat(timespec="seconds").replace("+00:00", "Z"),
        action=PROMOTE,
        before=names[0],
        after=names[1],
        versions=(old.version if old else None, new.version),
        verdict=verdict.verdict,
        reason=because,
        comparison=asdict(verdict.comparison) if verdict.comparison else None,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training promote``."""
    parser.add_argument("model", type=Path, help="a model folder, such as Models/distilbert-mini")
    parser.add_argument(
        "--on",
        type=Path,
        metavar="FILE",
        help=f"labelled rows to compare with the model in use on; else {_HELD_OUT} where it is there",
    )
    parser.add_argument(
        "--because", metavar="TEXT", help="why, where it is worse or cannot be compared; kept in the history"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training promote``."""
    if args.on is not None and not args.on.is_file():
        raise ValueError(f"{args.on}: no such file")
    rows = args.on or (_HELD_OUT if _HELD_OUT.is_file() else None)
    pointer, verdict = promote(args.model, rows, args.because, lambda: datetime.now(UTC))
    current = in_use(pointer.parent)
    if args.json:
        print(json.dumps({"current": current, **asdict(verdict)}, indent=1, ensure_ascii=False))
        return 0
    print(verdict.sentence)
    print(f"{pointer.parent.name}/{pointer.name} → {current}")
    return 0
