"""How fast the budget of the latency objective is used up: 1 is exactly as fast as it may be."""

from __future__ import annotations

from deploy.observability import objectives as o
from deploy.observability.rule import Recording

_NAME = "job:sentiment_latency_budget_burn:rate"
_LATENCY = "sentiment_end_to_end_latency_seconds"
WINDOWS = ("5m", "30m", "1h", "6h")


def burn(window: str) -> str:
    """The recorded series over this window."""
    return f"{_NAME}{window}{{{o.MINE}}}"


def recordings() -> list[Recording]:
    """One for each window; no number where nothing was scored in it."""
    return [Recording(f"{_NAME}{window}", _expr(window)) for window in WINDOWS]


def _expr(window: str) -> str:
    within = f'{_LATENCY}_bucket{{le="{float(o.LATENCY_SECONDS)}"}}[{window}]'
    return (
        f"(\n  1 - sum by (job) (rate({within}))\n"
        f"  / (sum by (job) (rate({_LATENCY}_count[{window}])) > 0)\n"
        f") / {1 - o.LATENCY_OBJECTIVE:.2f}"
    )
