"""The loop: poll → parse → clean → tokenise → score → label → publish → commit.

The only place that decides the order of effects. Everything up to the label is pure; publish and commit
are one transaction; whatever fails in it, the producer is thrown away and reading goes back to what is
committed.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from logging import DEBUG, WARNING, getLogger

from consumer.batch import Item, StageClock
from consumer.broker.at_least_once import AtLeastOncePublisher
from consumer.broker.faults import PublishFailedError
from consumer.broker.poll import Offsets, Source, offset_after
from consumer.broker.producer import Letters
from consumer.broker.transaction import TransactionalPublisher
from consumer.caution import label_with_care
from consumer.circuit import Circuit
from consumer.encode import encode_dead_letter, encode_result
from consumer.errors import StoppedWaitingError
from consumer.gather import CloseReason, Gatherer, MicroBatch
from consumer.labeller import Labeller
from consumer.limits import STOP_PATIENCE_SECONDS, Limits
from consumer.monitoring.batch_trace import BatchStory, BatchTrace
from consumer.monitoring.health import Health
from consumer.monitoring.logs import event
from consumer.monitoring.metrics import Metrics
from consumer.monitoring.watcher import Watcher
from consumer.oversize import Oversize
from consumer.presence import Presence
from consumer.records import Outcome
from consumer.renewal import Renewal, tell_switched
from consumer.suspicion import Suspicion

log = getLogger(__name__)

_LOOK_SECONDS = 0.25
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 2.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the loop moves records between."""

    source: Source
    gatherer: Gatherer
    publisher: TransactionalPublisher | AtLeastOncePublisher
    presence: Presence
    metrics: Metrics
    health: Health
    circuit: Circuit
    suspicion: Suspicion
    trace: BatchTrace | None = None
    watchers: Sequence[Watcher] = ()
    turn: Callable[[], AbstractContextManager[object]] = nullcontext  # where the scorer is shared
    renewal: Renewal | None = None  # where another model may come


@dataclass(frozen=True, slots=True)
class InHand:
    """A batch that is being scored, or is scored and not yet published."""

    batch: MicroBatch
    outcome: Future[Outcome]
    watch: StageClock
    id: str  # the same in every log line and span of it; unique over restarts

    @property
    def backlog(self) -> bool:
        """Whether more was waiting behind it."""
        return self.batch.reason is not CloseReason.WAIT


class Loop:
    """One replica's stream."""

    def __init__(
        self,
        parts: Parts,
        labeller: Labeller,
        group: str,
        limits: Limits,
        pause: Callable[[float], object],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """``pause`` waits, shorter when told to stop; ``wall_clock`` stamps results."""
        self._parts, self._labeller, self._group = parts, labeller, group
        self._limits, self._pause, self._wall_clock = limits, pause, wall_clock
        self._oversize = Oversize()
        self._failures = 0
        run = secrets.token_hex(4)
        self._ids = (f"{run}-{number}" for number in itertools.count(1))

    def run(self) -> None:
        """Turn until a limit is reached or a stop is asked for. Raises ``ConsumerError``.

        Under a backlog one batch is scored while the one before it is published and the one after it is
        gathered; else each is published as soon as it is scored.
        """
        self._restart_publisher()  # ends a predecessor's open transaction, which hides what lies behind it
        scoring = ThreadPoolExecutor(1, thread_name_prefix="score")
        in_hand: InHand | None = None
        try:
            while not self._limits.reached():
                self._parts.health.progressed()
                if self._parts.renewal and self._parts.renewal.ready:
                    if in_hand is not None:
                        self._publish(in_hand)  # in the name of the model that scored it
                        in_hand = None
                    self._renew(self._parts.renewal, scoring)
                    continue  # a limit may be reached by now
                if self._parts.circuit.holds():
                    self._hold()
                    continue
                batch = self._gather(in_hand)  # poll → parse → clean → tokenise
                if self._parts.gatherer.moved:
                    in_hand = None  # its partitions may be another's by now
                following = self._label(batch, scoring) if batch else None  # score → label
                if in_hand is not None and not self._publish(in_hand):  # publish → commit
                    following = None  # it is read again too
                in_hand = following
                if in_hand is not None and not in_hand.backlog:
                    self._publish(in_hand)
                    in_hand = None
        finally:
            scoring.shutdown(wait=False, cancel_futures=True)
            self._parts.suspicion.withdraw()  # whatever ends us now, it is not what is being scored

    def _renew(self, renewal: Renewal, scoring: ThreadPoolExecutor) -> None:
        """No batch is in hand: from here on all is the following model's."""
        following = renewal.take()
        if following is None:
            return
        before, self._labeller = self._labeller, following.labeller
        self._parts.gatherer.prepare_with(self._labeller.prepare)
        following.adopt()
        scoring.submit(self._let_go, before)  # behind whatever it may still be scoring, wanted or not
        tell_switched(before.style, self._labeller.style)

    def _let_go(self, labeller: Labeller) -> None:
        with self._parts.turn():  # nobody else is in the middle of scoring with it
            labeller.scorer.close()

    def _gather(self, in_hand: InHand | None) -> MicroBatch | None:
        rooms = [r for r in (self._limits.room(), self._parts.circuit.room()) if r is not None]
        room = min(rooms, default=None)
        if in_hand is not None and room is not None:
            room -= len(in_hand.batch.items)
            if room <= 0:
                return None
        batch = self._parts.gatherer.gather(room, patient=in_hand is None)
        self._note_poll(batch)
        return batch

    def _hold(self) -> None:
        """Stay a member of the group without reading; what was polled and not published is read again."""
        self._parts.gatherer.clear()
        self._parts.source.hold(_LOOK_SECONDS)
        self._limits.busy()  # the input is not idle, we are
        self._note_poll(None)

    def _label(self, batch: MicroBatch, scoring: ThreadPoolExecutor) -> InHand:
        watch = StageClock()
        watch.seconds.update(batch.seconds)
        watch.visits.extend(batch.visits)
        labelling = scoring.submit(self._label_in_turn, batch.items, self._labeller, watch)
        return InHand(batch, labelling, watch, next(self._ids))

    def _label_in_turn(self, items: Sequence[Item], labeller: Labeller, watch: StageClock) -> Outcome:
        parts = self._parts
        with parts.turn():  # before the batch is noted as being scored: another's fault is not its own
            return label_with_care(items, labeller.scorer, labeller.rules.label, watch, parts.suspicion)

    def _publish(self, in_hand: InHand) -> bool:
        """Whether the batch is committed and more may follow; else what was polled since is void."""
        batch, watch = in_hand.batch, in_hand.watch
        outcome = self._oversize.sort_out(self._outcome(in_hand.outcome))
        self._parts.health.progressed()
        watch.start()
        letters = self._encode(outcome)
        watch.stop("encode")
        offsets = offset_after(item.record for item in batch.items)
        try:
            self._parts.publisher.publish(
                letters, offsets, batch.group, self._oversize.suspects, sent=lambda: watch.mark("publish")
            )
        except PublishFailedError as failure:
            watch.mark("commit" if watch.visits[-1].stage == "publish" else "publish")
            self._recover(failure, in_hand, outcome, offsets)
            self._limits.busy()  # however long that took: the batch is still to be done
            return False
        watch.stop("publish", rest="commit")
        self._failures = 0
        self._account(in_hand, outcome, watch.seconds, self._parts.source.committed(offsets))
        return not self._parts.circuit.holds()  # nothing is published behind the batch that opened it

    def _outcome(self, labelling: Future[Outcome]) -> Outcome:
        """Wait for the scorer, but not past a stop."""
        while not wait([labelling], _LOOK_SECONDS).done:
            if self._limits.stopping_for(STOP_PATIENCE_SECONDS):
                raise StoppedWaitingError("the scorer")
        return labelling.result()

    def _encode(self, outcome: Outcome) -> Letters:
        now, style = self._wall_clock(), self._labeller.style
        rejects = sorted(outcome.rejects, key=lambda r: r.record.position)  # found stage by stage
        return Letters(
            tuple(encode_result(r, style, now) for r in outcome.results),
            tuple(encode_dead_letter(r, self._group, style.model_version, now) for r in rejects),
        )

    def _recover(
        self, failure: PublishFailedError, in_hand: InHand, outcome: Outcome, offsets: Offsets
    ) -> None:
        """The producer is gone already; go back to what is committed, which alone tells what happened."""
        event(
            log,
            "batch_abandoned",
            WARNING,
            reason=failure.reason,
            error=str(failure),
            batch=in_hand.id,
            messages=len(in_hand.batch.items),
        )
        self._parts.metrics.transaction_aborted(failure.reason)
        self._oversize.refused(failure.too_large)
        self._parts.gatherer.clear()
        if not failure.too_large:
            self._pause(min(_FIRST_PAUSE_SECONDS * 2**self._failures, _LONGEST_PAUSE_SECONDS))
            self._failures += 1
        if self._limits.stopping():
            self._tell(in_hand, outcome, failure.reason)
            return
        consumed = self._parts.source.covered(offsets)
        self._restart_publisher()
        self._parts.source.rewind()
        if failure.in_doubt and self._parts.source.is_committed(offsets):  # only the answer was lost
            self._account(in_hand, outcome, outcome.seconds, consumed)
        else:
            self._tell(in_hand, outcome, failure.reason)

    def _restart_publisher(self) -> None:
        try:
            self._parts.publisher.start()
        except PublishFailedError as failure:  # publish() starts it again
            event(log, "producer_not_started", WARNING, error=str(failure))
            self._parts.presence.check()

    def _account(
        self, in_hand: InHand, outcome: Outcome, seconds: Mapping[str, float], consumed: int
    ) -> None:
        batch = in_hand.batch
        now = self._wall_clock()
        self._oversize.published(outcome)
        self._parts.suspicion.committed([item.record.position for item in batch.items])
        self._limits.committed(len(batch.items))
        self._parts.presence.heard()
        self._parts.circuit.committed(batch.items, outcome)
        self._parts.metrics.batch_committed(
            Outcome(outcome.results, outcome.rejects, outcome.skips, seconds, outcome.padded_tokens),
            consumed=consumed,
            close_reason=batch.reason,
            end_to_end_seconds=[now - t / 1000 for r in outcome.results if (t := r.record.timestamp_ms) >= 0],
            committed_at=now,
        )
        for watcher in self._parts.watchers:
            watcher.committed(outcome.results, now)
        self._note_lag()
        self._tell(in_hand, outcome)
        event(
            log,
            "batch_committed",
            DEBUG,
            batch=in_hand.id,
            messages=len(batch.items),
            reason=batch.reason,
            scored=len(outcome.results),
            dead_lettered=len(outcome.rejects),
            skipped=len(outcome.skips),
        )

    def _tell(self, in_hand: InHand, outcome: Outcome, error: str = "") -> None:
        """Tell whoever traces; nothing is gathered for it where nobody does."""
        if self._parts.trace is None:
            return
        records = [item.record for item in in_hand.batch.items]
        counts = (len(outcome.results), len(outcome.rejects), len(outcome.skips))
        self._parts.trace.over(
            BatchStory(
                in_hand.id, records, in_hand.watch.visits, str(in_hand.batch.reason), *counts, error=error
            )
        )

    def _note_poll(self, batch: MicroBatch | None) -> None:
        parts = self._parts
        parts.metrics.polled(self._wall_clock())
        if batch is not None:
            self._limits.busy()
        parts.health.reading(parts.source.trouble())
        is_member = parts.source.is_member()
        if is_member:
            parts.health.joined()
        else:
            parts.health.absent()
        if parts.source.take_assigned():
            self._limits.busy()
            parts.metrics.rebalanced()
            parts.presence.heard()
            event(log, "partitions_assigned", partitions=parts.source.partitions())
        if batch is None:
            is_there = parts.presence.check()
            if not (is_there and is_member and parts.source.is_reading()):
                self._limits.busy()  # nothing came, but more may be there
            self._note_lag()
            for watcher in parts.watchers:
                watcher.passed(self._wall_clock())

    def _note_lag(self) -> None:
        states = self._parts.source.states()
        self._parts.metrics.assigned((s.topic, s.partition) for s in states)
        for s in states:
            self._parts.metrics.lag.update(
                (s.topic, s.partition), s.high_water, s.committed, s.oldest_uncommitted_ms
            )

    def close(self, timeout_seconds: float) -> None:
        """Leave the group; no transaction is open between batches."""
        for watcher in self._parts.watchers:
            watcher.close()
        if self._parts.trace is not None:
            self._parts.trace.close()
        self._parts.publisher.close()
        self._parts.source.close(timeout_seconds)
        if self._parts.renewal:
            self._parts.renewal.close()
        self._labeller.scorer.close()
