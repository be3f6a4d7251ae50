"""How often chance alone makes the drift of a fleet cross its limit: ``python -m tests.drift.fleet``.

Judged as Prometheus does it: the last hour of tweets, again at every step, held against the one reference
that a model brings. Both are drawn from the shipped reference's own bins, the reference anew for each hour
of stream: it is a sample, too. DRIFT_SMALLEST_PSI, which silences more, is 0.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from consumer.chi2 import quantile
from consumer.model.folder import open_model
from consumer.model.reference import Histogram, read_reference
from consumer.monitoring.drift.distance import psi
from deploy.observability.alerts import FLEET_DRIFT
from deploy.observability.fleet_drift import SIGNALS
from deploy.observability.objectives import FLEET_TAIL

CURRENT = Path(__file__).parents[2] / "Models" / "CURRENT"
HOUR = 60  # minutes, each with a judgement
WAIT = int(FLEET_DRIFT.for_.removesuffix("m"))  # minutes that it must last
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Told:
    """Of so many hours of stream: in how many the index crossed, and in how many the alert fired."""

    hours: int
    judgements: int  # above the critical value, of 60 an hour
    crossed: int  # hours with such a judgement
    fired: int  # hours in which it had lasted for the alert's wait


def shares(signal: str, histogram: Histogram) -> Floats:
    """(bins,) what part of a histogram falls in each bin of the fleet's rules."""
    up_to = dict(zip(map(str, map(float, histogram.bins)), np.cumsum(histogram.counts), strict=False))
    up_to["+Inf"] = np.sum(histogram.counts)
    counts = np.array([up_to[one.high] - (up_to[one.low] if one.low else 0) for one in SIGNALS[signal]])
    found: Floats = counts / counts.sum()
    return found


def hours(
    stream: Floats, reference: Floats, rows: int, tweets: int, count: int, rng: np.random.Generator
) -> Told:
    """So many hours of a stream of so many tweets an hour; ``stream`` and ``reference``: (bins,) shares."""
    factor = quantile(FLEET_TAIL, len(stream) - 1)
    above = crossed = fired = 0
    for _ in range(count):
        # What comes before the hour fills its first windows, and what began before it may fire in it.
        minutes = rng.poisson(tweets / HOUR * stream, (HOUR + WAIT + HOUR, len(stream)))
        index, sizes = judged(minutes, rng.multinomial(rows, reference))
        over = np.asarray(index > factor * (1 / sizes + 1 / rows))
        lasting = sliding_window_view(over, WAIT + 1).min(axis=1)
        above += int(over[-HOUR:].sum())
        crossed += bool(over[-HOUR:].any())
        fired += bool(lasting[-HOUR:].any())
    return Told(count, above, crossed, fired)


def judged(
    minutes: npt.NDArray[np.int64], reference: npt.NDArray[np.int64]
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The index of each hour that ends with a minute, and its tweets: (minutes - 59,) both.

    ``minutes``: (minutes, bins) tweets; ``reference``: (bins,) rows.
    """
    sums = np.cumsum(np.vstack([np.zeros_like(minutes[:1]), minutes]), axis=0)
    window = sums[HOUR:] - sums[:-HOUR]
    return psi(window, reference), window.sum(axis=1)


def shipped() -> tuple[dict[str, Floats], int]:
    """Signal → shares of the reference of the model in use, and its rows."""
    reference = read_reference(open_model(CURRENT).path)
    assert reference is not None
    return {signal: shares(signal, reference.signals[signal]) for signal in SIGNALS}, reference.rows


def table(count: int) -> Iterator[str]:
    """A line for each signal and pace."""
    yield f"| signal | tweets an hour | hours | judgements above | hours with one | with {WAIT} min of them |"
    yield "|---|---|---|---|---|---|"
    found, rows = shipped()
    rng = np.random.default_rng(1)
    for signal, of in found.items():
        for tweets in (1_200, 6_000):
            told = hours(of, of, rows, tweets, count, rng)
            yield (
                f"| {signal} | {tweets:,} | {count:,} | {told.judgements / count / HOUR:.2%} "
                f"| {told.crossed / count:.2%} | {told.fired / count:.2%} |"
            )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.drift.fleet", description=__doc__)
    parser.add_argument("--hours", type=int, default=10_000, help="of stream, for each line (10,000)")
    for line in table(parser.parse_args().hours):
        print(line)


if __name__ == "__main__":
    main()
