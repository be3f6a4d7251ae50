"""``training promote``: a verified model folder becomes the one in use, ``Models/CURRENT``."""

from __future__ import annotations

import argparse
from pathlib import Path

from consumer.errors import ModelRefusedError
from consumer.model.folder import POINTER, ModelFolder, open_model
from consumer.model.golden import check_golden
from consumer.scoring.load import load_scorer
from consumer.tokenise import Tokeniser


def verify(folder: Path) -> ModelFolder:
    """Open a folder and score its golden texts; raises ``ModelRefusedError``."""
    model = open_model(folder)
    if model.manifest is None:
        raise ModelRefusedError(f"{folder} has no manifest.json: run `python -m training export` on it")
    scorer = load_scorer(model.path, "openvino")
    check_golden(model, Tokeniser(model.tokeniser_path, model.max_length), scorer)
    scorer.close()
    return model


def promote(folder: Path) -> Path:
    """Point ``CURRENT`` beside ``folder`` at it, in one rename; returns the path of ``CURRENT``."""
    verify(folder)
    pointer = folder.resolve().parent / POINTER
    temporary = pointer.with_name(POINTER + ".tmp")
    temporary.write_text(folder.resolve().name + "\n", encoding="utf-8")
    temporary.replace(pointer)
    return pointer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training promote``."""
    parser.add_argument("model", type=Path, help="a model folder, such as Models/distilbert-mini")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training promote``."""
    pointer = promote(args.model)
    print(f"{pointer.parent.name}/{pointer.name} → {args.model.resolve().name}")
    return 0
