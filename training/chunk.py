"""``training chunk``: raw labelled files → balanced train chunks, held-out splits, a manifest.

A row is placed by the hash of its normalised text, so one tweet never stands on both sides of a split,
however often data is added. Texts that repeat are kept once (the first); a text with two labels is dropped
whole. The folder is replaced as a whole at the end, or not at all.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import Any

from training.data.chunking import NEUTRAL_CHOICES, Options, Sources, chunk

__all__ = ["add_arguments", "chunk", "run"]

_DEFAULTS = Options()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training chunk``."""
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="NAME=FILE",
        type=_source,
        help="labelled csv, plain or gzipped, UTF-8 or Latin-1: columns target (0, 2 or 4) and text, and if "
        "you like date, source, weight; without a header the two, or the six of Sentiment140. NAME is the "
        "source of rows that name none (without it: the file's name). Of a text that repeats the first row "
        "is kept, so name the better source first",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("Data/processed"),
        help="folder to make or to replace; refused where it holds anything but what this command made",
    )
    parser.add_argument(
        "--rows", type=_even, default=_DEFAULTS.rows_per_chunk, help="rows a chunk, half of each label"
    )
    parser.add_argument(
        "--all-rows",
        action="store_true",
        help="keep every row, in the proportions they come in; else rows of the longer label are left out",
    )
    parser.add_argument(
        "--seed", type=_count, default=_DEFAULTS.seed, help="of the order of rows; splits do not move"
    )
    parser.add_argument(
        "--neutral",
        choices=NEUTRAL_CHOICES,
        default=_DEFAULTS.neutral,
        help="rows of label 2: leave out; keep for measuring a neutral band (in the held-out files, and in "
        "neutral.csv those that would train; never in a chunk); or refuse",
    )
    parser.add_argument(
        "--even-days",
        type=_exponent,
        default=_DEFAULTS.even_days,
        metavar="ALPHA",
        help="weigh a row by (rows of its label on its day)^-ALPHA, mean 1 within a source that has dates: "
        "labels that came in bursts of a few days stand less for what people spoke of then. 0 is off, 1 "
        "makes all days equal; rows without a date are one day",
    )
    parser.add_argument(
        "--weight",
        action="append",
        default=[],
        type=_weight,
        metavar="NAME=W",
        help="rows of this source count W times as much in the loss; may be repeated",
    )
    parser.add_argument(
        "--share",
        action="append",
        default=[],
        type=_share,
        metavar="NAME=S",
        help="of this source's rows that train take this share, above 0 and at most 1, chosen by their hash: "
        "beside a small source a large one need not be read whole; may be repeated",
    )
    parser.add_argument(
        "--workers",
        type=_count,
        help="processes that clean texts beside this one; 0 for none, as many as pay by default. The result "
        "does not depend on it",
    )


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training chunk``."""
    options = Options(
        args.rows,
        args.seed,
        args.neutral,
        args.even_days,
        dict(args.weight),
        dict(args.share),
        balanced=not args.all_rows,
    )
    sources: Sources = args.sources
    started = time.monotonic()
    manifest = chunk(sources, args.out, options, args.workers)
    print(summary(manifest, args.out, time.monotonic() - started))
    return 0


def summary(manifest: dict[str, Any], out: Path, seconds: float) -> str:
    """What was read, left out and written."""
    counts, splits = manifest["counts"], manifest["splits"]
    reasons = {
        "neutral_dropped": "neutral",
        "empty_after_cleaning": "empty after cleaning",
        "duplicates_dropped": "duplicates",
        "contradictory_dropped": f"of {counts['contradictory_texts']:,} texts with two labels",
        "beyond_share_left_out": "beyond their source's share",
        "unbalanced_left_out": "so that the labels balance",
    }
    left_out = [f"{counts[name]:,} {why}" for name, why in reasons.items() if counts.get(name)]
    chunked = sum(chunk["rows"] for chunk in manifest["chunks"].values())
    held_out = ", ".join(f"{name} {account['rows']:,}" for name, account in manifest["files"].items())
    return "\n".join(
        [
            f"read      {counts['read']:,} rows of {len(manifest['inputs'])} file(s)",
            f"left out  {'; '.join(left_out) or 'none'}",
            f"train     {chunked:,} rows in {len(manifest['chunks']):,} chunks, of {splits['train']:,}",
            f"held out  {held_out}",
            f"wrote     {out} in {seconds:.1f} s, {counts['read'] / max(seconds, 1e-9):,.0f} rows/s",
        ]
    )


def _source(argument: str) -> tuple[str, Path]:
    name, equals, file = argument.partition("=")
    path = Path(argument) if not equals or Path(argument).exists() else Path(file)
    is_named = equals and path != Path(argument)
    return (name if is_named and name else path.name.split(".")[0]), path


def _weight(argument: str) -> tuple[str, float]:
    name, weight = _named(argument)
    if not name or not math.isfinite(weight) or weight < 0:
        raise argparse.ArgumentTypeError(f"{argument!r} is not NAME=W with W from 0 up")
    return name, weight


def _share(argument: str) -> tuple[str, float]:
    name, share = _named(argument)
    if not name or not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{argument!r} is not NAME=S with S above 0 and at most 1")
    return name, share


def _named(argument: str) -> tuple[str, float]:
    name, _, number = argument.rpartition("=")
    return name, float(number)


def _even(argument: str) -> int:
    rows = int(argument)
    if rows < 2 or rows % 2:  # noqa: PLR2004 - one of each label
        raise argparse.ArgumentTypeError(f"{rows} rows cannot be half of each label")
    return rows


def _count(argument: str) -> int:
    count = int(argument)
    if count < 0:
        raise argparse.ArgumentTypeError(f"{count} is below 0")
    return count


def _exponent(argument: str) -> float:
    alpha = float(argument)
    if not math.isfinite(alpha) or alpha < 0:
        raise argparse.ArgumentTypeError(f"{argument} is not a number from 0 up")
    return alpha
