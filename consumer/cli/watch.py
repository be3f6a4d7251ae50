"""``python -m consumer watch``: results as they are committed, for eyes or for a pipe."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from rich.console import Console
from rich.live import Live

from consumer import settings
from consumer.broker.results import follow
from consumer.cli.board import Board, draw
from consumer.records import Record

SUMMARY = "live table of results in a terminal, or one JSON result a line"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the flags of this command."""
    parser.add_argument(
        "--from-start",
        action="store_true",
        help="begin with the oldest result the topic still holds; otherwise only what comes from now on",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON result a line instead of the table; so it is where the output is no terminal",
    )
    parser.add_argument("--count", type=_count, metavar="N", help="stop after N results; otherwise on Ctrl-C")


def run(args: argparse.Namespace) -> int:
    """Follows the output topic until Ctrl-C or ``--count``; returns the exit code."""
    chosen = settings.load(args)
    polls = follow(chosen, chosen.kafka_output_topic, from_start=args.from_start)
    show = _print if args.json or not sys.stdout.isatty() else _draw
    with contextlib.closing(polls), contextlib.suppress(KeyboardInterrupt):
        show(_limited(_bodies(polls), args.count))
    return 0


def _count(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError("should be 1 or more")
    return number


def _bodies(polls: Iterable[tuple[Record, ...]]) -> Iterator[list[dict[str, Any]]]:
    """Results poll by poll; what is no JSON object was not written by a consumer, and is passed over."""
    for records in polls:
        read = (_body(record.value) for record in records)
        yield [body for body in read if body is not None]


def _body(value: bytes | None) -> dict[str, Any] | None:
    try:
        body = json.loads(value or b"")
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _limited(polls: Iterable[list[dict[str, Any]]], count: int | None) -> Iterator[list[dict[str, Any]]]:
    """The polls, up to so many results."""
    left = count
    for bodies in polls:
        yield list(islice(bodies, left))
        if left is not None:
            left -= min(left, len(bodies))
            if not left:
                return


def _print(polls: Iterable[list[dict[str, Any]]]) -> None:
    for bodies in polls:
        for body in bodies:
            sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
        if bodies:
            sys.stdout.flush()


def _draw(polls: Iterable[list[dict[str, Any]]]) -> None:
    board = Board(time.monotonic)
    console = Console()
    with Live(console=console, auto_refresh=False) as live:
        for bodies in polls:
            board.add(bodies)
            live.update(draw(board, rows=max(3, console.height - 8)), refresh=True)
