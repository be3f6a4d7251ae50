"""The run: draw a message when it is due, send it, and account for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from producer_sim.errors import UsageError
from producer_sim.mix import Mix, shuffled_for_ever
from producer_sim.options import Options
from producer_sim.pace import Pacer
from producer_sim.send import Sender
from producer_sim.source import read_source
from producer_sim.stop import Stop
from producer_sim.tweets import Tweet, load_tweets


@dataclass(slots=True)
class Run:
    """One run: what it is made of, and how far it got."""

    options: Options
    mix: Mix
    pacer: Pacer
    sender: Sender
    stop: Stop
    handed_over: int = 0
    started: float = 0.0  # monotonic seconds

    def publish(self) -> None:
        """Send until the count, the time or the tweets are over, or a stop is asked for; then flush."""
        self.started = told = time.monotonic()
        told_count = 0
        while not self.stop.asked and not self._over():
            second = self.pacer.wait()
            if self.stop.asked or self._over():
                break
            if not self._send_next(second):
                break
            now = time.monotonic()
            if 0 < self.options.progress_seconds <= now - told:
                self._tell((self.handed_over - told_count) / (now - told))
                told, told_count = now, self.handed_over
        self.sender.flush()

    def summary(self) -> dict[str, Any]:
        """What was published, as one JSON object."""
        seconds = time.monotonic() - self.started if self.started else 0.0
        published = self.sender.delivered.total()
        return {
            "topic": self.options.connection.topic,
            "published": published,
            "not_confirmed": self.handed_over - published,
            "by_kind": dict(sorted(self.sender.delivered.items())),
            "seconds": round(seconds, 3),
            "rate_per_second": round(published / seconds, 1) if seconds else 0.0,
            "max_behind_seconds": round(self.pacer.max_behind_seconds, 3),
            "given_up_seconds": round(self.pacer.given_up_seconds, 3),
            "seed": self.options.seed,
        }

    def _over(self) -> bool:
        count, seconds = self.options.count, self.options.seconds
        return (count is not None and self.handed_over >= count) or (
            seconds is not None and time.monotonic() - self.started >= seconds
        )

    def _send_next(self, second: float) -> bool:
        now_ms = time.time_ns() // 1_000_000
        message = self.mix.draw(second, datetime.fromtimestamp(now_ms / 1000, tz=UTC))
        if message is None:
            return False
        self.sender.send(message, now_ms)
        self.handed_over += 1
        return True

    def _tell(self, rate: float) -> None:
        behind = self.pacer.behind_seconds
        late = f", {behind:.1f} s behind" if behind > 1 else ""
        print(f"published {self.handed_over:,}, {rate:,.0f}/s{late}", file=sys.stderr, flush=True)


def prepare(options: Options, stop: Stop) -> Run:
    """Open the source, connect to the broker.

    Raises:
        PublisherError: either cannot be done.
    """
    shipped = load_tweets()
    if options.source is None:
        tweets = shuffled_for_ever(shipped, options.seed)
    else:
        tweets = _replay(options.source, loop=options.loop)
    mix = Mix(
        tweets,
        seed=options.seed,
        bad=options.bad,
        retweets=options.retweets,
        drift=options.drift,
        pool=shipped,
    )
    sender = Sender(options.connection, stop)
    return Run(options, mix, Pacer(options.rate, clock=time.monotonic, sleep=stop.sleep), sender, stop)


def _replay(path: Path, *, loop: bool) -> Iterator[Tweet]:
    # Opened here, not at the first tweet: a wrong name is told before anything is published.
    first = read_source(path)
    return _again_and_again(path, first) if loop else first


def _again_and_again(path: Path, tweets: Iterator[Tweet]) -> Iterator[Tweet]:
    while True:
        empty = True
        for tweet in tweets:
            empty = False
            yield tweet
        if empty:
            raise UsageError(f"{path}: no tweets in it")
        tweets = read_source(path)
