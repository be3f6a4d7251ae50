"""The sample log: a small share of the committed tweets, anonymised, for people to look at.

Unsure ones are taken more often, since there is more to learn from them; each line has the probability it
was taken with, by which a mean over the log can be put right. Whether a tweet is taken follows from its
hashed id: one that is labelled again is the same sample again.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from logging import WARNING, getLogger
from pathlib import Path

from consumer.monitoring.anonymise import anonymise
from consumer.monitoring.logs import event
from consumer.records import Result

log = getLogger(__name__)

SALT_BYTES = 32
FILES = 5  # the one written to and four before it
_HASH_CHARACTERS = 16
_LEAST_DOUBT = 0.05  # a sure tweet is taken, too, now and then
_MEMORY = 0.001  # the weight of one tweet in the mean doubt


class SampleLog:
    """A watcher that writes JSON lines to a file, and turns it over when it is full."""

    def __init__(self, path: Path, salt: bytes, ratio: float, most_bytes: int, model: str) -> None:
        """``ratio``: of the tweets, on the whole; ``most_bytes`` of one file, of which there are five."""
        self._path, self._salt, self._ratio, self._most_bytes = path, salt, ratio, most_bytes
        self.model = model  # whose labels they are, from the next batch on
        self._mean_doubt = 0.25 + _LEAST_DOUBT  # until it is known

    def committed(self, results: Sequence[Result], at: float) -> None:
        """Write down those of the batch that are taken."""
        lines = [line for result in results if (line := self._line(result, at))]
        if not lines:
            return
        try:
            self._write("".join(lines).encode())
        except OSError as error:  # a full disk must not stop the stream
            event(log, "samples_not_written", WARNING, path=self._path, error=str(error))

    def passed(self, at: float) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing is held."""

    def _line(self, result: Result, at: float) -> str | None:
        doubt = 1 - result.confidence + _LEAST_DOUBT
        chance: float = 1 - (1 - self._ratio) ** (doubt / self._mean_doubt)  # all of them at a ratio of 1
        self._mean_doubt += _MEMORY * (doubt - self._mean_doubt)
        digest = hmac.digest(self._salt, result.tweet.id.encode("utf-8", "surrogatepass"), "sha256")
        if int.from_bytes(digest[-8:], "big") >= chance * 2**64:  # not the part that is written down
            return None
        return _json(result, digest.hex()[:_HASH_CHARACTERS], chance, self.model, at)

    def _write(self, lines: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size + len(lines) > self._most_bytes:
            self._turn_over()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        with open(descriptor, "ab") as file:  # noqa: PTH123 - of a descriptor, for its rights
            file.write(lines)

    def _turn_over(self) -> None:
        for number in range(FILES - 2, -1, -1):
            older = self._path.with_suffix(f".{number}.jsonl") if number else self._path
            with contextlib.suppress(FileNotFoundError):
                older.replace(self._path.with_suffix(f".{number + 1}.jsonl"))


def read_salt(path: Path) -> bytes:
    """The salt of this STATE_DIR, made when it is first wanted; readable by this user alone.

    Raises ``OSError``.
    """
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")  # in containers all have the same pid
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor, for its rights
            file.write(secrets.token_bytes(SALT_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(made, path)  # whole, and only if no other replica was quicker
    finally:
        made.unlink()
    return path.read_bytes()


def _json(result: Result, hashed_id: str, chance: float, model: str, at: float) -> str:
    line = {
        "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "id": hashed_id,
        "text": anonymise(result.tweet.text),
        "label": str(result.label),
        "confidence": round(result.confidence, 4),
        "chance": round(chance, 6),
        "model": model,
    }
    return json.dumps(line, ensure_ascii=False) + "\n"
