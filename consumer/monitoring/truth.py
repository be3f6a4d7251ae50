"""Late truth: labels that arrive after the results, joined to them by the tweet's id.

Results wait for their label and labels for their result, as many and as long as the window says; whichever
comes second joins. Each replica reads every label and joins those of its own results.
"""

from __future__ import annotations

import json
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from consumer.monitoring.drift.window import Extent
from consumer.records import Label, Result

LEAST_PAIRS = 100  # an accuracy of fewer says little: at 100 it is known to about 7 points
Waits = TypeVar("Waits")


class Given(NamedTuple):
    """A label this replica gave."""

    label: Label
    confidence: float
    model: int = 0  # which of those it had so far


@dataclass(frozen=True, slots=True)
class Measured:
    """What the labels say of the results they belong to."""

    pairs: int
    accuracy: float | None  # of the labels given; None of too few
    expected: float | None  # what the confidence of the same results promised
    fates: dict[str, int]  # what became of the labels since the last report


class Truth:
    """A watcher that measures."""

    def __init__(
        self,
        take: Callable[[], Sequence[bytes | None]],
        stop: Callable[[], object],
        report: Callable[[Measured], None],
        extent: Extent,
        pairs: int,
    ) -> None:
        """``take`` gives the labels that came since, ``stop`` ends that.

        ``extent`` bounds either side's waiting, ``pairs`` how many of the last pairs are measured.
        """
        self._take, self._stop, self._report, self._seconds = take, stop, report, extent.seconds
        self._given: _Waiting[Given] = _Waiting(extent)
        self._labels: _Waiting[Label] = _Waiting(extent)
        self._pairs: deque[tuple[float, bool, float]] = deque(maxlen=pairs)  # when, right, confidence
        self._fates: Counter[str] = Counter()
        self._model = 0

    def renew(self) -> None:
        """Another model answers from now on: its accuracy is measured anew, by labels of its own results."""
        self._pairs.clear()
        self._model += 1

    def committed(self, results: Sequence[Result], at: float) -> None:
        """These wait for their labels, or find them."""
        for result in results:
            if result.label is Label.NEUTRAL:
                continue
            given = Given(result.label, result.confidence, self._model)
            label = self._labels.take(result.tweet.id)
            if label is None:
                self._given.put(result.tweet.id, given, at)
            else:
                self._join(given, label, at)
        self.passed(at)

    def passed(self, at: float) -> None:
        """Take in what labels came, let go of what waited too long, and report."""
        for value in self._take():
            self._hear(value, at)
        self._given.expire(at)
        self._fates["unmatched"] += self._labels.expire(at)
        while self._pairs and at - self._pairs[0][0] > self._seconds:
            self._pairs.popleft()
        self._report(self._measured())

    def _hear(self, value: bytes | None, at: float) -> None:
        read = read_label(value)
        if read is None:
            self._fates["unreadable"] += 1
            return
        tweet, label = read
        if label is Label.NEUTRAL:  # nothing that two labels could be right about
            self._fates["neutral"] += 1
            return
        given = self._given.take(tweet)
        if given is not None:
            self._join(given, label, at)
        elif self._labels.put(tweet, label, at):
            self._fates["unmatched"] += 1  # an earlier one for the same tweet gives way

    def _join(self, given: Given, label: Label, at: float) -> None:
        if given.model == self._model:
            self._pairs.append((at, given.label is label, given.confidence))
        self._fates["joined"] += 1

    def _measured(self) -> Measured:
        fates, self._fates = dict(self._fates), Counter()
        n = len(self._pairs)
        if n < LEAST_PAIRS:
            return Measured(n, None, None, fates)
        right = sum(one for _, one, _ in self._pairs)
        return Measured(n, right / n, sum(c for *_, c in self._pairs) / n, fates)

    def close(self) -> None:
        """No more labels are read."""
        self._stop()


def read_label(value: bytes | None) -> tuple[str, Label] | None:
    """The id and the label of a record on the labels' topic; ``None`` where it does not tell both.

    >>> read_label(b'{"id": 7, "label": "positive"}')
    ('7', <Label.POSITIVE: 'positive'>)
    """
    try:
        body = json.loads(value or b"")
        found, label = body["id"], Label(body["label"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if isinstance(found, bool) or not isinstance(found, int | str) or found == "":
        return None
    return str(found), label


class _Waiting(Generic[Waits]):
    """What waits for its other half, oldest first; bounded in number and in time."""

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        self._waits: OrderedDict[str, tuple[Waits, float]] = OrderedDict()

    def put(self, key: str, value: Waits, at: float) -> bool:
        """Whether another waited under that key and gives way."""
        before = self._waits.pop(key, None)
        self._waits[key] = (value, at)
        return before is not None

    def take(self, key: str) -> Waits | None:
        """What waits under that key, which waits no longer."""
        found = self._waits.pop(key, None)
        return found[0] if found else None

    def expire(self, at: float) -> int:
        """Let go of the oldest until both bounds hold; how many went."""
        before = len(self._waits)
        while self._waits and (
            len(self._waits) > self._extent.tweets
            or at - next(iter(self._waits.values()))[1] > self._extent.seconds
        ):
            self._waits.popitem(last=False)
        return before - len(self._waits)
