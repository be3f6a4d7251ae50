"""What so many tweets a second take: cores, replicas, partitions, brokers, network. Pure arithmetic.

The costs come from ``docs/capacity.json``, which ``make capacity`` measures; what is assumed and not measured
stands here, by name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).with_name("capacity.json")
RATES = (1_000, 10_000, 100_000, 1_000_000)  # tweets a second

# Assumed, not measured.
LOAD = 0.6  # of what is there: the rest is for peaks, a replica that is away, a backlog to work off
REPLICATION = 3
BROKER_BYTES = 100e6  # bytes a second that one broker writes, its share of the copies included
FEWEST_BROKERS = 3
FEWEST_REPLICAS = 2  # one may be away
CORES = (2, 4, 8)  # of a replica, the smallest first that keeps the group small
SMALL_GROUP = 100  # members, above which every join and leave of one takes noticeably long


@dataclass(frozen=True, slots=True)
class Cost:
    """What one tweet costs, in seconds of one core, and in bytes.

    Attributes:
        score: in the model, at the mean length.
        loop: in the loop's one thread: fetch, parse, clean, tokenise, label, encode, publish.
        commit: of one transaction.
        batch: records in a transaction.
        read: bytes of a record read, written: of its result.
    """

    score: float
    loop: float
    commit: float
    batch: int
    read: float
    written: float

    @property
    def each(self) -> float:
        """Seconds of a core for one tweet, all together."""
        return self.score + self.thread

    @property
    def thread(self) -> float:
        """Seconds for one tweet of what one replica can only do one after the other."""
        return self.loop + self.commit / self.batch

    def replica(self, cores: int) -> float:
        """Tweets a second that a replica of so many cores carries at most."""
        return min(cores / self.each, 1 / self.thread)


@dataclass(frozen=True, slots=True)
class Plan:
    """What carries ``rate`` tweets a second at ``LOAD``."""

    rate: int
    cores: int  # of a replica
    replicas: int
    partitions: int
    brokers: int
    commits: float  # transactions a second
    network: float  # bytes a second into the brokers from outside, and out of them, without their copies
    core_hours: float  # a day, of the consumers


def plan(rate: int, cost: Cost) -> Plan:
    """The smallest that carries ``rate`` tweets a second."""
    cores, replicas = next(
        ((k, n) for k in CORES if (n := _replicas(rate, cost, k)) <= SMALL_GROUP),
        (CORES[-1], _replicas(rate, cost, CORES[-1])),
    )
    incoming = rate * (cost.read + cost.written)
    return Plan(
        rate=rate,
        cores=cores,
        replicas=replicas,
        partitions=_round_up(2 * replicas),
        brokers=max(FEWEST_BROKERS, math.ceil(incoming * REPLICATION / BROKER_BYTES)),
        commits=max(rate / cost.batch, float(replicas)),
        network=2 * incoming,
        core_hours=24 * cores * replicas,
    )


def _replicas(rate: int, cost: Cost, cores: int) -> int:
    return max(FEWEST_REPLICAS, math.ceil(rate / (LOAD * cost.replica(cores))))


def _round_up(count: int) -> int:
    """The next of 6, 12, 24, 48 and so on: each divides by 2 and 3, so replicas get even shares.

    >>> _round_up(4), _round_up(13)
    (6, 24)
    """
    found = 6
    while found < count:
        found *= 2
    return found


def cost_of(measured: Mapping[str, Any]) -> Cost:
    """The cost of a tweet as it was measured."""
    return Cost(**{name: measured["cost"][name] for name in Cost.__dataclass_fields__})


def read_measured() -> dict[str, Any]:
    """What ``make capacity`` wrote."""
    found: dict[str, Any] = json.loads(MEASURED.read_text("utf-8"))
    return found


def costs(measured: Mapping[str, Any]) -> str:
    """Markdown: where the time of a tweet goes."""
    cost = cost_of(measured)
    scoring = measured["scoring"]
    lines = [
        f"On a core of {measured['cpu']}:",
        "",
        "| part | measured |",
        "|---|---|",
        f"| model, a text of n tokens | {scoring['token'] * 1e3:.3f} · n {scoring['text'] * 1e3:+.2f} ms |",
        f"| model, a tweet of {scoring['mean_tokens']:.1f} tokens in the mean | {cost.score * 1e3:.2f} ms |",
        f"| loop, a tweet, in one thread | {cost.loop * 1e3:.3f} ms |",
        f"| a transaction, whatever is in it | {cost.commit * 1e3:.1f} ms |",
        f"| so a tweet, at {cost.batch} in a transaction | {cost.each * 1e3:.2f} ms |",
        f"| **tweets a second and core** | **{1 / cost.each:,.0f}** |",
        f"| at most for one replica, by its one thread | {1 / cost.thread:,.0f} tweets/s |",
        f"| bytes of a tweet read, of its result | {cost.read:,.0f}, {cost.written:,.0f} |",
        "",
    ]
    return "\n".join(lines)


def scale(measured: Mapping[str, Any]) -> str:
    """Markdown: what several replicas carried, beside one."""
    found = measured["scale"]
    head = f"{found['partitions']} partitions, {found['ms_a_text']:g} ms a text:"
    return f"{head}\n\n{carried(found['measured'])}\n"


def carried(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: replicas and tweets a second of each row, beside the first's."""
    one = rows[0]["per_second"]
    lines = ["| replicas | tweets/s | times one |", "|---|---|---|"]
    lines += [
        f"| {row['replicas']} | {row['per_second']:,.0f} | {row['per_second'] / one:.2f} |" for row in rows
    ]
    return "\n".join(lines)


def table(measured: Mapping[str, Any]) -> str:
    """Markdown: a plan for each rate."""
    cost = cost_of(measured)
    head = (
        "tweets/s", "replicas × cores", "partitions", "brokers", "transactions/s", "network in + out",
        "core-hours a day", "core-hours a billion tweets",
    )  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for rate in RATES:
        p = plan(rate, cost)
        billion = p.core_hours * 1e9 / (rate * 86_400)
        lines.append(
            f"| {rate:,} | {p.replicas:,} × {p.cores} | {p.partitions:,} | {p.brokers} | {p.commits:,.0f} "
            f"| {p.network / 1e6:,.1f} MB/s | {p.core_hours:,.0f} | {billion:,.0f} |"
        )
    return "\n".join([*lines, ""])
