"""``training trim``: a checkpoint → the same with only the word pieces that texts like ours are made of.

Most rows of an encoder's vocabulary are for words that tweets hardly use, and each is as large as those that
they use all the time. A word whose piece goes is written in smaller ones, down to its letters, so no text
becomes unknown by it, unless it is of ideographs that the texts counted never have.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from consumer.model.manifest import sha256
from consumer.tokenise import fingerprint
from training.data.chunk_files import check_chunks
from training.data.pieces import count_pieces, trimmed
from training.data.rows import BadInputError
from training.fit.derived import require_checkpoint, told_of, write_checkpoint
from training.fit.record import portable, weights_hash
from training.fit.start import Source, Start, find_start

_EMBEDDINGS = "distilbert/embeddings/word_embeddings/weight"


def trim(start: Start, chunks: Sequence[Path], pieces: int, folder: Path) -> tuple[Start, float]:
    """``start`` with that many word pieces, its tokeniser written to ``folder``; the share of tokens kept.

    Raises ``BadInputError`` as ``trimmed`` does.
    """
    before = start.tokeniser / "tokenizer.json"
    counts = count_pieces(before, chunks)
    tokeniser, kept = trimmed(before, counts, pieces)
    (folder / "tokenizer.json").write_text(json.dumps(tokeniser, ensure_ascii=False), encoding="utf-8")
    names = "".join(f"{piece}\n" for piece in tokeniser["model"]["vocab"])
    (folder / "vocab.txt").write_text(names, encoding="utf-8")
    weights = start.weights | {_EMBEDDINGS: start.weights[_EMBEDDINGS][kept]}
    config = type(start.config).from_dict(start.config.to_dict() | {"vocab_size": len(kept)})
    made = dataclasses.replace(start, weights=weights, config=config, tokeniser=folder)
    return made, sum(counts[piece] for piece in kept) / max(1, sum(counts.values()))


def _told(start: Start, made: Start, share: float, chunks: Sequence[Path]) -> dict[str, Any]:
    texts = hashlib.sha256("".join(map(sha256, chunks)).encode()).hexdigest()
    facts = {
        "pieces_before": start.config.vocab_size,
        "pieces": made.config.vocab_size,
        "tokeniser_fingerprint": fingerprint(made.tokeniser / "tokenizer.json"),
        "share_of_tokens_kept": round(share, 6),
        "texts_sha256": texts,
        "sha256_before": weights_hash(start.file),
        "command": portable(sys.argv),
    }
    return told_of(start) | {"trimmed": facts}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training trim``."""
    flag = parser.add_argument
    flag("folder", type=Path, help="a checkpoint")
    flag("--pieces", type=int, required=True, help="how many word pieces stay, marks and letters among them")
    flag("--chunks", type=Path, default=Path("Data/processed/Chunks"),
         help="folder of chunk_*.csv whose texts are counted")  # fmt: skip
    flag("--out", type=Path, required=True, help="checkpoint to make or to replace")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training trim``."""
    require_checkpoint(args.out)
    start = find_start(Source(str(args.folder)))
    chunks = sorted(args.chunks.glob("chunk_*.csv"))
    if not chunks:
        raise BadInputError(f"{args.chunks}: no chunk_*.csv; run `python -m training chunk` first")
    check_chunks(args.chunks, {path.name: sha256(path) for path in chunks})
    with tempfile.TemporaryDirectory() as folder:
        made, share = trim(start, chunks, args.pieces, Path(folder))
        write_checkpoint(args.out, made, _told(start, made, share, chunks))
    print(
        f"wrote {args.out}: {made.config.vocab_size:,} of {start.config.vocab_size:,} word pieces, "
        f"{share:.2%} of all that were counted"
    )
    return 0
