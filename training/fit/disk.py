"""What was written reaches the disk before a name leads to it: a rename may survive a power cut alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """What cannot be written in here is an ``OSError`` that names a file: ``path`` where it named none.

    A full disk, most likely, which safetensors tells in an error of its own.
    """
    try:
        yield
    except SafetensorError as error:
        raise OSError(f"{path}: {error}") from error
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise


def sync(path: Path) -> None:
    """Flush a file's content, or a folder's names, to the disk. Raises ``OSError``, a full disk for one."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Flush all files and folders in a folder, and the folder itself."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)
