"""Which split a text belongs to: by the hash of what it says, so never two."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from consumer.clean import clean

# Upper bounds of a row's place in [0, 1); what is left over trains. Fixed for good: moving one moves rows.
SPLITS = (("validation", 0.02), ("test", 0.06), ("calibration", 0.08), ("drift_reference", 0.10))
TRAIN = "train"
SPLIT_NAMES = (*(name for name, _ in SPLITS), TRAIN)


def key_of(cleaned: str) -> int:
    """64-bit hash of a cleaned text, blind to upper case: two texts of one key say the same."""
    return int.from_bytes(hashlib.blake2b(cleaned.casefold().encode(), digest_size=8).digest(), "big")


def place(text: str) -> tuple[int, float]:
    """Hash of the normalised text, and its place in [0, 1) that decides the split."""
    value = key_of(clean(text))
    return value, value / 2**64


def part_of(text: str) -> float:
    """A text's place in [0, 1) by another hash: within one split, texts are still spread evenly."""
    digest = hashlib.blake2b(clean(text).casefold().encode(), digest_size=8, person=b"part").digest()
    return int.from_bytes(digest, "big") / 2.0**64


def split_of(position: float) -> str:
    """Name of the split that a place in [0, 1) belongs to."""
    return next((name for name, bound in SPLITS if position < bound), TRAIN)


def splits_of(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    """``split_of`` for many keys: (n,) → (n,) indices of ``SPLIT_NAMES``."""
    return np.searchsorted([bound for _, bound in SPLITS], keys / 2.0**64, side="right")
