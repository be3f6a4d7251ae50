"""Holding: the assignment paused, the client polled."""

from __future__ import annotations

from typing import Any, cast

from kafka import TopicPartition

from consumer.broker.hold import Hold
from tests.doubles import Clock

ZERO, ONE, TWO = (TopicPartition("tweets", n) for n in range(3))


class Consumer:
    """As much of the client as a hold needs."""

    def __init__(self) -> None:
        self.assigned, self.stopped = {ZERO, ONE}, set[TopicPartition]()
        self.polls: list[set[TopicPartition]] = []  # what was paused at each
        self.fetched: dict[TopicPartition, list[str]] = {}
        self.asked = 0

    def assignment(self) -> set[TopicPartition]:
        """The partitions."""
        return set(self.assigned)

    def paused(self) -> set[TopicPartition]:
        """Those of them that rest."""
        return self.stopped & self.assigned

    def pause(self, tp: TopicPartition) -> None:
        """Let one rest; a revoked one is unknown."""
        if tp not in self.assigned:
            raise KeyError(tp)
        self.stopped.add(tp)

    def resume(self, tp: TopicPartition) -> None:
        """Go on with one."""
        self.stopped.remove(tp)

    def poll(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[str]]:
        """What the test put there."""
        assert (timeout_ms, max_records) == (250, 1)
        self.polls.append(self.paused())
        return self.fetched

    def end_offsets(self, tps: list[TopicPartition], timeout_ms: int) -> dict[TopicPartition, int]:
        """Each ends at ten."""
        assert timeout_ms > 0
        self.asked += 1
        return dict.fromkeys(tps, 10)

    def highwater(self, tp: TopicPartition) -> int | None:
        """Where the last fetch saw the end."""
        return 7 if tp == ZERO else None


def test_all_partitions_rest_while_the_client_is_polled() -> None:
    """Also those that a rebalance brought; what came unpaused and was read is told."""
    consumer = Consumer()
    hold = Hold(cast("Any", consumer), Clock())
    assert not hold.keep(0.25)
    consumer.assigned = {ONE, TWO}
    consumer.fetched = {TWO: ["a record"]}
    assert hold.keep(0.25)
    assert consumer.polls == [{ZERO, ONE}, {ONE, TWO}]
    hold.release()
    assert consumer.paused() == set()


def test_ends_are_asked_for_once_a_second() -> None:
    """What fetching would tell, it cannot now; a hold is no flood of questions."""
    consumer, clock = Consumer(), Clock()
    hold = Hold(cast("Any", consumer), clock)
    assert (hold.end(ZERO), hold.end(ONE)) == (7, None)
    for _ in range(8):
        hold.keep(0.25)
        clock.pass_seconds(0.25)
    assert consumer.asked == 2
    assert (hold.end(ZERO), hold.end(ONE)) == (10, 10)
    hold.release()
    assert hold.end(ZERO) == 7
