"""Which split a text belongs to: by the hash of what it says, so never two."""

from __future__ import annotations

import hashlib

from consumer.clean import clean

# Upper bounds of a row's place in [0, 1); what is left over trains.
SPLITS = (("validation", 0.02), ("test", 0.06), ("calibration", 0.08), ("drift_reference", 0.10))


def place(text: str) -> tuple[int, float]:
    """Hash of the normalised text, and its place in [0, 1) that decides the split."""
    digest = hashlib.blake2b(clean(text).casefold().encode(), digest_size=8).digest()
    value = int.from_bytes(digest, "big")
    return value, value / 2**64


def split_of(position: float) -> str:
    """Name of the split that a place in [0, 1) belongs to."""
    return next((name for name, bound in SPLITS if position < bound), "train")
