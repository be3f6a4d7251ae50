"""Stand-ins that tests share: scorers, a clock, a source of records, and a small tokeniser."""

from __future__ import annotations

import json
import string
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from consumer.records import Headers, Record
from consumer.scoring.scorer import Logits
from consumer.tokenise import Tokeniser

WORDS = ("love", "hate", "great", "day", "bad", "so", "good", "the", "##ing", "##s", "user", "face")


def record(
    value: bytes | None = b"{}",
    offset: int = 0,
    *,
    partition: int = 0,
    topic: str = "tweets",
    key: bytes | None = b"7",
    timestamp_ms: int = 1_763_805_600_050,
    headers: Headers = (),
) -> Record:
    """An input record; what a test does not care about has a plain value."""
    return Record(topic, partition, offset, timestamp_ms, key, value, headers)


def tweet_record(text: str, offset: int = 0, **fields: object) -> Record:
    """A record with a good tweet in it."""
    body = {"id": str(offset + 1000), "text": text, **fields}
    return record(json.dumps(body).encode(), offset)


def write_tokeniser(folder: Path) -> Path:
    """A ``tokenizer.json`` like BERT's uncased one, with a vocabulary of letters and a few words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: PLC0415 - few need it

    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    letters = string.ascii_lowercase + string.digits + string.punctuation + "éñ中の"
    pieces = (*special, *letters, *(f"##{letter}" for letter in letters), *WORDS)
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    built = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 - a word piece
    built.normalizer = normalizers.BertNormalizer(lowercase=True)
    built.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    built.post_processor = processors.BertProcessing(
        ("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"])
    )
    built.add_special_tokens(list(special))
    path = folder / "tokenizer.json"
    built.save(str(path))
    return path


def small_tokeniser(folder: Path, max_length: int = 32) -> Tokeniser:
    """A tokeniser with that vocabulary."""
    return Tokeniser(write_tokeniser(folder), max_length)


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """The time."""
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        """Let that long pass."""
        self.now += seconds


class ConstantScorer:
    """Gives every text the same logit, and counts what it was asked."""

    def __init__(self, logit: float = 2.0) -> None:
        self.logit = logit
        self.calls = 0
        self.padded_tokens = 0

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """The logit, as often as there are texts."""
        self.calls += 1
        self.padded_tokens = len(ids) * max(len(text) for text in ids)
        return np.full(len(ids), self.logit, dtype=np.float32)

    def close(self) -> None:
        """Nothing to free."""


class FirstIdScorer(ConstantScorer):
    """A text's logit is its first id, so that a mix-up of texts shows."""

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """The first ids."""
        super().logits(ids)
        return np.array([text[0] for text in ids], dtype=np.float32)


class FailingScorer(FirstIdScorer):
    """Fails on every call that holds a text whose first id is marked, as a runtime does: as a whole."""

    def __init__(
        self, marked: Collection[int], fault: Exception | float | None = None, surplus: int = 0
    ) -> None:
        """``fault``: what to raise, or the marked texts' logit; ``surplus``: answer with so many too many."""
        super().__init__()
        self.marked = frozenset(marked)
        self.fault = fault or RuntimeError("the runtime failed")
        self.surplus = surplus

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """As ``FirstIdScorer`` where nothing is marked."""
        good = super().logits(ids)
        guilty = [text[0] in self.marked for text in ids]
        if not any(guilty):
            return good
        if self.surplus:
            return np.zeros(len(ids) + self.surplus, dtype=np.float32)
        if isinstance(self.fault, Exception):
            raise self.fault
        return np.where(guilty, np.float32(self.fault), good)


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll brings; ``seconds`` pass on the clock while it waits, at most as long as it may."""

    records: tuple[Record, ...] = ()
    group: Any = "stable"
    moved: bool = False
    seconds: float = 0.0


class ScriptedSource:
    """Gives the polls it was told to; after them nothing, for as long as it may wait."""

    def __init__(self, clock: Clock, polls: Iterable[Poll] = ()) -> None:
        self._clock, self._polls = clock, deque(polls)
        self.asked: list[tuple[float, int]] = []  # (wait_seconds, max_records) of every poll

    def poll(self, wait_seconds: float, max_records: int) -> Poll:
        """The next poll. A script that brings more than was asked for is a fault of the test."""
        self.asked.append((wait_seconds, max_records))
        if not self._polls:
            self._clock.pass_seconds(wait_seconds)
            return Poll()
        polled = self._polls.popleft()
        assert len(polled.records) <= max_records
        self._clock.pass_seconds(min(polled.seconds, wait_seconds) if not polled.records else polled.seconds)
        return polled


class Backlog:
    """A topic with more records than anyone reads: every poll is full at once."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = deque(records)
        self.polls = 0

    def poll(self, wait_seconds: float, max_records: int) -> Poll:
        """As many as were asked for, without waiting."""
        assert wait_seconds >= 0
        self.polls += 1
        count = min(max_records, len(self._records))
        return Poll(tuple(self._records.popleft() for _ in range(count)), group=f"poll {self.polls}")
