"""Shifts planted in the stream from a given second on, for those who watch for drift."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from producer_sim.errors import UsageError
from producer_sim.tweets import Tweet, load_topic

# Of an even stream two positives in five turn: the negative share goes from .5 to .7.
_TURNED_SHARE = 0.4
_LOST_SHARE = 0.2  # of letters, under a broken encoding


@dataclass(frozen=True, slots=True)
class Drift:
    """What changes, and the second of the stream from which on it does."""

    kind: str
    from_second: float


Shift = Callable[[Tweet, Random, Sequence[Tweet]], Tweet]


def parse_drift(text: str) -> Drift:
    """``KIND@SECOND`` as a drift.

    Raises:
        UsageError: naming what would be right.
    """
    kind, _, second = text.partition("@")
    if kind not in KINDS:
        raise UsageError(f"--drift {text}: the kind must be one of {', '.join(KINDS)}, as in negative@30")
    try:
        return Drift(kind, float(second))
    except ValueError:
        raise UsageError(f"--drift {text}: the second must be a number, as in {kind}@30") from None


def shift(tweet: Tweet, drift: Drift | None, second: float, rng: Random, pool: Sequence[Tweet]) -> Tweet:
    """The tweet as it comes at that second of the stream. ``pool`` is where others are taken from."""
    if drift is None or second < drift.from_second:
        return tweet
    return KINDS[drift.kind](tweet, rng, pool)


def _negative(tweet: Tweet, rng: Random, pool: Sequence[Tweet]) -> Tweet:
    if tweet.label != "positive" or rng.random() >= _TURNED_SHARE:
        return tweet
    return _any_of(pool, rng, lambda other: other.label == "negative")


def _caps(tweet: Tweet, _rng: Random, _pool: Sequence[Tweet]) -> Tweet:
    return replace(tweet, text=tweet.text.upper())


def _language(_tweet: Tweet, rng: Random, pool: Sequence[Tweet]) -> Tweet:
    return _any_of(pool, rng, lambda other: other.lang != "en")


def _garbled(tweet: Tweet, rng: Random, _pool: Sequence[Tweet]) -> Tweet:
    """Letters come out of a broken encoding as replacement characters."""
    letters = (
        "\ufffd" if letter.isalpha() and rng.random() < _LOST_SHARE else letter for letter in tweet.text
    )
    return replace(tweet, text="".join(letters))


def _any_of(pool: Sequence[Tweet], rng: Random, wanted: Callable[[Tweet], bool]) -> Tweet:
    return rng.choice([tweet for tweet in pool if wanted(tweet)])


def _topic(_tweet: Tweet, rng: Random, _pool: Sequence[Tweet]) -> Tweet:
    return rng.choice(load_topic())


KINDS: dict[str, Shift] = {
    "negative": _negative,
    "caps": _caps,
    "language": _language,
    "garbled": _garbled,
    "topic": _topic,
}
