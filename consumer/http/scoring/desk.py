"""The desk: where the texts of HTTP requests wait, and the one thread that scores them.

    request ─room?─→ prepare ─→ waiting ─turn─→ score, label ─→ its answer
       │                                 └ so many tokens a turn, whoever they belong to
       └─ 429 where the room is taken, 503 before there is a model

Rooms are counted in texts, from the request's coming to its answer: what is in memory is bounded. Where
another model takes over, what still waits is prepared anew and scored by it; nothing is answered by halves.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from logging import getLogger

from consumer.batch import Item, Rules, label, prepare
from consumer.encode import ResultStyle, to_json
from consumer.http.scoring.refusal import Refusal
from consumer.records import Outcome, Prepared, Reason, Record, Reject, Result, Stage
from consumer.scoring.scorer import Scorer

log = getLogger(__name__)

Answer = Result | Reject
Answered = tuple[Answer, ResultStyle]  # with the name of the model that it is of
PATIENCE_SECONDS = 8.0  # below the deadline of an exchange, so that who waits in vain is told so


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many texts may be in the house, and how many tokens are scored before the stream's next batch."""

    queue_texts: int
    turn_tokens: int
    patience_seconds: float = PATIENCE_SECONDS


@dataclass(frozen=True, slots=True)
class Means:
    """What it takes to score; ``turn`` is held while the scorer is used."""

    rules: Rules
    style: ResultStyle
    scorer: Scorer
    turn: Callable[[], AbstractContextManager[object]]


@dataclass(eq=False, slots=True)
class _Job:
    """One request's texts."""

    items: list[Item]
    rules: Rules  # it was prepared by
    done: asyncio.Future[None]
    answers: dict[int, Answered] = field(default_factory=dict)  # by offset

    def take(self, found: dict[int, Answered]) -> None:
        """Some of its answers; in the event loop's thread."""
        self.answers |= found
        if len(self.answers) == len(self.items) and not self.done.done():
            self.done.set_result(None)


class Desk:
    """Open from when the model is warm; ``label`` is called in the event loop's thread alone."""

    def __init__(self, bounds: Bounds, on_waiting: Callable[[int], object] = lambda _: None) -> None:
        """``on_waiting`` hears how many texts are in the house, whenever that changes."""
        self._bounds, self._on_waiting = bounds, on_waiting
        self._means: Means | None = None
        self._last: Means | None = None  # what is in the house is scored with, also once it is closed
        self._why_closed = "the model is not warm yet"
        self._scoring: threading.Thread | None = None
        self._texts = 0
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Prepared, _Job]] = deque()
        self._preparing = ThreadPoolExecutor(1, thread_name_prefix="http-prepare")

    def open(self, means: Means) -> None:
        """Score from now on."""
        self._means = self._last = means
        self._scoring = threading.Thread(
            target=self._work, args=(means.turn,), name="http-score", daemon=True
        )
        self._scoring.start()

    def renew(self, means: Means) -> None:
        """Score with another model, of the same ``turn``: who has the next turn leaves the old one alone."""
        with self._changed:
            self._last = means
            if self._means is not None:
                self._means = means

    def close(self, timeout_seconds: float = 2) -> None:
        """Take no more; what waits is still scored, within the time."""
        with self._changed:
            self._means, self._why_closed = None, "the consumer is stopping"
            self._changed.notify_all()
        if self._scoring is not None:
            self._scoring.join(timeout_seconds)

    def require_room(self, texts: int = 1) -> Means:
        """What to score with; raises ``Refusal`` with 503 or 429."""
        if self._means is None:
            raise Refusal(503, "not_ready", self._why_closed)
        if self._texts + texts > self._bounds.queue_texts:
            raise Refusal(429, "busy", "as many texts as may wait are waiting already")
        return self._means

    async def label(self, texts: Sequence[str]) -> list[Answered]:
        """A result, or what is wrong with it, for each text, in order.

        Raises:
            Refusal: 503 without a model, or where it took too long; 429 where there is no room.
        """
        means = self.require_room(len(texts))
        self._count(len(texts))
        try:
            async with asyncio.timeout(self._bounds.patience_seconds):
                return await self._label(texts, means)
        except TimeoutError:
            raise Refusal(503, "too_late", "the texts could not be scored in time") from None
        finally:
            self._count(-len(texts))

    def _count(self, texts: int) -> None:
        self._texts += texts
        self._on_waiting(self._texts)

    async def _label(self, texts: Sequence[str], means: Means) -> list[Answered]:
        records = [_record(place, text, next(self._numbers)) for place, text in enumerate(texts)]
        loop = asyncio.get_running_loop()
        items = await loop.run_in_executor(self._preparing, prepare, records, means.rules)
        job = _Job(items, means.rules, loop.create_future())
        job.take({item.record.offset: (item, means.style) for item in items if isinstance(item, Reject)})
        with self._changed:
            self._waiting += ((item, job) for item in items if isinstance(item, Prepared))
            self._changed.notify_all()
        try:
            await job.done
        except asyncio.CancelledError:
            with self._changed:
                self._waiting = deque(pair for pair in self._waiting if pair[1] is not job)
            raise
        return [job.answers[record.offset] for record in records]

    def _work(self, turn: Callable[[], AbstractContextManager[object]]) -> None:
        while self._wait():
            with turn():
                taken, means = self._take()
                found = _score([_prepared_by(means.rules, *pair) for pair in taken], means)
            for job in {id(job): job for _, job in taken}.values():
                offsets = [item.record.offset for item, its in taken if its is job]
                own = {offset: (found[offset], means.style) for offset in offsets}
                with contextlib.suppress(RuntimeError):  # the server has stopped
                    job.done.get_loop().call_soon_threadsafe(job.take, own)

    def _wait(self) -> bool:
        """Whether there is something to score; False where the desk is closed and all is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._means is None)
            return bool(self._waiting)

    def _take(self) -> tuple[list[tuple[Prepared, _Job]], Means]:
        """The first texts that fit into one turn, at least one, however long; and who scores them."""
        taken: list[tuple[Prepared, _Job]] = []
        tokens = 0
        with self._changed:
            while self._waiting:
                tokens += len(self._waiting[0][0].tokens)
                if taken and tokens > self._bounds.turn_tokens:
                    break
                taken.append(self._waiting.popleft())
            assert self._last is not None  # noqa: S101 - it was opened
            return taken, self._last


def _record(place: int, text: str, number: int) -> Record:
    """As if it had come on a topic; its id is its place in the request."""
    return Record("http", 0, number, 0, None, to_json({"id": str(place), "text": text}))


def _prepared_by(rules: Rules, item: Prepared, job: _Job) -> Item:
    """The same text for the model that scores it: another one's word pieces mean nothing to it."""
    if job.rules is rules:
        return item
    (anew,) = prepare([item.record], rules)
    return anew


def _score(items: Sequence[Item], means: Means) -> dict[int, Answer]:
    """The answer of each, by offset."""
    if not items:
        return {}
    try:
        outcome = label(items, means.scorer, means.rules.label)
    except Exception:  # whatever it was, the thread must live on for the next texts
        log.exception("http_scoring_failed", extra={"fields": {"texts": len(items)}})
        outcome = Outcome(
            rejects=tuple(
                Reject(i.record, Stage.SCORE, Reason.SCORER_FAILED, "scoring failed") for i in items
            )
        )
    answers: tuple[Answer, ...] = (*outcome.results, *outcome.rejects)
    return {answer.record.offset: answer for answer in answers}
