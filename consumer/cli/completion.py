"""``python -m consumer completion SHELL``: what makes a shell complete commands and flags."""

from __future__ import annotations

import argparse
from typing import Final

import shtab

from consumer.cli.commands import INSTALLED, whole

SUMMARY = "print what makes a shell complete commands and flags"
# How each shell takes it in; docs/cli.md repeats it.
SHELLS: Final = {
    "bash": f'eval "$({INSTALLED} completion bash)"',
    "zsh": f'eval "$({INSTALLED} completion zsh)"',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that are not settings."""
    taken = "; ".join(f"{shell}: {line}" for shell, line in SHELLS.items())
    parser.add_argument(
        "shell", choices=tuple(SHELLS), metavar="SHELL", help=f"which, and how it takes it in: {taken}"
    )


def run(args: argparse.Namespace) -> int:
    """Print it, for the command that an installation gives."""
    print(shtab.complete(whole(INSTALLED), shell=args.shell), end="")
    return 0
