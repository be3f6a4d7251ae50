"""The counts of a run, printed, and whether they are what was promised."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator, Mapping

from tests.chaos.perform import BATCH_MESSAGES, Outcome, Run
from tests.chaos.plan import Fault, counts

_SHOWN = 5


def lines(run: Run, outcome: Outcome, broker_session_ms: str | None) -> Iterator[str]:
    """One a line; lists with their first few."""
    verdict = outcome.verdict
    yield _line("faults that struck", f"{outcome.struck.total()}: {listed(outcome.struck)}")
    yield _line("replicas' exits", dict(sorted(outcome.exits.items())))
    yield _line("published", f"{verdict.published:,}")
    yield _line("labelled", f"{verdict.labelled:,}")
    yield _line("dead-lettered", f"{verdict.dead_lettered:,}")
    for name in ("lost", "duplicated", "out_of_order", "wrong"):
        found = getattr(verdict, name)
        yield _line(name.replace("_", " "), f"{len(found)} {found[:_SHOWN] if found else ''}")
    if run.delivery == "at_least_once":
        yield _line("copies too many", f"{verdict.copies}, bound {bound(run, outcome)}")
    yield _line("longest stop", f"{verdict.longest_stop_seconds:.1f} s without a result while one was due")
    yield _line("longest wait", f"{verdict.longest_wait_seconds:.1f} s of a tweet, from sent to scored")
    yield _line("beside it", f"replicas' session timeout {run.shape.session_seconds:g} s")
    if broker_session_ms is not None:
        yield _line("", f"brokers' session timeout {int(broker_session_ms) / 1000:g} s")
    yield from (f"UNEXPECTED: {line}" for line in outcome.unexpected)


def _line(name: str, value: object) -> str:
    return f"{name:20} {value}".rstrip()


def listed(how_often: Mapping[Fault, int]) -> str:
    """Faults and how often they come, or came."""
    return ", ".join(f"{how_often[fault]} x {fault}" for fault in Fault if how_often.get(fault))


def bound(run: Run, outcome: Outcome) -> int:
    """How many copies at_least_once may leave: each time, the batch that was sent and not committed.

    A fault moves the partitions twice at most, when it strikes and when it is over, each time for all.
    """
    return 2 * outcome.struck.total() * (run.shape.replicas + 1) * BATCH_MESSAGES


def kept(run: Run, outcome: Outcome) -> bool:
    """Whether the promise of this way of delivery was kept."""
    verdict = outcome.verdict
    killed = outcome.exits[-signal.SIGKILL]
    if outcome.unexpected or outcome.struck != Counter(counts(run.shape)) or killed != run.shape.kills:
        return False
    if run.delivery == "exactly_once":
        return verdict.clean
    within = verdict.copies <= bound(run, outcome)
    return within and not (verdict.lost or verdict.wrong or verdict.out_of_order)
