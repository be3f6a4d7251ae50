"""Which dead letters are meant: by stage, reason, time of failure and partition; all have to fit."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from consumer.dead_letter import DeadLetter
from consumer.records import Reason, Stage

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smhd])")


@dataclass(frozen=True, slots=True)
class Choice:
    """An empty collection, and None, let everything through. Times are seconds since 1970."""

    stages: Collection[str] = ()
    reasons: Collection[str] = ()
    since: float | None = None
    until: float | None = None
    partitions: Collection[int] = ()

    def takes(self, letter: DeadLetter) -> bool:
        """Whether a dead letter is meant."""
        return (
            (not self.stages or letter.stage in self.stages)
            and (not self.reasons or letter.reason in self.reasons)
            and (self.since is None or letter.failed_at >= self.since)
            and (self.until is None or letter.failed_at < self.until)
            and (not self.partitions or letter.record.partition in self.partitions)
        )


def add_filters(parser: argparse.ArgumentParser) -> None:
    """The flags that choose."""
    group = parser.add_argument_group("which dead letters (all of them, unless told otherwise)")
    group.add_argument(
        "--stage", action="append", choices=[str(s) for s in Stage], help="rejected at this step; repeatable"
    )
    group.add_argument(
        "--reason",
        action="append",
        choices=[str(r) for r in Reason],
        metavar="REASON",
        help=f"rejected for this reason; repeatable: {', '.join(Reason)}",
    )
    group.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help="dead-lettered at this time or later: ISO 8601 (UTC unless it says otherwise), or 10m, 2h, 3d",
    )
    group.add_argument("--until", type=moment, metavar="TIME", help="dead-lettered before this time")
    group.add_argument(
        "--partition", type=number, action="append", metavar="N", help="in this partition; repeatable"
    )


def chosen(args: argparse.Namespace) -> Choice:
    """What the flags say."""
    return Choice(
        args.stage or (), args.reason or (), args.since, args.until, frozenset(args.partition or ())
    )


def moment(text: str) -> float:
    """Seconds since 1970 for a time, or for a span before now."""
    if span := _SPAN.fullmatch(text.strip().lower()):
        return time.time() - float(span[1]) * _UNITS[span[2]]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "a time such as 2026-11-22T10:00:00Z, or a span such as 10m or 2h, is wanted"
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def number(text: str) -> int:
    """A whole number from 0."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError("a whole number from 0 is wanted")
    return int(text)
