"""``training blend``: two checkpoints of one shape → one whose weights lie between theirs.

A model trained on from another one gains where it was trained and loses elsewhere. Between the weights of
both there often lies one that keeps nearly all of either (Wortsman et al. 2022, "Robust fine-tuning of
zero-shot models"). It costs no training; which share is best is for validation to say: ``training evaluate``.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from consumer.errors import ModelRefusedError
from consumer.tokenise import fingerprint
from training.fit.derived import require_checkpoint, told_of, write_checkpoint
from training.fit.record import portable, weights_hash
from training.fit.start import Source, Start, expected_shapes, find_start


def blend(first: Start, second: Start, share: float) -> Start:
    """(1 - share) · first + share · second, weight by weight, their heads as well.

    Raises ``ModelRefusedError`` where their shapes or word pieces differ.
    """
    if expected_shapes(first.config) != expected_shapes(second.config):
        raise ModelRefusedError(f"{first.name} and {second.name} are not of one shape")
    if len({fingerprint(start.tokeniser / "tokenizer.json") for start in (first, second)}) > 1:
        raise ModelRefusedError(f"{first.name} and {second.name} have not the same word pieces")
    if first.weights.keys() != second.weights.keys():
        raise ModelRefusedError(f"of {first.name} and {second.name} one has a head, the other none")
    weights = {
        name: (1 - share) * value + share * second.weights[name] for name, value in first.weights.items()
    }
    return dataclasses.replace(second, weights=weights)


def _told(first: Start, second: Start, share: float, command: Sequence[str]) -> dict[str, Any]:
    named = [
        {"name": start.name, "share": round(part, 6), "sha256": weights_hash(start.file)}
        for start, part in ((first, 1 - share), (second, share))
    ]
    return told_of(second) | {"blended": named, "blend_command": portable(command)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training blend``."""
    flag = parser.add_argument
    flag("first", type=Path, help="a checkpoint")
    flag("second", type=Path, help="a checkpoint trained on from the first, or from where the first was")
    flag("--share", type=_share, default=0.5, help="of the second, from 0 to 1")
    flag("--out", type=Path, required=True, help="checkpoint to make or to replace")


def _share(argument: str) -> float:
    share = float(argument)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{argument} is not from 0 to 1")
    return share


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training blend``."""
    require_checkpoint(args.out)
    first, second = (find_start(Source(str(place))) for place in (args.first, args.second))
    made = blend(first, second, args.share)
    write_checkpoint(args.out, made, _told(first, second, args.share, sys.argv))
    print(f"wrote {args.out}: {1 - args.share:.0%} {first.name}, {args.share:.0%} {second.name}")
    return 0
