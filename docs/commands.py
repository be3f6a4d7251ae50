"""The manual of the commands, from their own parsers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from consumer.cli.commands import COMMANDS, Parser, find

PROGRAM = "python -m consumer"


def commands() -> str:
    """A section a command, and one an action of a command that has some."""
    return "\n".join(line for name in COMMANDS for line in _command(name))


def _command(name: str) -> Iterator[str]:
    command = find(name)
    parser = Parser(prog=f"{PROGRAM} {name}", allow_abbrev=False, add_help=False)
    command.add_arguments(parser)
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001 - argparse lists them nowhere else
    yield from _section(f"## `{name}`", command.SUMMARY, parser)
    for action in actions:
        for own_name, own in action.choices.items():
            yield from _section(f"### `{name} {own_name}`", own.description or "", own)


def _section(title: str, summary: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield from (title, "", f"{summary[0].upper()}{summary[1:]}.", "")
    # Of a sub-parser all flags of the settings are there already; their table stands elsewhere.
    groups = [group for group in parser._action_groups if not (group.title or "").startswith("settings")]  # noqa: SLF001 - nor its groups
    rows = [row for group in groups for action in group._group_actions for row in _row(action)]  # noqa: SLF001 - nor what is in them
    if rows:
        yield from ("| Argument | Meaning |", "|---|---|", *rows, "")


def _row(action: argparse.Action) -> Iterator[str]:
    if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):  # noqa: SLF001 - nor names their kinds
        return
    word = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else None)
    shown = f"{action.option_strings[-1]} {word}" if action.option_strings and word else word
    name = shown if action.nargs != 0 else action.option_strings[-1]
    meaning = (action.help or "").replace("%%", "%").replace("|", "\\|")
    yield f"| `{name}` | {meaning} |"
