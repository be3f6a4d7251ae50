"""The pointer to the model in use, ``Models/CURRENT``: whether it has moved is cheap to ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Mark = tuple[int, int, int, int] | None  # None: it is not there

_SHOWN = 80  # characters of what it says, for a log


@dataclass(frozen=True, slots=True)
class Pointer:
    """A file of one line that names the model folder beside it."""

    path: Path

    def mark(self) -> Mark:
        """What changes when it moves: a rename brings another file, a write another time or size.

        One call of the system, about 2 µs. Links are followed, as a mounted configuration is one.
        """
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size

    def names(self) -> str:
        """What it says, for a log; empty where it cannot be read."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").strip()[:_SHOWN]
        except OSError:
            return ""
