"""The files that chunking leaves: written, counted and hashed as they are written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data.ledger import Indices, Ledger
from training.data.replaceable import require_replaceable
from training.data.rows import BadInputError
from training.data.split import SPLITS

CHUNKS = "Chunks"
MANIFEST = "manifest.json"
NEUTRALS = "neutral.csv"
HEADER = b"target,text,source,weight\n"
_OURS = {CHUNKS, NEUTRALS, *(f"{name}.csv" for name, _ in SPLITS)}
_PIECE_ROWS = 4096
_ANEW = "make the chunks anew"


def write_rows(
    path: Path, ledger: Ledger, rows: Indices, weights: npt.NDArray[np.floating]
) -> dict[str, Any]:
    """A labelled csv of these rows in this order; returns their number and the file's sha256."""
    digest = hashlib.sha256()
    lines = (
        b"%b,%b\n" % (line, b"%.6g" % weight)
        for line, weight in zip(ledger.lines(rows), weights.tolist(), strict=True)
    )
    with path.open("wb") as file:
        piece = HEADER
        while piece:
            digest.update(piece)
            file.write(piece)
            piece = b"".join(islice(lines, _PIECE_ROWS))
    return {"rows": len(rows), "sha256": digest.hexdigest()}


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """The last file: where it stands, the others are whole."""
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What ``write_manifest`` wrote into ``folder``; ``None`` where nothing is.

    Raises ``BadInputError`` naming the file where it is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(f"{path}: not readable as JSON: {error}") from error
    if not isinstance(content, dict):
        raise BadInputError(f"{path}: not a JSON object: `python -m training chunk` writes it")
    return content


def check_chunks(folder: Path, hashes: Mapping[str, str]) -> None:
    """The chunks in ``folder``, by name their sha256, are those that the manifest beside it lists.

    Nothing is looked at where there is no such manifest: chunks may come from elsewhere.

    Raises ``BadInputError`` naming the first file that is missing, new or another one.
    """
    content = read_manifest(folder.parent) if folder.name == CHUNKS else None
    listed = (content or {}).get("chunks")
    if not isinstance(listed, dict):
        return
    path = folder.parent / MANIFEST
    for name in sorted({*listed, *hashes}):
        if name not in hashes:
            raise BadInputError(f"{folder / name} is missing: {path} lists it; {_ANEW}")
        if name not in listed:
            raise BadInputError(f"{folder / name} is not listed in {path}: remove it; or {_ANEW}")
        account = listed[name]
        if not isinstance(account, dict) or account.get("sha256") != hashes[name]:
            raise BadInputError(
                f"{folder / name} is not the file that {path} lists: changed, or cut short; {_ANEW}"
            )


def check_replaceable(out: Path, inputs: list[Path]) -> None:
    """``out`` is replaced as a whole, so all that stands there must be ours.

    Raises ``BadInputError`` for a file, a folder with anything that chunking did not make, or an input in it.
    """
    require_replaceable(out, "folder of chunks", (MANIFEST,), _OURS)
    inside = [path for path in inputs if path.resolve().is_relative_to(out.resolve())]
    if inside:
        raise BadInputError(
            f"{inside[0]} lies in {out}, which is to be replaced: move it or give another --out"
        )
    chunks = sorted(path.name for path in (out / CHUNKS).glob("*"))
    strangers = [name for name in chunks if not name.startswith("chunk_")]
    if strangers:
        raise BadInputError(
            f"{out / CHUNKS} holds {strangers[0]}, which chunk did not make: move it or give another --out"
        )
