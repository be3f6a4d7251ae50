"""A folder that is there whole or not at all: made beside its place, then exchanged with what is there."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # <linux/fs.h>
_RENAME_SWAP = 2  # <sys/stdio.h> of macOS
_CANNOT_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


@contextlib.contextmanager
def staged(place: Path) -> Iterator[Path]:
    """A new folder to write into; at the end it stands at ``place``, and what stood there is gone.

    Killed at any moment, ``place`` is what it was or what it was to be; what a killed run left beside it
    is swept up by the next. On an error ``place`` is untouched. An ``OSError`` names ``place`` where it
    named no file.
    """
    named, place = place, place.resolve()  # a link stays a link
    place.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{place.name}.new-"
    _sweep(place.parent, prefix)
    work = Path(tempfile.mkdtemp(prefix=prefix, dir=place.parent))
    try:
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):  # a network file system without locks: leftovers stay there
                stack.enter_context(_locked(work))
            work.chmod(0o777 & ~_umask())
            yield work
            _exchange(work, place)
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), str(named)) from error
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """A text file to write, under a temporary name until it is whole."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _sweep(parent: Path, prefix: str) -> None:
    """Remove what killed runs left: folders whose lock nobody holds any more."""
    for left in parent.glob(f"{prefix}*"):
        with contextlib.suppress(OSError), _locked(left):
            shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _exchange(new: Path, place: Path) -> None:
    """``new`` comes to ``place``; what was there comes to the name of ``new``, in the same instant."""
    if not place.exists():
        new.rename(place)
        return
    if failure := swap_names(new, place):
        if failure not in _CANNOT_EXCHANGE:
            raise OSError(failure, os.strerror(failure), str(place))
        _replace(new, place)


def swap_names(first: Path, second: Path) -> int:
    """Exchange two names in one step, which Python has no call for; 0 or the error's number."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(first), os.fsencode(second)
    if sys.platform == "darwin":
        failed = libc.renamex_np(*names, _RENAME_SWAP)
    elif hasattr(libc, "renameat2"):
        failed = libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)
    else:
        return errno.ENOSYS
    return ctypes.get_errno() if failed else 0


def _replace(new: Path, place: Path) -> None:
    """Where the file system cannot exchange: two renames; killed between them, the old data is beside."""
    old = place.with_name(f".{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    place.rename(old)
    try:
        new.rename(place)
    except OSError:
        old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
