"""Tokenising: clean text → word-piece ids, the same ids as ``transformers.AutoTokenizer`` gives.

Shared with training. ``tokenizers`` is called directly: ``transformers`` costs a second of start-up
and adds nothing to the ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer as _FastTokenizer

from consumer.records import Tokens


class Tokeniser:
    """Word pieces from a model folder's ``tokenizer.json``, cut at ``max_length`` ids."""

    def __init__(self, path: Path, max_length: int) -> None:
        """Read ``tokenizer.json`` at ``path``; raises ``ValueError`` when it cannot be read."""
        try:
            self._fast = _FastTokenizer.from_str(path.read_text(encoding="utf-8"))
        except Exception as error:  # the Rust side raises bare Exception
            raise ValueError(f"{path}: not a tokenizer.json: {error}") from error
        self._fast.no_padding()
        self._fast.enable_truncation(max_length=max_length)
        self.max_length = max_length

    def __call__(self, texts: Sequence[str]) -> list[Tokens]:
        """Word-piece ids of each text, in order."""
        encodings = self._fast.encode_batch_fast(list(texts))
        return [Tokens(e.ids, bool(e.overflowing)) for e in encodings]


def fingerprint(path: Path) -> str:
    """A short hash of a ``tokenizer.json``; a model's manifest names the one it was trained with."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
