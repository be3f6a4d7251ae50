"""``python -m consumer score``: texts in, labelled results out, without a broker."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from consumer.assembly import Model, label_rule, places, result_style
from consumer.batch import Rules, label, prepare
from consumer.cli.loading import load_model
from consumer.encode import result_body, to_json
from consumer.errors import ConfigurationError
from consumer.monitoring.logs import configure
from consumer.records import Record, Reject, Result, Skip
from consumer.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from consumer.batch import Item

SUMMARY = "label texts from arguments or standard input, without a broker: one JSON result a line"
_READ_BYTES = 1 << 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that are not settings."""
    parser.add_argument(
        "texts",
        nargs="*",
        metavar="TEXT",
        help="texts to label; without any, each line of standard input: a plain text, or where it begins "
        "with { a JSON object as on the topic (INPUT_FORMAT=text: all are plain)",
    )
    parser.add_argument("--json", action="store_true", help="so it is anyhow: one JSON result a line")


def run(args: argparse.Namespace) -> int:
    """Label each text; a bad one gives ``{"error": …}`` in its place."""
    settings = load(args)
    configure("WARNING", settings.log_format)
    if not args.texts and sys.stdin is None:
        raise ConfigurationError("no texts: neither arguments nor a standard input to read them from")
    texts = [[os.fsencode(text) for text in args.texts]] if args.texts else _lines(sys.stdin.buffer)
    steps = Steps(settings, load_model(settings), as_json=settings.input_format == "json" and not args.texts)
    offset = 0
    for batch in texts:
        for start in range(0, len(batch), settings.max_batch_messages):
            part = batch[start : start + settings.max_batch_messages]
            for body in steps.label(part, offset):
                sys.stdout.buffer.write(to_json(body) + b"\n")
            sys.stdout.buffer.flush()
            offset += len(part)
    return 0


def _lines(source: IO[bytes]) -> Iterator[list[bytes]]:
    """The lines there are, as soon as they are there: a slow writer waits for no batch to fill."""
    rest = b""
    while data := os.read(source.fileno(), _READ_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        yield [line.removesuffix(b"\r") for line in lines]
    if rest:
        yield [rest]


class Steps:
    """The stream's own steps, over lines."""

    def __init__(self, settings: Settings, model: Model, *, as_json: bool) -> None:
        """``as_json``: lines that begin with ``{`` are records as on the topic."""
        rule = label_rule(settings, model.folder)
        self._json = Rules(model.tokeniser, rule, "json", settings.languages, places(settings))
        self._text = replace(self._json, input_format="text")
        self._scorer, self._style, self._as_json = model.scorer, result_style(settings, model.folder), as_json

    def label(self, lines: Iterable[bytes], first: int) -> list[dict[str, Any]]:
        """A body for each line, in order; ``first`` is the number of the first line."""
        items = [self._prepare(Record("line", 0, n, 0, None, line)) for n, line in enumerate(lines, first)]
        outcome = label(items, self._scorer, self._json.label)
        done: list[Result | Reject | Skip] = [*outcome.results, *outcome.rejects, *outcome.skips]
        return [self._body(item) for item in sorted(done, key=lambda item: item.record.offset)]

    def _prepare(self, record: Record) -> Item:
        is_json = self._as_json and (record.value or b"").lstrip().startswith(b"{")
        return prepare([record], self._json if is_json else self._text)[0]

    def _body(self, item: Result | Reject | Skip) -> dict[str, Any]:
        if isinstance(item, Result):
            return result_body(item, self._style, time.time())
        if isinstance(item, Skip):
            return {"skipped": item.reason.value}
        return {"error": item.reason.value, "message": item.message}
