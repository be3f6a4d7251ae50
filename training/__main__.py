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
    "split": "one labelled file into two, so that what chooses does not measure",
    "pretrain": "raw texts into an encoder that knows how tweets are written",
    "train": "chunks into a checkpoint",
    "teach": "what checkpoints say of every row into the chunks, for a smaller model to learn",
    "blend": "two checkpoints into one between them",
    "trim": "a checkpoint into one with fewer word pieces",
    "evaluate": "a model folder against labelled files",
    "calibrate": "scale, threshold and drift reference of a model folder, anew",
    "export": "a checkpoint into a model folder: int8, gated, with its manifest",
    "report": "a model folder's files into a report with figures",
    "promote": "a verified model folder becomes the one in use, if it is not worse",
    "rollback": "the model that was in use before is in use again",
    "list": "the models there are, and which one is in use",
    "small": "all of it on a tiny set that ships, the same to the last digit every time",
    "push": "a model folder to the Hugging Face Hub",
}


class _Help(argparse.HelpFormatter):
    """A default stands in brackets, as the consumer's help has it; where there is none nothing does."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text, default = action.help or "", action.default
        if not action.option_strings or default is None or default is False:
            return text
        if default in ([], "", argparse.SUPPRESS):
            return text
        shown = " ".join(map(str, default)) if isinstance(default, list | tuple) else str(default)
        return f"{text} [{shown.replace('%', '%%')}]"


def main(argv: list[str] | None = None) -> int:
    """Run one command; exit 2 on bad input, 3 on a bad model, 130 when interrupted, with one line why."""
    arguments = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="Makes, measures and promotes models; `COMMAND --help` is the manual of its flags.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, formatter_class=_Help, allow_abbrev=False)
        # Only the asked-for command is imported: most of them load TensorFlow.
        if name in arguments[:1]:
            module = importlib.import_module(f"training.{name}")
            sub.description = (module.__doc__ or "").replace("``", "`")
            module.add_arguments(sub)
    args = parser.parse_args(arguments)
    try:
        return int(importlib.import_module(f"training.{args.command}").run(args))
    except ConsumerError as error:
        return _refused(args.command, error, error.exit_code)
    except ValueError as error:
        return _refused(args.command, error, 2)
    except OSError as error:  # a full disk, a file that may not be read
        return _refused(args.command, _in_words(error), 2)
    except KeyboardInterrupt:
        return _refused(args.command, "interrupted", 130)


def _in_words(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)


def _refused(command: str, reason: object, exit_code: int) -> int:
    print(f"training {command}: {reason}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
