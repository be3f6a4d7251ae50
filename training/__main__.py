"""``python -m training COMMAND``: the offline package, one file a command."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from consumer.errors import ConsumerError

# transformers' TensorFlow classes need Keras 2; must be set before TensorFlow is first imported.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

COMMANDS = {
    "chunk": "raw labelled files into train chunks and held-out splits",
    "pretrain": "raw texts into an encoder that knows how tweets are written",
    "train": "chunks into a checkpoint",
    "evaluate": "a model folder against labelled files",
    "export": "a checkpoint into a model folder: int8, gated, with its manifest",
    "promote": "a verified model folder becomes the one in use",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; exit 2 on bad input and 3 on a bad model, with one line that names it."""
    arguments = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        # Only the asked-for command is imported: most of them load TensorFlow.
        if name in arguments[:1]:
            module = importlib.import_module(f"training.{name}")
            module.add_arguments(sub)
    args = parser.parse_args(arguments)
    try:
        return int(importlib.import_module(f"training.{args.command}").run(args))
    except ValueError as error:
        print(f"training {args.command}: {error}", file=sys.stderr)
        return 2
    except ConsumerError as error:
        print(f"training {args.command}: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
