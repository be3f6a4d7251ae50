"""What was written reaches the disk before a name leads to it: a rename may survive a power cut alone."""

from __future__ import annotations

import os
from pathlib import Path


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
