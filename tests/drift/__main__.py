"""False alarms and detection delays, as Markdown tables and a plot: ``python -m tests.drift``."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from scipy.stats import binom

from consumer.monitoring.drift.judge import Standards
from producer_sim.drift import KINDS
from tests.drift.picture import draw
from tests.drift.population import Population, Scored, synthetic
from tests.drift.trials import NEVER, Detection, Plan, alarmed_windows, detections

WINDOWS = (2_000, 5_000, 20_000)
SMALLEST_PSI = 0.05
Found = Mapping[str, Mapping[int, list[Detection]]]


def false_alarms(streams: Mapping[str, Population], windows: int) -> Iterator[str]:
    """How many of so many windows without drift were alarmed, by stated rate, stream and size."""
    yield "| stream without drift | window | reference | stated | windows | alarmed | stated, 99 % interval |"
    yield "|---|---|---|---|---|---|---|"
    rng = np.random.default_rng(1)
    for name, stream in streams.items():
        for tweets, rows, rate in ((5_000, 5_000, 0.01), (5_000, 5_000, 0.1), (2_000, 5_000, 0.1)):
            plan = Plan(tweets, rows, Standards(rate, 0.0, 500))
            alarmed, _ = alarmed_windows(stream, plan, rng, windows)
            low, high = binom.interval(0.99, windows, rate)
            yield (
                f"| {name} | {tweets:,} | {rows:,} | {rate:.0%} | {windows:,} | {alarmed} "
                f"| {low:.0f} to {high:.0f} |"
            )


def measure(scored: Scored, quiet: Population, trials: int) -> Found:
    """Kind → window → detections, at the settings as they come but for the window."""
    plans = [Plan(tweets, 5_000, Standards(0.01, SMALLEST_PSI, 1_000)) for tweets in WINDOWS]
    rng = np.random.default_rng(2)
    return {
        kind: {plan.tweets: list(detections(quiet, drifted, plan, rng, trials)) for plan in plans}
        for kind, drifted in ((kind, scored.drifted(kind)) for kind in KINDS)
    }


def delays(found: Found) -> Iterator[str]:
    """The table of detection delays."""
    yield "| shift | window | told of | median | 95 % | most | by |"
    yield "|---|---|---|---|---|---|---|"
    for kind, by_window in found.items():
        for tweets, made in by_window.items():
            told = [one.tweets for one in made if one.tweets != NEVER]
            if not told:
                yield f"| {kind} | {tweets:,} | 0 of {len(made)} | | | | |"
                continue
            signals = Counter(signal for one in made for signal in one.signals)
            names = ", ".join(name for name, count in signals.most_common(3) if count > len(made) / 4)
            middle, late = np.percentile(told, [50, 95])
            yield (
                f"| {kind} | {tweets:,} | {len(told)} of {len(made)} | {middle:,.0f} | {late:,.0f} "
                f"| {max(told):,} | {names} |"
            )


def main() -> None:
    """Run all trials, print, draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.drift", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/drift"))
    parser.add_argument("--windows", type=int, default=1_000, help="windows without drift (1,000)")
    parser.add_argument("--trials", type=int, default=50, help="streams with a shift, for each (50)")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    scored = Scored()
    quiet = scored.quiet()
    streams = {"synthetic": synthetic(np.random.default_rng(3)), "the simulator's tweets": quiet}
    lines = ["## False alarms", "", *false_alarms(streams, args.windows), ""]
    found = measure(scored, quiet, args.trials)
    scored.close()
    lines += ["## Detection delays, in tweets", "", *delays(found), ""]
    page = "\n".join(lines)
    (args.out / "drift.md").write_text(page, encoding="utf-8")
    draw(
        args.out / "delays.png",
        {
            kind: {
                tweets: [d.tweets for d in made if d.tweets != NEVER] for tweets, made in by_window.items()
            }
            for kind, by_window in found.items()
        },
    )
    print(page)
    print(f"DONE: {args.out}/drift.md and delays.png are written")


if __name__ == "__main__":
    main()
