"""The course of the demonstration, from the first topic to the closing account."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.demo.account import Account, settle
from deploy.demo.observed import Observed
from deploy.demo.readers import Follower, read_back
from deploy.demo.report import account_lines, burst_line, disagreements, histogram_line, latency_line
from deploy.demo.scrape import Scrape, scrape
from deploy.demo.screen import Screen, read
from deploy.demo.stage import DemoError, Program, Stage

_DRAIN_SECONDS = 30.0  # without anything new, before what is missing counts as missing
_PUBLISH_SECONDS = 600.0
_BURST, _BURST_SEED = 2_000, 2
_BAD_RATIO, _RETWEETS_RATIO = 0.05, 0.1
_METRICS_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """What to show."""

    seconds: float = 20.0
    rate: float = 50.0
    partitions: int = 3
    source: Path | None = None
    bad: float | None = None  # None: a twentieth of our own tweets, nothing added to a replayed file
    retweets: float | None = None  # None: a tenth, likewise
    burst: int | None = None  # tweets at full speed at the end; None: 2,000 of our own, none after a file
    keep: bool = False
    containers: bool = False
    state_dir: Path = Path(".state/demo")


@dataclass(slots=True)
class Course:
    """One run on a stage."""

    options: Options
    stage: Stage
    console: Console
    observed: Observed = field(default_factory=Observed)
    summaries: list[dict[str, Any]] = field(default_factory=list)
    burst_at: float = float("inf")  # seconds since 1970
    _followers: list[Follower] = field(default_factory=list)
    _lag_records: float | None = None
    _next_metrics: float = 0.0

    def run(self) -> int:
        """Play it; 0 when the account balances, else 1."""
        self.say(f"making topics {', '.join(self.stage.names.topics)} on {self.stage.bootstrap} …")
        self.stage.make_topics(self.options.partitions)
        self.say("starting the consumer …")
        consumer = self.stage.start_consumer()
        self.say(f"the consumer is ready; watch it live at {self.stage.address}/ (also /metrics, /readyz)")
        self._follow()
        try:
            self._stream()
            metrics = self._final_metrics(consumer)
        finally:
            for follower in self._followers:
                follower.stop()
        if self.options.keep:
            return self._keep(consumer, metrics)
        consumer.stop()
        return self._close(metrics)

    def say(self, line: str) -> None:
        """One plain line."""
        self.console.print(line, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def _burst(self) -> int:
        if self.options.burst is not None:
            return self.options.burst
        return 0 if self.options.source else _BURST

    def _follow(self) -> None:
        names, bootstrap = self.stage.names, self.stage.bootstrap
        self._followers = [
            Follower(bootstrap, names.output, self.observed.result),
            Follower(bootstrap, names.dlq, self.observed.dead_letter),
        ]
        for follower in self._followers:
            follower.start()

    def _stream(self) -> None:
        title = f"{self.stage.names.input} → {self.stage.names.output} on {self.stage.bootstrap}"
        with Screen(self.console, title) as screen:
            show = self._showing(screen)
            self._publish("producer_sim", self._publisher_flags(), show)
            if burst := self._burst():
                self._drain(show)
                self.burst_at = time.time()
                flags = ["--rate", "0", "--count", str(burst), "--seed", str(_BURST_SEED)]
                self._publish("burst", flags, show)
            self._drain(show)
            self._next_metrics = 0.0
            show()

    def _publisher_flags(self) -> list[str]:
        options = self.options
        bad, retweets = (0.0, 0.0) if options.source else (_BAD_RATIO, _RETWEETS_RATIO)
        bad = bad if options.bad is None else options.bad
        retweets = retweets if options.retweets is None else options.retweets
        flags = ["--rate", str(options.rate), "--bad", str(bad), "--retweets", str(retweets)]
        if options.source:  # to its end
            return [*flags, "--source", str(options.source)]
        return [*flags, "--seconds", str(options.seconds)]

    def _publish(self, name: str, flags: list[str], show: Callable[[], None]) -> None:
        publisher = self.stage.start(name, "producer_sim", "--progress-seconds", "0", *flags)
        publisher.finish(max(_PUBLISH_SECONDS, 2 * self.options.seconds), on_wait=show)
        self.summaries.append(publisher.last_json())

    def _showing(self, screen: Screen) -> Callable[[], None]:
        def show() -> None:
            self.stage.check()
            for follower in self._followers:
                follower.check()
            if time.monotonic() >= self._next_metrics:
                self._next_metrics = time.monotonic() + _METRICS_EVERY_SECONDS
                if metrics := scrape(self.stage.address):
                    self._lag_records = metrics.total("sentiment_consumer_lag_records")
            screen.show(read(self.observed, self._lag_records, time.time()), self.observed.latest())

        return show

    def _drain(self, show: Callable[[], None]) -> None:
        """Wait until everything published was seen to have come out, or nothing new comes."""
        tombstones = sum(summary["by_kind"].get("tombstone", 0) for summary in self.summaries)
        expected = sum(summary["published"] for summary in self.summaries) - tombstones
        count, until = self.observed.count, time.monotonic() + _DRAIN_SECONDS
        while self.observed.count < expected and time.monotonic() < until:
            show()
            time.sleep(0.05)
            if self.observed.count > count:
                count, until = self.observed.count, time.monotonic() + _DRAIN_SECONDS

    def _final_metrics(self, consumer: Program) -> Scrape:
        """The consumer's last word on its counters, once it has counted what it committed."""
        until = time.monotonic() + 5
        published = sum(summary["published"] for summary in self.summaries)
        metrics = scrape(self.stage.address)
        while (metrics is None or metrics.total("sentiment_consumed_total") != published) and (
            time.monotonic() < until
        ):
            time.sleep(0.1)
            metrics = scrape(self.stage.address)
        if metrics is None:
            raise DemoError(f"the consumer no longer answers at {self.stage.address}:\n{consumer.tail()}")
        return metrics

    def _close(self, metrics: Scrape) -> int:
        account = self._account()
        self.say("")
        for line in account_lines(account):
            self.say(line)
        self.say(
            latency_line(f"latency at {self.options.rate:g}/s", self.observed.sights(before=self.burst_at))
        )
        self.say(histogram_line(metrics))
        if burst := burst_line(self.observed.sights(since=self.burst_at)):
            self.say(burst)
        for line in self.stage.notes(self.observed.sights()):
            self.say(line)
        differences = disagreements(account, metrics, self.summaries)
        for line in differences:
            self.say(f"  {line}")
        verdict = account.verdict()
        if account.balanced and differences:
            verdict = "NOT BALANCED: " + "; ".join(differences)
        self.say(verdict)
        return 0 if account.balanced and not differences else 1

    def _account(self) -> Account:
        inputs, results, dead_letters = (
            read_back(self.stage.bootstrap, topic) for topic in self.stage.names.topics
        )
        return settle(inputs, results, dead_letters)

    def _keep(self, consumer: Program, metrics: Scrape) -> int:
        """The account, then everything goes on running until Ctrl-C, for looking around."""
        code = self._close(metrics)
        self.say(f"\nstill running: broker {self.stage.bootstrap}, page {self.stage.address}/")
        self.say(f"topics {', '.join(self.stage.names.topics)}; logs in {self.stage.logs}; Ctrl-C ends it")
        try:
            while consumer.exit_code is None:
                time.sleep(0.2)
        except KeyboardInterrupt:
            consumer.stop()
        return code
