"""Word pieces: how often texts use each, and a tokeniser with only some of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from consumer.clean import clean
from consumer.model.manifest import read_object
from training.data.rows import BadInputError, read_rows

_FIRST_IDEOGRAPH = "\u2e80"  # from here on a letter is a word, and English texts have none
_GOES_ON = "##"
_MARKS = frozenset({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})  # not every file lists them as added


def count_pieces(tokeniser: Path, paths: Iterable[Path]) -> Counter[int]:
    """How often the texts of labelled files, cleaned, use each id of a ``tokenizer.json``."""
    pieces = Tokenizer.from_file(str(tokeniser))
    pieces.no_truncation()
    pieces.no_padding()
    counts: Counter[int] = Counter()
    for path in paths:
        for encoding in pieces.encode_batch_fast([clean(row.text) for row in read_rows(path, path.stem)]):
            counts.update(encoding.ids)
    return counts


def trimmed(tokeniser: Path, counts: Mapping[int, int], pieces: int) -> tuple[dict[str, Any], list[int]]:
    """A ``tokenizer.json`` of so many pieces, and their former ids in their new order.

    Its marks stay, and all letters, so that what cannot be written with the pieces kept is written letter by
    letter; then the pieces used most. Those never used go, however many there may be.

    Raises:
        BadInputError: not word pieces, or too few to hold marks and letters.
        ModelRefusedError: not a JSON object.
    """
    content = read_object(tokeniser)
    vocabulary = content.get("model", {}).get("vocab", {})
    if content.get("model", {}).get("type") != "WordPiece" or not vocabulary:
        raise BadInputError(f"{tokeniser}: not word pieces")
    marks = {token["id"] for token in content.get("added_tokens", ())}
    kept = marks | {number for piece, number in vocabulary.items() if piece in _MARKS or _is_letter(piece)}
    if len(kept) > pieces:
        raise BadInputError(f"--pieces {pieces}: marks and letters alone are {len(kept)}")
    by_use = sorted((n for n in counts if n not in kept), key=lambda n: (-counts[n], n))
    order = sorted(kept | set(by_use[: pieces - len(kept)]))
    return _renumbered(content, {former: number for number, former in enumerate(order)}), order


def _is_letter(piece: str) -> bool:
    letter = piece.removeprefix(_GOES_ON) or piece
    return len(letter) == 1 and letter < _FIRST_IDEOGRAPH


def _renumbered(content: dict[str, Any], numbers: Mapping[int, int]) -> dict[str, Any]:
    """The same tokeniser with the ids ``numbers`` gives; pieces that it does not name are gone."""
    made: dict[str, Any] = json.loads(json.dumps(content))
    model = made["model"]
    named = sorted((numbers[n], piece) for piece, n in model["vocab"].items() if n in numbers)
    model["vocab"] = {piece: number for number, piece in named}
    for token in made.get("added_tokens", ()):
        token["id"] = numbers[token["id"]]
    for mark in ((made.get("post_processor") or {}).get("special_tokens") or {}).values():
        mark["ids"] = [numbers[n] for n in mark["ids"]]
    processor = made.get("post_processor") or {}
    for name in ("sep", "cls"):  # as BertProcessing has them, where it is no template
        if isinstance(processor.get(name), list):
            processor[name] = [processor[name][0], numbers[processor[name][1]]]
    padding = made.get("padding")
    if padding:
        padding["pad_id"] = numbers[padding["pad_id"]]
    return made
