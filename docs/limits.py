"""What gives way first at each rate, for ``docs/capacity.md``; its numbers are those of the plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docs.sizing import RATES, Plan, cost_of, plan

# At each rate: what is at its end first, what then, and what to do. Filled in from the rate's plan.
_ROWS: Mapping[int, tuple[str, str, str]] = {
    1_000: (
        "the replicas' cores",
        "nothing else is near its end",
        (
            "{replicas} replicas of {cores} cores, about a quarter of them with VNNI; "
            "`python -m consumer topics --partitions {partitions}` makes topics that carry it"
        ),
    ),
    10_000: (
        "partitions: replicas above their number idle",
        "a restart of the whole group at once",
        (
            "make the topics with {partitions} partitions before the first record; "
            "`KAFKA_GROUP_INSTANCE_ID` for each replica, so that a restart moves nothing; "
            "replace one by one (`make rolling` shows it)"
        ),
    ),
    100_000: (
        "the group: every join and leave stops all members until all have answered",
        "the loop's one thread, if replicas get many more cores",
        (
            "fewer and larger replicas; static membership; `KAFKA_SESSION_TIMEOUT_MS` up, so that a slow "
            "node is not taken for a dead one. Transactions are no limit: {commits} a second, over the 50 "
            "partitions of the coordinator's log"
        ),
    ),
    1_000_000: (
        "brokers' network and disks: every byte is written three times",
        "one group of {replicas} members; the coordinator of its positions is one broker",
        (
            "split by key into several topics with a group each, if need be on several clusters; "
            "results without texts, compressed input; a smaller model; "
            "cores with VNNI, of which about a quarter will do"
        ),
    ),
}


def limits(measured: Mapping[str, Any]) -> str:
    """Markdown: a row for each rate."""
    cost = cost_of(measured)
    lines = ["| at | first | then | so |", "|---|---|---|---|"]
    lines += [f"| {rate:,}/s | {' | '.join(_filled(plan(rate, cost)))} |" for rate in RATES]
    return "\n".join([*lines, ""])


def _filled(found: Plan) -> list[str]:
    numbers = {name: getattr(found, name) for name in ("replicas", "cores", "partitions", "commits")}
    return [
        part.format(**{name: f"{value:,.0f}" for name, value in numbers.items()})
        for part in _ROWS[found.rate]
    ]
