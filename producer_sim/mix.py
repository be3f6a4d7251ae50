"""Tweets into messages: shapes, authors, retweets and planted bad records, all from one seed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from producer_sim.drift import Drift, shift
from producer_sim.planted import PLANTED
from producer_sim.shapes import SHAPES, Fields, encode
from producer_sim.tweets import Tweet

TWEET, RETWEET = "tweet", "retweet"

_FIRST_ID = 1_800_000_000_000_000_000  # of the length that ids have had for years
_ID_SPACE_PER_SEED = 10**12
_MAX_ID_STEP = 4_000
_AUTHORS = 4_000
_REMEMBERED = 50  # tweets that may be retweeted


@dataclass(frozen=True, slots=True)
class Message:
    """One record to publish. ``kind`` is tweet, retweet or the reason it was planted for."""

    kind: str
    key: bytes  # the author's id: keeps an author's order
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Mix:
    """Draws messages; with the same seed and ratios the same ones, but for their dates.

    Each question has its own random numbers, so that asking for bad records does not change which
    authors write, or the order of the tweets.
    """

    def __init__(
        self,
        tweets: Iterator[Tweet],
        *,
        seed: int,
        bad: float = 0.0,
        retweets: float = 0.0,
        drift: Drift | None = None,
        pool: Sequence[Tweet],
    ) -> None:
        self._tweets = tweets
        self._bad, self._retweets, self._drift = bad, retweets, drift
        self._pool = pool  # what drift and planted records take their texts from
        self._kind, self._author, self._shape, self._plant, self._other, self._step = (
            Random(f"{seed} {question}") for question in ("kind", "author", "shape", "plant", "other", "step")
        )
        self._id = _FIRST_ID + seed % 10**6 * _ID_SPACE_PER_SEED
        self._earlier: deque[Tweet] = deque(maxlen=_REMEMBERED)

    def draw(self, second: float, now: datetime) -> Message | None:
        """The next message, dated ``now`` (UTC); ``second`` is the stream's, which drift goes by.

        None when the tweets are at their end.
        """
        draw = self._kind.random()
        if draw < self._bad:
            return self._planted(now)
        if draw < self._bad + self._retweets and self._earlier:
            return self._message(RETWEET, self._retweet(), now)
        tweet = next(self._tweets, None)
        if tweet is None:
            return None
        tweet = shift(tweet, self._drift, second, self._other, self._pool)
        self._earlier.append(tweet)
        return self._message(TWEET, tweet, now)

    def _message(self, kind: str, tweet: Tweet, now: datetime) -> Message:
        fields = self._fields(tweet, now)
        shape = self._shape.choice(SHAPES)
        value = encode(shape(fields), ascii_only=bool(self._shape.getrandbits(1)))
        headers = (("label", tweet.label.encode()),) if tweet.label else ()
        return Message(kind, fields.author_id.encode(), value, headers)

    def _planted(self, now: datetime) -> Message:
        reason = self._plant.choice(tuple(PLANTED))
        fields = self._fields(self._plant.choice(self._pool), now)
        value = PLANTED[reason](fields, self._plant)
        return Message(reason, fields.author_id.encode(), value, (("planted", reason.encode()),))

    def _retweet(self) -> Tweet:
        """An earlier tweet passed on by another author, with its label."""
        tweet = self._other.choice(self._earlier)
        return Tweet(f"RT @user{self._other.randrange(_AUTHORS)}: {tweet.text}", tweet.label, tweet.lang)

    def _fields(self, tweet: Tweet, now: datetime) -> Fields:
        self._id += self._step.randint(1, _MAX_ID_STEP)
        author_id = tweet.author_id or self._draw_author()
        return Fields(tweet.id or str(self._id), tweet.text, author_id, now, tweet.lang)

    def _draw_author(self) -> str:
        # Squared: a few authors write much, most of them little.
        return str(10_000_019 + 7_919 * int(_AUTHORS * self._author.random() ** 2))


def shuffled_for_ever(tweets: Sequence[Tweet], seed: int) -> Iterator[Tweet]:
    """Every tweet once in a random order, then again in another one, without end."""
    rng = Random(f"{seed} order")
    while True:
        yield from rng.sample(tweets, len(tweets))
