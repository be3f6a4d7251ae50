"""What is watched of every scored tweet, and the fixed bins it is counted in. Pure.

The same bins serve the metrics, a model's reference and the comparison of the two. A value falls in the
first bin whose upper bound it does not exceed, as in a Prometheus histogram; the last bin has no bound.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Bounds = tuple[float, ...]  # upper bounds, inclusive, rising

SCORE_BINS: Bounds = tuple(round((i + 1) * 0.05, 2) for i in range(20))
# 0.5 is the least a two-sided label can have; a threshold away from 0.5 or a neutral band goes below.
CONFIDENCE_BINS: Bounds = (0.1, 0.2, 0.3, 0.4, *(round(0.5 + i * 0.025, 3) for i in range(20)), 0.99, 1.0)
LENGTH_BINS: Bounds = tuple(map(float, (*range(6, 34, 2), 36, 40, 48, 64, 96, 128)))  # word pieces
UNKNOWN_BINS: Bounds = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)
CONTINUED_BINS: Bounds = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0)
CAPITAL_BINS: Bounds = (0.0, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.9, 1.0)

# Signal → its bins. Score: calibrated P(positive). Confidence: that of the label given, at the model's own
# threshold. Shares of pieces are of a tweet's word pieces, [CLS] and [SEP] left out.
SIGNALS: dict[str, Bounds] = {
    "score": SCORE_BINS,
    "confidence": CONFIDENCE_BINS,
    "length_tokens": LENGTH_BINS,
    "unknown_share": UNKNOWN_BINS,
    "continued_share": CONTINUED_BINS,  # words cut into pieces: another language, a broken encoding
    "capital_share": CAPITAL_BINS,  # of the letters A to Z in the tweet as it came: the model reads no case
}
# Signals told by one share: of tweets that are positive at the model's own threshold, of those cut at its
# maximum length, of those that say they are in a language that is not the model's.
SHARES = ("positive_share", "truncated_share", "other_language_share")
WATCHED = (*SIGNALS, *SHARES)
_SPECIAL_PIECES = 2  # [CLS] and [SEP]
_CONTINUES = "##"


def count(values: npt.ArrayLike, bounds: Bounds) -> list[int]:
    """How many of n values fall in each bin; one more than there are bounds.

    >>> count([0.0, 0.5, 0.6, 2.0], (0.5, 1.0))
    [2, 1, 1]
    """
    places = np.searchsorted(np.asarray(bounds), np.asarray(values, np.float64), side="left")
    return [int(n) for n in np.bincount(places, minlength=len(bounds) + 1)]


def capital_shares(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """The share of capitals among each text's letters A to Z, 0 where it has none; about 1 µs a tweet.

    >>> capital_shares(["WHY", "Why", "é 1"]).round(2).tolist()
    [1.0, 0.33, 0.0]
    """
    plain = [text.encode("ascii", "ignore") for text in texts]
    letters = np.frombuffer(b"".join(plain), np.uint8)
    rows = np.repeat(np.arange(len(plain)), [len(text) for text in plain])  # which text a letter is of
    capital = (letters >= ord("A")) & (letters <= ord("Z"))
    small = (letters >= ord("a")) & (letters <= ord("z"))
    capitals = np.bincount(rows, weights=capital, minlength=len(plain))
    found: npt.NDArray[np.float64] = capitals / np.maximum(
        capitals + np.bincount(rows, weights=small, minlength=len(plain)), 1
    )
    return found


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a vocabulary says of its word pieces."""

    unknown: npt.NDArray[np.bool_]  # (vocabulary,) stands for what the vocabulary cannot spell
    continued: npt.NDArray[np.bool_]  # (vocabulary,) goes on with a word

    def shares(self, ids: Sequence[int]) -> tuple[float, float]:
        """The shares of unknown and of continuing pieces in one text's ids, [CLS] and [SEP] included."""
        ordinary = max(1, len(ids) - _SPECIAL_PIECES)
        array = np.asarray(ids, np.intp)
        return float(self.unknown[array].sum()) / ordinary, float(self.continued[array].sum()) / ordinary


def read_pieces(path: Path) -> Pieces:
    """The pieces of a ``tokenizer.json``; raises ``ValueError`` where it lists none."""
    try:
        model = json.loads(path.read_text(encoding="utf-8"))["model"]
        vocabulary = {str(piece): int(i) for piece, i in model["vocab"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: lists no vocabulary of word pieces") from error
    unknown = np.zeros(max(vocabulary.values(), default=0) + 1, np.bool_)
    continued = np.zeros_like(unknown)
    for piece, place in vocabulary.items():
        unknown[place] = piece == model.get("unk_token")
        continued[place] = piece.startswith(model.get("continuing_subword_prefix") or _CONTINUES)
    return Pieces(unknown, continued)
