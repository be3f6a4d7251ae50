"""``python -m consumer [command]``: finds the command's file; turns an error into a line and an exit code."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from consumer import __version__
from consumer.cli.commands import COMMANDS, HIDDEN, INSTALLED, Command, Parser, fill, find
from consumer.errors import ConfigurationError, ConsumerError
from consumer.monitoring.logs import unforeseen

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "python -m consumer"
_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except ConsumerError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`); what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - Python's own account of it would quote what it pleases
        sys.stderr.write(f"error: not foreseen: {unforeseen(error)}\n")
        return ConsumerError.exit_code


def _run(words: list[str]) -> int:
    if words and words[0] in ("-h", "--help"):
        sys.stdout.write(_overview())
        return 0
    if words and words[0] == "--version":
        sys.stdout.write(f"tweet-sentiment {__version__}\n")
        return 0
    name = words.pop(0) if words and not words[0].startswith("-") else "run"
    if name not in COMMANDS + HIDDEN:
        raise ConfigurationError(
            f"unknown command {name!r}{_meant(name, COMMANDS)}; {_program()} --help lists all"
        )
    command = find(name)
    return command.run(_parse(name, command, words))


def _program() -> str:
    """How it was called: as a module, or by the name that an installation gives."""
    return INSTALLED if Path(sys.argv[0]).stem == INSTALLED else PROGRAM


def _parse(name: str, command: Command, words: list[str]) -> argparse.Namespace:
    parser = Parser(prog=f"{_program()} {name}", description=command.SUMMARY, allow_abbrev=False)
    fill(parser, command)
    args, rest = parser.parse_known_args(words)
    for word in rest:
        if word.startswith("-"):
            parser.error(f"unknown flag {word}{_meant(word.partition('=')[0], _flags(parser))}")
    if rest:
        parser.error(f"unexpected argument {rest[0]!r}")
    return args


def _flags(parser: argparse.ArgumentParser) -> list[str]:
    """All flags of a command and of its actions."""
    found: list[str] = []
    for action in parser._actions:  # noqa: SLF001 - argparse lists its flags nowhere else
        found += action.option_strings
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - nor its sub-parsers
            found += [flag for own in action.choices.values() for flag in _flags(own)]
    return found


def _meant(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f", did you mean {close[0]}?" if close else ""


def _overview() -> str:
    lines = [f"usage: {_program()} [command] [flags]", "", "Tweets in from Kafka, labelled results out.", ""]
    lines += [f"  {name:<10} {find(name).SUMMARY}" for name in COMMANDS]
    lines += [
        "",
        "Without a command: run. `COMMAND --help` is the manual of its flags and of all settings.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
