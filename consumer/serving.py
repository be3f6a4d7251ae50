"""Assembling HTTP scoring: settings and a loaded model → a desk where texts are labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.assembly import result_style
from consumer.batch import Rules
from consumer.http.scoring.desk import Bounds, Desk, Means
from consumer.http.scoring.routes import Scoring
from consumer.scoring.watchdog import Watched

if TYPE_CHECKING:
    from consumer.assembly import Model
    from consumer.label import LabelRule
    from consumer.monitoring.metrics import Metrics
    from consumer.settings import Settings
    from consumer.turns import Turns


def scoring_of(settings: Settings, metrics: Metrics) -> Scoring | None:
    """What the routes need, its desk still closed; None where nothing is scored over HTTP."""
    if not settings.http_queue_texts:
        return None
    bounds = Bounds(settings.http_queue_texts, settings.http_turn_tokens)
    desk = Desk(bounds, metrics.http_waiting)
    return Scoring(desk, metrics, settings.http_max_texts, settings.http_cors_origins)


def means(settings: Settings, model: Model, rule: LabelRule, turns: Turns) -> Means:
    """What opens the desk. The watchdog has one alarm a process: ``turns`` keeps its calls apart."""
    return Means(
        Rules(model.tokeniser, rule),
        result_style(settings, model.folder),
        Watched(model.scorer, settings.scorer_timeout_seconds),
        turns.take,
    )
