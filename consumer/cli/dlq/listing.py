"""``python -m consumer dlq list``: counts by stage and reason, and the newest dead letters."""

from __future__ import annotations

import argparse
import heapq
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from consumer.broker.onlooker import Onlooker
from consumer.cli.dlq.choice import Choice, add_filters, chosen, number
from consumer.cli.dlq.words import facts, readable
from consumer.dead_letter import DeadLetter, read_dead_letter
from consumer.records import Record
from consumer.settings import Settings

SUMMARY = "count dead letters by stage and reason, and list the newest"
_NEWEST = 10
_COLUMNS = ("position", "failed_at", "stage", "reason", "attempt", "source", "value")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that are not settings."""
    add_filters(parser)
    parser.add_argument(
        "--limit", type=number, default=_NEWEST, metavar="N", help=f"list the newest N [{_NEWEST}]"
    )
    parser.add_argument(
        "--show-text",
        action="store_true",
        help="also what each record held; it may be anybody's, so not by default",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Read the topic once, and tell."""
    choice = chosen(args)
    with Onlooker(settings, settings.kafka_dlq_topic, choice.partitions or None) as topic:
        counts, newest = survey(topic.catch_up(), choice, args.limit)
    body: dict[str, Any] = {
        "topic": settings.kafka_dlq_topic,
        "total": sum(counts.values()),
        "counts": [{"stage": s, "reason": r, "count": n} for (s, r), n in counts.most_common()],
        "newest": [facts(letter, show_text=args.show_text) for letter in newest],
    }
    print(json.dumps(body, indent=2) if args.json else "\n".join(_lines(body)))
    return 0


def survey(
    polls: Iterable[tuple[Record, ...]], choice: Choice, limit: int
) -> tuple[Counter[tuple[str, str]], list[DeadLetter]]:
    """How many there are of each stage and reason, and the newest of them, newest first."""
    counts: Counter[tuple[str, str]] = Counter()
    newest: list[DeadLetter] = []
    for records in polls:
        letters = [letter for letter in map(read_dead_letter, records) if choice.takes(letter)]
        counts.update((letter.stage, letter.reason) for letter in letters)
        newest = heapq.nlargest(limit, [*newest, *letters], key=_age)
    return counts, newest


def _age(letter: DeadLetter) -> tuple[float, int]:
    return letter.failed_at, letter.record.offset


def _lines(body: dict[str, Any]) -> list[str]:
    lines = [f"{body['topic']}: {body['total']} dead letters"]
    lines += [f"{c['count']:>8}  {_word(c['stage'])}  {_word(c['reason'])}" for c in body["counts"]]
    rows = [[_word(letter[c]) for c in _COLUMNS if c in letter] for letter in body["newest"]]
    if not rows:
        return lines
    head = [column for column in _COLUMNS if column in body["newest"][0]]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    table = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)) for row in [head, *rows]]
    return [*lines, "", *(line.rstrip() for line in table)]


def _word(value: object) -> str:
    """One cell; what headers say may be anything."""
    text = "" if value is None else str(value)
    return readable(text.encode("utf-8", "backslashreplace")) or "-"
