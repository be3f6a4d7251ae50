"""``python -m consumer settings``: the settings in force, redacted, or their manual in Markdown."""

from __future__ import annotations

import argparse

from consumer import settings

SUMMARY = "print the settings in force, redacted"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that are not settings."""
    parser.add_argument(
        "--markdown", action="store_true", help="print the manual as a Markdown table instead"
    )


def run(args: argparse.Namespace) -> int:
    """Print one or the other."""
    if args.markdown:
        print(settings.table(), end="")
        return 0
    for name, value in settings.load(args).redacted().items():
        print(f"{name}={value}")
    return 0
