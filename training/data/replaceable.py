"""What may stand where a folder is to be written: one of the same kind, which it replaces, or nothing.

All that stood there is gone afterwards: a slip in ``--out`` would cost whatever lies below it.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from training.data.rows import BadInputError

_LEFT_BY_OTHERS = {".DS_Store"}


def require_replaceable(
    out: Path, kind: str, signs: Collection[str], others: Collection[str] | None = None
) -> None:
    """Raise ``BadInputError`` where ``out`` is there and is no ``kind``; an empty folder is nothing.

    Args:
        out: what is to be replaced.
        kind: what it must be, in words.
        signs: names of files that all of its kind have.
        others: names that may stand beside them; any where it is ``None``.
    """
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir():
        raise BadInputError(f"{out} is not a folder: give another --out")
    found = sorted(path.name for path in out.iterdir() if path.name not in _LEFT_BY_OTHERS)
    if not found:
        return
    missing = [name for name in signs if not (out / name).is_file()]
    if missing:
        raise BadInputError(
            f"{out} is no {kind} (no {missing[0]}) and would be replaced with all that is in it: "
            "move it or give another --out"
        )
    strangers = [] if others is None else [name for name in found if name not in {*signs, *others}]
    if strangers:
        raise BadInputError(
            f"{out} holds {strangers[0]}, which no {kind} has, and would be replaced with all that is in it: "
            "move it or give another --out"
        )
