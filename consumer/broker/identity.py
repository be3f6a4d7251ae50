"""Who this replica is in transactions: a name that no live neighbour has and that a restart gets back.

``init_transactions`` with the same id ends the open transaction of a predecessor, so a replica that was
killed should come back under its old name; two that live must never share one. A lock on a file says both:
the kernel lets go of it when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import socket
from typing import IO, TYPE_CHECKING, Self

from consumer.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from consumer.settings import Settings

_SLOTS = 4096


def prefix(settings: Settings, host: str | None = None) -> str:
    """What all default ids of this group on this machine begin with."""
    return f"{settings.kafka_consumer_group}-{host or socket.gethostname()}"


def file_name(name: str) -> str:
    """Legible, short enough for any file system, and different for different names."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', name)[:100]}-{digest}"


def try_state(settings: Settings) -> None:
    """Write to STATE_DIR as ``Identity`` will; raises ``ConfigurationError`` where that is refused."""
    _open(settings.state_dir / "identity" / "check.lock").close()


def _open(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"STATE_DIR={path.parent.parent}: should be a folder this user can write to ({error.strerror})"
        ) from None


class Identity:
    """This replica's transactional id, held as long as the context (or the process) lives."""

    def __init__(self, settings: Settings, host: str | None = None) -> None:
        """``host`` is this machine's name, unless told otherwise."""
        self._folder = settings.state_dir / "identity"
        self._given = settings.kafka_transactional_id
        self._prefix = prefix(settings, host)
        self._lock: IO[str] | None = None
        self.slot = 0
        self.transactional_id = ""

    def __enter__(self) -> Self:
        """Take the given id, or the first free slot's.

        Raises:
            ConfigurationError: The given id is in use on this machine, or STATE_DIR cannot be written.
        """
        if self._given:
            self._take_given(self._given)
        else:
            self._take_slot()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._lock is not None:
            self._lock.close()  # and with it the lock
            self._lock = None

    def _take_given(self, name: str) -> None:
        if not self._try(name):
            raise ConfigurationError(
                f"KAFKA_TRANSACTIONAL_ID={name}: another live process of this machine has it; it must be "
                "unique in the group, or unset"
            )
        self.transactional_id = name

    def _take_slot(self) -> None:
        for slot in range(_SLOTS):
            name = f"{self._prefix}-{slot}"
            if self._try(name):
                self.slot, self.transactional_id = slot, name
                return
        raise ConfigurationError(f"all {_SLOTS} identities of {self._prefix} are in use")

    def _try(self, name: str) -> bool:
        # The file stays when the lock goes: removing it would let two hold a lock on one name.
        path = self._folder / f"{file_name(name)}.lock"
        file = _open(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._lock = file
        return True
