"""The closing account in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from deploy.demo.account import Account
from deploy.demo.observed import Sight
from deploy.demo.quantiles import histogram_percentile, percentile
from deploy.demo.scrape import Scrape
from deploy.demo.screen import milliseconds

_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_MAX_FAULTS = 20
_KINDS = ("missing", "twice", "out of order", "wrong reason")  # told also when there is none
_LATENCY = "sentiment_end_to_end_latency_seconds"


def account_lines(account: Account) -> list[str]:
    """What became of the records, and the faults found."""
    faults = [f"  {fault}" for fault in account.faults[:_MAX_FAULTS]]
    if len(account.faults) > _MAX_FAULTS:
        faults.append(f"  … and {len(account.faults) - _MAX_FAULTS:,} more")
    return [
        f"published      {account.published:>8,}",
        f"labelled       {account.labelled:>8,}   {_shares(account.labels)}",
        f"dead-lettered  {account.dead_lettered:>8,}   {_shares(account.reasons)}",
        f"skipped        {account.skipped:>8,}   tombstones",
        ", ".join(f"{kind} {account.count(kind):,}" for kind in _KINDS),
        _accuracy(account),
        *faults,
    ]


def latency_line(name: str, sights: Sequence[Sight]) -> str:
    """Percentiles as a reader saw them."""
    latencies = [sight.latency_seconds for sight in sights]
    shown = "  ".join(
        f"{word} {milliseconds(percentile(latencies, share))}" for word, share in _SHARES.items()
    )
    return (
        f"{name}: {shown}  (publication until visible to a read_committed reader, {len(latencies):,} results)"
    )


def histogram_line(scrape: Scrape) -> str:
    """Percentiles by the consumer's own histogram, of the whole run."""
    buckets = scrape.buckets(_LATENCY)
    values = {word: histogram_percentile(buckets, share) for word, share in _SHARES.items()}
    shown = "  ".join(f"{word} {milliseconds(value)}" for word, value in values.items())
    return f"by the consumer's own histogram, burst included: {shown}  (publication until commit)"


def burst_line(sights: Sequence[Sight]) -> str | None:
    """How fast a burst was worked off; None where there was none."""
    if len(sights) < 2:  # noqa: PLR2004 - a rate needs two
        return None
    seen = [sight.seen_at for sight in sights]
    seconds = max(seen) - min(sight.published_at for sight in sights)
    return f"burst: {len(sights):,} results in {seconds:.1f} s, {len(sights) / seconds:,.0f}/s"


def disagreements(account: Account, counted: Scrape, summaries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where the publisher's or the consumer's own counts differ from what lies on the topics."""
    told = sum(int(summary["published"]) for summary in summaries)
    claims: dict[str, tuple[float, float | None]] = {
        "producer_sim's count of published records": (account.published, told),
        "sentiment_consumed_total": (account.published, counted.total("sentiment_consumed_total")),
    }
    for outcome in ("scored", "dead_lettered", "skipped"):
        lies = {"scored": account.labelled}.get(outcome, getattr(account, outcome, 0))
        counter = counted.total("sentiment_messages_total", outcome=outcome)
        claims[f"sentiment_messages_total of {outcome}"] = (lies, counter or 0.0)
    return [
        f"{name} says {'nothing' if said is None else f'{said:,.0f}'}, on the topics are {lies:,.0f}"
        for name, (lies, said) in claims.items()
        if said != lies
    ]


def _accuracy(account: Account) -> str:
    if account.accuracy is None:
        return "accuracy: no tweet carried a label"
    of_all = f"{account.correct:,} of {account.judged:,} results whose tweet came with a label"
    return f"accuracy: {account.accuracy:.4f} ({of_all})"


def _shares(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in Counter(counts).most_common())
