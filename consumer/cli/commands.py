"""Which commands there are, and the parser of each: for the entry point, for completion, for the manual."""

from __future__ import annotations

import argparse
import importlib
from typing import NoReturn, Protocol, cast

from consumer import settings
from consumer.errors import ConfigurationError

# A new one: its name here, its file in this folder.
COMMANDS = ("run", "serve", "check", "topics", "score", "watch", "dlq", "schema", "completion")
HIDDEN = ("settings",)  # for the makers of the manual
INSTALLED = "tweet-sentiment"  # the command that `pip install` gives


class Command(Protocol):
    """What a file of this folder offers."""

    SUMMARY: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the flags that are not settings."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; returns the exit code."""


class Parser(argparse.ArgumentParser):
    """One that says what is wrong as an error of ours, in one line."""

    def error(self, message: str) -> NoReturn:
        """Refuse, and say where the right word stands."""
        raise ConfigurationError(f"{message}; `{self.prog} --help` lists what there is")


def find(name: str) -> Command:
    """Imported only when asked for: a command does not wait for another's libraries."""
    return cast("Command", importlib.import_module(f"consumer.cli.{name}"))


def fill(parser: argparse.ArgumentParser, command: Command) -> None:
    """Give ``parser`` the flags of one command, and a flag a setting."""
    command.add_arguments(parser)
    settings.add_flags(parser)


def whole(program: str) -> Parser:
    """One parser of all commands, as completion wants it. Without a command it is run's."""
    parser = Parser(
        prog=program, description="Tweets in from Kafka, labelled results out.", allow_abbrev=False
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    settings.add_flags(parser)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    for name in COMMANDS:
        command = find(name)
        own = commands.add_parser(name, help=command.SUMMARY, description=command.SUMMARY, allow_abbrev=False)
        fill(own, command)
    return parser
