"""``python -m consumer dlq show``: one dead letter, whole."""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

from consumer.broker.onlooker import Onlooker
from consumer.cli.dlq.choice import number
from consumer.cli.dlq.words import everything
from consumer.dead_letter import place, read_dead_letter
from consumer.errors import ConfigurationError
from consumer.records import Position
from consumer.settings import Settings

SUMMARY = "show one dead letter with its headers"
_PLACE = re.compile(r"(.+)-(\d{1,9})@(\d{1,18})")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that are not settings."""
    parser.add_argument(
        "position",
        nargs="?",
        type=_position,
        metavar="TOPIC-PARTITION@OFFSET",
        help="where it lies, as `dlq list` writes it",
    )
    parser.add_argument("--partition", type=number, metavar="N", help="or its partition")
    parser.add_argument("--offset", type=number, metavar="N", help="and its offset")
    parser.add_argument(
        "--show-text", action="store_true", help="also what it held; it may be anybody's, so not by default"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Read that one record."""
    wanted = _wanted(args, settings.kafka_dlq_topic)
    with Onlooker(settings, wanted.topic, [wanted.partition]) as topic:
        record = topic.record_at(wanted.partition, wanted.offset)
    if record is None:
        raise ConfigurationError(
            f"there is no record at {place(wanted)}; `dlq list` says where there are some"
        )
    body = everything(read_dead_letter(record), show_text=args.show_text)
    print(json.dumps(body, indent=2) if args.json else "\n".join(_lines(body)))
    return 0


def _position(text: str) -> Position:
    match = _PLACE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError("a position such as tweets.dlq-1@42 is wanted")
    return Position(match[1], int(match[2]), int(match[3]))


def _wanted(args: argparse.Namespace, topic: str) -> Position:
    by_flags = args.partition is not None and args.offset is not None
    if (args.partition is None) != (args.offset is None) or by_flags == (args.position is not None):
        raise ConfigurationError("wanted: either TOPIC-PARTITION@OFFSET, or --partition and --offset")
    if by_flags:
        return Position(topic, args.partition, args.offset)
    position: Position = args.position
    if position.topic != topic:
        raise ConfigurationError(f"{place(position)} is not in KAFKA_DLQ_TOPIC={topic}")
    return position


def _lines(body: dict[str, Any]) -> list[str]:
    lists = ("headers", "error_headers")
    width = max(map(len, body)) + 1
    lines = [f"{name:<{width}} {_shown(value)}" for name, value in body.items() if name not in lists]
    for name in lists:
        lines += [name, *(f"  {key}: {_shown(value)}" for key, value in body[name])]
    return lines


def _shown(value: object) -> str:
    return "(none)" if value is None else str(value)
