"""``training small``: the whole way on a tiny set that ships, the same to the last digit every time.

440 tweets written for it → chunks → a small DistilBERT from random
weights → numbers on the tenth that was held out. It shows that every step works here; the model is of no
other use.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from pathlib import Path
from types import ModuleType

from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from consumer.model.manifest import sha256
from training import chunk, evaluate, train
from training.data.rows import read_rows
from training.data.split import SPLITS
from training.fit.stop import INTERRUPTED

TWEETS = Path(__file__).with_name("tweets.csv")
PIECES = Path(__file__).with_name("vocab.txt")
_HELD_OUT = "held_out.csv"
_SHAPE = {
    "model_type": "distilbert",
    "max_position_embeddings": 64,
    "dim": 64,
    "n_layers": 2,
    "n_heads": 4,
    "hidden_dim": 128,
    "initializer_range": 0.05,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training small``."""
    parser.add_argument("--out", type=Path, default=Path("runs/small"), help="folder of everything made")
    parser.add_argument("--epochs", type=float, default=12.0, help="passes over the 396 tweets that train")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training small``."""
    data, out = args.out / "data", args.out / "run"
    if (args.out / _HELD_OUT).exists():  # this run's folder, not one of another kind that happens to be there
        shutil.rmtree(out, ignore_errors=True)
    if code := _call(chunk, f"small={TWEETS}", "--out", data, "--rows", 40, "--workers", 0):
        return code
    held_out = _pooled([data / f"{name}.csv" for name, _ in SPLITS], args.out / _HELD_OUT)
    tokeniser = _write_tokeniser(args.out / "tokeniser")
    outcome = train.train(_parsed(
        train, "--from", "random", "--tokeniser", tokeniser, "--config", tokeniser / "config.json",
        "--chunks", data / "Chunks", "--validation", held_out, "--out", out, "--epochs", args.epochs,
        "--batch-size", 16, "--learning-rate", 2e-3, "--max-length", 64, "--strategy", "none",
        # Validated once, at the end: the held-out rows choose nothing.
        "--validate-every", 10**9, "--save-every", 10**9,
    ))  # fmt: skip
    if outcome == "interrupted":
        print("stopped; `make train-small` starts anew")
        return INTERRUPTED
    numbers = out / "evaluation.json"
    if code := _call(evaluate, held_out, "--model", out / "best", "--scorer", "tensorflow", "--out", numbers):
        return code
    print(f"weights {sha256(out / 'best' / 'model.safetensors')}")
    print(f"numbers {sha256(numbers)}")
    return 0


def _call(command: ModuleType, *arguments: object) -> int:
    return int(command.run(_parsed(command, *arguments)))


def _parsed(command: ModuleType, *arguments: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([str(one) for one in arguments])


def _pooled(files: list[Path], target: Path) -> Path:
    with target.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("target", "text"))
        rows.writerows((row.target, row.text) for path in files for row in read_rows(path, path.stem))
    return target


def _write_tokeniser(folder: Path) -> Path:
    """The shipped word pieces in BERT's form, beside the shape of the model.

    They were learnt from these tweets with ``tokenizers``, whose trainer numbers them otherwise each time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PIECES, folder / "vocab.txt")
    ids = {piece: i for i, piece in enumerate(PIECES.read_text(encoding="utf-8").split())}
    fast = Tokenizer(WordPiece(ids, unk_token="[UNK]"))  # noqa: S106 - a word piece, no password
    fast.normalizer = normalizers.BertNormalizer(lowercase=True)
    fast.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    fast.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(piece, ids[piece]) for piece in ("[CLS]", "[SEP]")]
    )
    fast.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps(_SHAPE | {"vocab_size": len(ids)}, indent=1) + "\n")
    return folder
