"""Drift of a fleet, told by Prometheus from what each replica shows."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from consumer.comparable import COUNTED_IN, Spread
from consumer.signals import count
from deploy.observability import fleet_drift as fleet
from tests.observability.fleet import Member
from tests.observability.prometheus import Prometheus

Floats = npt.NDArray[np.float64]
ROWS, BATCH, ROUNDS = 5_000, 200, 30
LEAST_BIN = {"score": 0.05, "confidence": 0.5}
# `increase` adds to each replica's tweets up to 1.1 times what came between two scrapes, to one more and to
# the next less. At the worst, with these three, the score's index is so off by 2 % after 92 scrapes.
SCRAPES, EVERY = 100, "500ms"


def signals(scores: Floats) -> dict[str, Floats]:
    """Both signals of n probabilities."""
    return {"score": scores, "confidence": np.maximum(scores, 1 - scores)}


def pooled(scores: Floats, reference: Floats, signal: str) -> float:
    """PSI of all tweets together, from the scores themselves; empty ends are one bin with their neighbour."""
    inner = [bound for bound in COUNTED_IN[signal][:-1] if bound >= LEAST_BIN[signal]]
    counts = [np.array(count(signals(of)[signal], tuple(inner))) + 0.5 for of in (scores, reference)]
    p, q = (each / each.sum() for each in counts)
    return float(((p - q) * np.log(p / q)).sum())


def reference_of(scores: Floats) -> dict[str, Spread]:
    """As a model's drift-reference.json has it."""
    return {
        name: (COUNTED_IN[name], count(values, COUNTED_IN[name])) for name, values in signals(scores).items()
    }


@pytest.mark.needs_tool("prometheus")
def test_the_whole_is_told_from_what_each_replica_shows(tmp_path: Path) -> None:
    """PSI over three replicas is within 2 % of that of all their tweets together, though each reads others.

    One replica reads little, one restarts in between, and one goes before the end; another group beside
    them does not count. No replica by itself is near the pooled value, so no mean of theirs would do.
    """
    rng = np.random.default_rng(7)
    reference = rng.beta(0.6, 0.5, ROWS)
    skews = ((0.6, 0.9, 1.0), (1.5, 0.5, 0.6), (0.5, 0.5, 0.2))  # shape, shape, share of a batch
    seen: list[list[Floats]] = [[], [], []]
    with ExitStack() as stack:
        members = [stack.enter_context(Member("tweets-a", reference_of(reference))) for _ in skews]
        other = stack.enter_context(Member("tweets-b", reference_of(reference)))
        server = stack.enter_context(Prometheus(tmp_path, [one.target for one in (*members, other)], EVERY))
        server.wait_until(lambda: server.scraped() == 4, "all replicas are scraped at zero")
        for number in range(ROUNDS):
            for member, (a, b, share), so_far in zip(members, skews, seen, strict=True):
                so_far.append(rng.beta(a, b, int(BATCH * share)))
                member.commit(so_far[-1].tolist())
            other.commit(rng.beta(9, 1, BATCH).tolist())
            time.sleep(0.5)
            if number == ROUNDS // 2:
                wait_for_scrapes(server, 3)
                members[1].restart()
                wait_for_scrapes(server, 3)
        wait_for_scrapes(server, 3)
        enough = f"min(sum_over_time(up[1h])) >= {SCRAPES}"
        server.wait_until(lambda: server.value(enough), f"{SCRAPES} scrapes of each that were answered")
        everything = np.concatenate([scores for so_far in seen for scores in so_far])
        for signal in fleet.SIGNALS:
            chosen = f'{{consumer_group="tweets-a",signal="{signal}"}}'
            expected = pooled(everything, reference, signal)
            wait_for_rules(server, f"{fleet.PSI}{chosen}", expected)
            assert server.value(f"{fleet.PSI}{chosen}") == pytest.approx(expected, rel=0.02)
            assert server.value(f"{fleet.TWEETS}{chosen}") == pytest.approx(len(everything), rel=0.05)
            for so_far in seen:
                assert pooled(np.concatenate(so_far), reference, signal) != pytest.approx(expected, rel=0.1)
        members[2].__exit__()
        wait_for_scrapes(server, 3)
        gone = server.value(f'{fleet.PSI}{{consumer_group="tweets-a",signal="score"}}')
        assert gone == pytest.approx(pooled(everything, reference, "score"), rel=0.02)


def wait_for_scrapes(server: Prometheus, seconds: int) -> None:
    """Let so long pass, in scrapes of every replica, answered or not, and in rules."""
    until = (server.value("time()") or 0.0) + seconds
    server.wait_until(
        lambda: (server.value("min(timestamp(up))") or 0.0) >= until, f"{seconds} s more of scrapes"
    )


def wait_for_rules(server: Prometheus, expr: str, expected: float) -> None:
    """Let the rules catch up with the last scrape: they build on one another. Judges nothing."""
    try:
        server.wait_until(lambda: server.value(expr) == pytest.approx(expected, rel=0.02), expr, seconds=20)
    except AssertionError:
        return  # the test itself says by how much it is off


def test_bins_are_differences_of_buckets_that_exist() -> None:
    """Every bound in the rules is one that the consumer's histograms have."""
    for signal, bins in fleet.SIGNALS.items():
        names = {*(str(float(bound)) for bound in COUNTED_IN[signal]), "+Inf"}
        assert {one.high for one in bins} | {one.low for one in bins if one.low} <= names
        assert bins[0].low is None
        assert bins[-1].high == "+Inf"
