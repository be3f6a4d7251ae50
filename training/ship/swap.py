"""A finished model folder put in place of an older one, so that nobody finds half of either."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

from consumer.model.folder import POINTER
from consumer.model.manifest import NAME as MANIFEST
from training.data.replaceable import require_replaceable

_HERE = -100  # AT_FDCWD of Linux: paths are taken as they stand
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux's renameat2, and RENAME_SWAP of macOS's renamex_np


def require_target(target: Path, *, replace: bool) -> None:
    """Raise ``ValueError`` where ``target`` is no model folder, or in use and ``replace`` is not set.

    The folder of all models, for one, is none: it holds every one of them and ``CURRENT``.
    A consumer that starts while its model's folder is replaced is refused, not misled: it verifies
    hashes, loads, and looks whether the folder is still the same. But it has to start again.
    """
    require_replaceable(target, "model folder", (MANIFEST, "config.json"))
    pointer = target.parent / POINTER
    if replace or not target.exists() or not pointer.is_file():
        return
    if pointer.read_text(encoding="utf-8", errors="replace").strip() == target.name:
        raise ValueError(
            f"{target} is in use, {pointer} names it: give another --out and promote that, or --replace"
        )


def put_in_place(work: Path, target: Path) -> None:
    """``work`` becomes ``target``; what was there before is gone.

    In one step where the system can exchange two folders; else there is a moment without ``target``, and
    ``put_back`` mends it where a process is killed in that moment.
    """
    if not target.exists():
        work.replace(target)
        return
    if exchange(work, target):
        shutil.rmtree(work)
        return
    old = _old(target)
    shutil.rmtree(old, ignore_errors=True)
    target.replace(old)
    work.replace(target)
    shutil.rmtree(old)


def put_back(target: Path) -> None:
    """Give ``target`` the older folder back where a process was killed between the two renames above."""
    if _old(target).is_dir() and not target.exists():
        _old(target).replace(target)
        print(f"{target}: put back, a process was killed while it replaced it", file=sys.stderr)


def _old(target: Path) -> Path:
    target = target.absolute()  # "." has no name of its own
    return target.with_name(f".{target.name}.old")


def exchange(one: Path, other: Path) -> bool:
    """Two folders take each other's name at once; ``False`` where system or file system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "darwin":
            return bool(libc.renamex_np(first, second, _EXCHANGE) == 0)
        return bool(libc.renameat2(_HERE, first, _HERE, second, _EXCHANGE) == 0)
    except AttributeError:  # a C library without it
        return False
