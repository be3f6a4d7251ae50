"""What ``watch`` shows of results, without a broker."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Generator
from typing import Any

import pytest
from rich.console import Console

from consumer.cli import watch
from consumer.cli.board import Board, draw
from consumer.records import Record


def body(number: int, label: str = "positive", text: str = "a sunny day") -> dict[str, Any]:
    """A result as on the topic."""
    return {
        "id": str(number),
        "text": text,
        "label": label,
        "probability": 0.9,
        "scored_at": "2026-11-22T10:00:00.150Z",
        "source": {"timestamp": "2026-11-22T10:00:00.050Z"},
    }


def record(value: bytes | None) -> Record:
    """A record of the output topic."""
    return Record("tweets.sentiment", 0, 0, 0, None, value)


class HandClock:
    """A monotonic clock turned by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def drawn(board: Board, rows: int = 10) -> str:
    """The table as a terminal of 100 columns shows it."""
    screen = io.StringIO()
    console = Console(file=screen, width=100, color_system=None)
    console.print(draw(board, rows))
    return screen.getvalue()


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Record, ...]]:
    """What the topic gives, poll by poll; then Ctrl-C."""
    given: list[tuple[Record, ...]] = []

    def follow(*_: object, from_start: bool) -> Generator[tuple[Record, ...], None, None]:
        yield from given
        raise KeyboardInterrupt

    monkeypatch.setattr(watch, "follow", follow)
    return given


def run(*words: str) -> int:
    """The command with these flags."""
    parser = argparse.ArgumentParser()
    watch.add_arguments(parser)
    return watch.run(parser.parse_args(words))


def test_a_pipe_gets_json_lines(polls: list[tuple[Record, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    """Where the output is no terminal each result is one line, and Ctrl-C is a clean end."""
    polls += [(), (record(json.dumps(body(1)).encode()), record(json.dumps(body(2)).encode()))]
    assert run() == 0
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == ["1", "2"]


def test_count_stops(polls: list[tuple[Record, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    """Exactly N results, though the last poll brought more."""
    polls += [tuple(record(json.dumps(body(n)).encode()) for n in range(3))] * 2
    assert run("--json", "--count", "4") == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_foreign_records_are_passed_over(
    polls: list[tuple[Record, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    """What no consumer wrote does not end the watching."""
    polls.append((record(None), record(b"\xff"), record(b"[1]"), record(b'{"id": "1"}')))
    assert run() == 0
    assert capsys.readouterr().out == '{"id": "1"}\n'


@pytest.mark.parametrize("word", ["0", "-1", "many"])
def test_a_count_is_at_least_one(word: str) -> None:
    """A wrong count is a usage error."""
    with pytest.raises(SystemExit, match="2"):
        run("--count", word)


def test_the_table_adds_up() -> None:
    """Count, rate, label shares, latency and the newest result first."""
    clock = HandClock()
    board = Board(clock)
    clock.now += 2
    board.add([body(1), body(2, "negative", "rain again"), body(3), body(4)])
    shown = drawn(board, rows=3)
    assert "4 results · 2.0/s · positive 75% · negative 25%" in shown
    assert "p50 100 ms" in shown
    assert shown.index("rain again") > shown.index("a sunny day")
    assert shown.count("a sunny day") == 2  # the oldest has no row


def test_the_rate_forgets() -> None:
    """What arrived long ago is no rate."""
    clock = HandClock()
    board = Board(clock)
    board.add([body(1)])
    clock.now += 11
    assert board.rate() == 0


def test_a_tweet_does_not_steer_the_terminal() -> None:
    """Escape sequences, line ends and markup in a text are shown as text."""
    board = Board(HandClock())
    board.add([body(1, text="\x1b[2J[bold]gone[/bold]\r\nnext")])
    shown = drawn(board)
    assert "\x1b" not in shown
    assert "[2J[bold]gone[/bold]  next" in shown


def test_an_odd_result_still_has_a_row() -> None:
    """A reader ignores what it does not know, and lives with what is missing."""
    board = Board(HandClock())
    board.add([{"label": None, "probability": "high", "source": 3, "scored_at": 5}])
    assert "None" in drawn(board)
