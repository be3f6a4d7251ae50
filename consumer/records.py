"""The nouns: what a record is at each step of its way. Plain values, no behaviour.

poll → ``Record`` → parse, clean, tokenise → ``Prepared`` → score, label → ``Result``.
A record that cannot go on becomes a ``Reject``; one that should not, a ``Skip``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

SCHEMA_VERSION = 1  # of result records: within it fields are only added
Headers = tuple[tuple[str, bytes | None], ...]


class Position(NamedTuple):
    """Where a record lies: for ever the same record."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Record:
    """One input record as the broker gave it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int  # milliseconds since 1970, set by the publisher or the broker
    key: bytes | None
    value: bytes | None  # None is a tombstone
    headers: Headers = ()

    @property
    def position(self) -> Position:
        """Topic, partition and offset."""
        return Position(self.topic, self.partition, self.offset)


class Stage(StrEnum):
    """The step at which a record was rejected."""

    PARSE = "parse"
    CLEAN = "clean"
    TOKENISE = "tokenise"
    SCORE = "score"
    PUBLISH = "publish"


class Reason(StrEnum):
    """Why a record was rejected; a closed list, part of the dead-letter contract."""

    INVALID_UTF8 = "invalid_utf8"
    INVALID_JSON = "invalid_json"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_ID = "missing_id"
    INVALID_ID = "invalid_id"
    MISSING_TEXT = "missing_text"
    INVALID_TEXT = "invalid_text"
    TOO_LARGE = "too_large"
    EMPTY_AFTER_CLEANING = "empty_after_cleaning"
    SCORER_FAILED = "scorer_failed"
    RESULT_TOO_LARGE = "result_too_large"


class SkipReason(StrEnum):
    """Why a record was passed over without a result and without a dead letter."""

    TOMBSTONE = "tombstone"
    LANGUAGE = "language"


class Label(StrEnum):
    """The labels a result may carry; neutral only where a neutral band is set."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Tweet:
    """What the input record says."""

    id: str
    text: str
    author_id: str | None = None
    created_at: str | None = None  # ISO 8601, UTC, ends in Z
    lang: str | None = None
    left_out: tuple[str, ...] = ()  # optional fields that were there with a wrong type


@dataclass(frozen=True, slots=True)
class Tokens:
    """The word pieces of one text, with [CLS] and [SEP]; never padded."""

    ids: list[int]  # (n,), n at most the model's maximum length
    truncated: bool

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record ready to be scored."""

    record: Record
    tweet: Tweet
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that goes to the dead-letter topic, and why. ``message`` never holds input text."""

    record: Record
    stage: Stage
    reason: Reason
    message: str
    exception_class: str = ""


@dataclass(frozen=True, slots=True)
class Skip:
    """A record passed over, and why."""

    record: Record
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Result:
    """A labelled record."""

    record: Record
    tweet: Tweet
    label: Label
    probability: float  # calibrated P(positive), unrounded
    confidence: float  # the probability of the label given; for neutral max(p, 1 - p)
    threshold: float
    tokens: int
    truncated: bool
    pieces: Sequence[int] = ()  # ids of its word pieces, those counted in ``tokens``


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one micro-batch: every record of it stands in exactly one of the three lists."""

    results: tuple[Result, ...] = ()
    rejects: tuple[Reject, ...] = ()
    skips: tuple[Skip, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)  # by stage
    padded_tokens: int = 0  # what the scorer computed over; results' tokens are the real share
