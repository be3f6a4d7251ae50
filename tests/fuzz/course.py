"""The whole path of an input, from the bytes to what is published, and the verdict on it."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from consumer.batch import Item, Rules, label, prepare
from consumer.encode import ERROR_PREFIX, Message, ResultStyle, encode_dead_letter, encode_result
from consumer.records import Record
from consumer.scoring.scorer import Scorer
from tests.fuzz import judge, ugly

STALL_SECONDS = 1.0
BATCH = 64
STYLE = ResultStyle("fuzz", "1")
NOW = 1_700_000_000.0


class FaultError(AssertionError):
    """An input that was not dealt with as it must be."""

    def __init__(self, value: bytes, what: str) -> None:
        super().__init__(f"{what}: {value[:300]!r}{' …' if len(value) > 300 else ''} ({len(value)} bytes)")
        self.value = value


@dataclass
class Tally:
    """What became of the inputs."""

    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0.0  # of processor time or by the clock, whichever is less
    slowest: bytes = b""

    def add(self, seconds: float, value: bytes) -> None:
        """One input was prepared in so much time."""
        self.inputs += 1
        if seconds > self.slowest_seconds:
            self.slowest_seconds, self.slowest = seconds, value
        if seconds > STALL_SECONDS:
            raise FaultError(value, f"took {seconds:.2f} s")


def run(values: Iterable[bytes], rules: Rules, scorer: Scorer, tally: Tally) -> None:
    """Send inputs down the path, each timed alone, scored by the batch. Raises ``FaultError``."""
    items: list[Item] = []
    for offset, value in enumerate(values):
        record = Record("tweets", 0, offset, 1_700_000_000_000, b"key", value, (("theirs", b"1"),))
        began = time.process_time(), time.perf_counter()
        try:
            (item,) = prepare([record], rules)
        except Exception as error:
            raise FaultError(value, f"raised {error!r}") from error
        # A busy machine makes the one longer, the process's other threads the other; a stall is in both.
        tally.add(min(time.process_time() - began[0], time.perf_counter() - began[1]), value)
        items.append(item)
        if len(items) == BATCH:
            _finish(items, rules, scorer, tally)
            items = []
    if items:
        _finish(items, rules, scorer, tally)


def _finish(items: Sequence[Item], rules: Rules, scorer: Scorer, tally: Tally) -> None:
    outcome = label(items, scorer, rules.label)
    results = [encode_result(r, STYLE, NOW) for r in outcome.results]
    dead = [encode_dead_letter(r, "group", "1", NOW) for r in outcome.rejects]
    fates = {m.source.offset: _result(m) for m in results} | {m.source.offset: _letter(m) for m in dead}
    if len(results) + len(dead) != len(items) or len(fates) != len(items):
        raise AssertionError(f"{len(items)} inputs became {len(results)} results and {len(dead)} letters")
    for item in items:
        value = item.record.value or b""
        fate = fates[item.record.offset]
        tally.outcomes[fate] += 1
        if fate not in (wanted := judge.allowed(value)):
            raise FaultError(value, f"became {fate}, not {' or '.join(sorted(wanted))}")


def _result(message: Message) -> str:
    body, value = json.loads(message.value or b""), message.source.value or b""
    tweet = judge.tweet_of(json.loads(value))
    numbers = [body["probability"], body["confidence"]]
    if body["text"] != judge.text_of(tweet) or body["id"] != str(
        tweet["id_str"] if tweet.get("id_str") is not None else tweet["id"]
    ):
        raise FaultError(value, "the result is of another tweet")
    if not all(math.isfinite(n) and 0 <= n <= 1 for n in numbers) or body["label"] not in (
        "positive",
        "negative",
    ):
        raise FaultError(value, f"has no sound label: {body['label']} {numbers}")
    return "result"


def _letter(message: Message) -> str:
    value = message.source.value or b""
    said = {
        name.removeprefix(ERROR_PREFIX): text
        for name, text in message.headers
        if name.startswith(ERROR_PREFIX)
    }
    if message.value != value or message.headers[0] != ("theirs", b"1"):
        raise FaultError(value, "the dead letter is not as the record came")
    if any(ugly.PLANTED.encode() in (text or b"") for text in said.values()):
        raise FaultError(value, "a header repeats what the record says")
    return (said["reason"] or b"").decode()
