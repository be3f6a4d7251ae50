"""Assembling HTTP scoring: settings and a loaded model → a desk where texts are labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.assembly import label_rule, result_style
from consumer.batch import Rules
from consumer.http.scoring.desk import Bounds, Desk, Means
from consumer.http.scoring.routes import Scoring
from consumer.scoring.watchdog import Watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.assembly import Model
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


def means(settings: Settings, model: Model, turns: Turns) -> Means:
    """What opens the desk. The watchdog has one alarm a process: ``turns`` keeps its calls apart."""
    return Means(
        Rules(model.tokeniser, label_rule(settings, model.folder)),
        result_style(settings, model.folder),
        Watched(model.scorer, settings.scorer_timeout_seconds),
        turns.take,
    )


def renewing_desk(settings: Settings, desk: Desk, turns: Turns) -> Callable[[Model], Callable[[], None]]:
    """What makes the desk ready for another model; what that returns makes the desk use it."""

    def prepare(model: Model) -> Callable[[], None]:
        following = means(settings, model, turns)
        return lambda: desk.renew(following)

    return prepare
