"""What a panel is, before it is Grafana's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from deploy.observability.rule import Alert, Severity

MINE = 'job=~"$job",instance=~"$instance"'  # what one replica shows
GROUPS = 'job=~"$job",consumer_group=~"$consumer_group"'  # what is recorded of a group
RATE = "$__rate_interval"

_COLOURS = {Severity.WARNING: "orange", Severity.CRITICAL: "red"}
_FINE = "green"


class Kind(StrEnum):
    """How it is drawn."""

    LINES = "lines"
    STACK = "stack"  # lines that add up to a whole
    STAT = "stat"
    HEATMAP = "heatmap"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Query:
    """One expression, and how its series are called."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One question and its answer. Its colours change where its alerts fire."""

    title: str
    description: str
    unit: str  # as Grafana names them
    queries: Sequence[Query]
    kind: Kind = Kind.LINES
    alerts: Sequence[Alert] = ()
    width: int = 8  # of 24
    repeat: str = ""  # once for each value of this variable
    highest: float | None = None

    def steps(self) -> list[tuple[float | None, str]]:
        """From which value on which colour; None is the lowest there is."""
        low = next((alert for alert in self.alerts if alert.below is not None), None)
        if low is not None:
            return [(None, _COLOURS[low.severity]), (low.limit, _FINE)]
        rising = sorted(self.alerts, key=lambda alert: alert.limit)
        return [(None, _FINE), *((alert.limit, _COLOURS[alert.severity]) for alert in rising)]


@dataclass(frozen=True, slots=True)
class Row:
    """Panels that belong together."""

    title: str
    panels: Sequence[Panel]


def quantiles(histogram: str, *wanted: float, by: str = "") -> list[Query]:
    """Of a histogram's last few scrapes; ``by`` is a label kept apart."""
    labels = f"{by}, le" if by else "le"
    legend = f" {{{{{by}}}}}" if by else ""
    return [
        Query(
            f"histogram_quantile({q:g}, sum by ({labels}) (rate({histogram}_bucket{{{MINE}}}[{RATE}])))",
            f"p{q * 100:g}{legend}",
        )
        for q in wanted
    ]


def heat(histogram: str, more: str = "") -> Query:
    """How many a second fall in each bucket; ``more`` are further matchers.

    A rate, since the windows of a heat map's columns overlap where it is zoomed in: counts would add up to
    more than there was.
    """
    return Query(f"sum by (le) (rate({histogram}_bucket{{{MINE}{more}}}[{RATE}]))", "{{le}}")
