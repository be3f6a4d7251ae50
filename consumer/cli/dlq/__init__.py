"""``python -m consumer dlq list|show|replay``: what became of dead letters, and another chance for them."""

from __future__ import annotations

import argparse
from typing import Protocol

from consumer import settings
from consumer.cli.dlq import listing, replaying, showing
from consumer.monitoring.logs import configure

SUMMARY = "dead letters: list and show them, or put them back where they came from"


class Action(Protocol):
    """What a file of this folder offers, as a file in ``cli/`` does."""

    SUMMARY: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the flags that are not settings."""

    def run(self, args: argparse.Namespace, settings: settings.Settings) -> int:
        """Do it; returns the exit code."""


ACTIONS: dict[str, Action] = {"list": listing, "show": showing, "replay": replaying}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """An action each with flags of its own; `dlq ACTION --help` is its manual."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    for name, action in ACTIONS.items():
        own = actions.add_parser(
            name, help=action.SUMMARY, description=action.SUMMARY, allow_abbrev=False, add_help=True
        )
        action.add_arguments(own)
        settings.add_flags(own)


def run(args: argparse.Namespace) -> int:
    """Do the one that is asked for."""
    chosen = settings.load(args)
    configure(max(chosen.log_level, "WARNING", key=_severity), chosen.log_format)
    return ACTIONS[args.action].run(args, chosen)


def _severity(level: str) -> int:
    return ("DEBUG", "INFO", "WARNING", "ERROR").index(level)
