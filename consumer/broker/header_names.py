"""Names of headers that are not UTF-8, kept byte for byte.

The protocol says that a header's name is UTF-8; brokers do not look. The client raises on a name that is
not, from every poll again, and would never get past that record. So such a name is read with its bad bytes
as surrogates, as Python reads file names, and written as the bytes it came as.
"""

from __future__ import annotations

from typing import Any

from kafka.record.default_records import DefaultRecordBatch

_read_strictly = DefaultRecordBatch._read_msg  # noqa: SLF001 - the client offers no other way


class HeaderName(str):
    """A name that stands for bytes that are not UTF-8; whoever encodes it gets those bytes."""

    __slots__ = ()

    def encode(self, _encoding: str = "utf-8", _errors: str = "strict") -> bytes:
        """The name as it was read. The client asks for UTF-8, strictly; so do we where we show one."""
        return super().encode("utf-8", "surrogateescape")


class _Name(bytes):
    """A piece of a batch. As a name it is decoded, as a key or value it is copied into plain bytes."""

    def decode(self, _encoding: str = "utf-8", _errors: str = "strict") -> str:
        """What the client calls for names alone."""
        try:
            return super().decode("utf-8")
        except UnicodeDecodeError:
            return HeaderName(super().decode("utf-8", "surrogateescape"))


class _Batch(bytearray):
    """A batch of records whose slices decode to names, whatever they hold."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Name(found) if isinstance(at, slice) else found


def _read_any(batch: DefaultRecordBatch) -> Any:
    try:
        return _read_strictly(batch)
    except UnicodeDecodeError:  # nothing was read of the record: the client moves on at its end
        batch._buffer = _Batch(batch._buffer)  # noqa: SLF001 - as above
        return _read_strictly(batch)


def accept_any() -> None:
    """From now on consumers of this process read such records. Costs nothing while there is none."""
    DefaultRecordBatch._read_msg = _read_any  # noqa: SLF001 - as above
