"""Assembling what follows when the pointer to the model moves: settings → a renewal for the loop."""

from __future__ import annotations

from logging import getLogger
from typing import TYPE_CHECKING

from consumer.assembly import label_rule, labeller
from consumer.clean import CLEANING_VERSION
from consumer.comparable import comparable
from consumer.model.folder import open_model
from consumer.model.pointer import Pointer
from consumer.monitoring.logs import event
from consumer.renewal import Following, Renewal
from consumer.settings.values import HubModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from consumer.assembly import Model
    from consumer.comparable import Spread
    from consumer.label import LabelRule
    from consumer.model.folder import ModelFolder
    from consumer.model.pointer import Mark
    from consumer.monitoring.metrics import Metrics
    from consumer.settings import Settings

    # Makes ready for another model, where it may fail; what it returns takes that one into use, and cannot.
    Preparation = Callable[[Model], Callable[[], None]]

log = getLogger(__name__)


def introduce(
    settings: Settings, folder: ModelFolder, rule: LabelRule, spread: Mapping[str, Spread], metrics: Metrics
) -> None:
    """Show at a scrape which model is in use, and its reference."""
    metrics.model(
        folder.name,
        folder.version,
        scorer=settings.scorer,
        cleaning_version=CLEANING_VERSION,
        threshold=rule.threshold,
        max_length=folder.max_length,
    )
    metrics.reference(spread)


def pointer(settings: Settings) -> Pointer | None:
    """The pointer to look at; none where MODEL_PATH is a folder or of the Hub, or nobody wants to look."""
    where = settings.model_path
    if not settings.model_reload_seconds or isinstance(where, HubModel) or not where.is_file():
        return None
    return Pointer(where)


def look(settings: Settings) -> tuple[Pointer, Mark] | None:
    """The pointer as it is before a model is loaded, so that a move from here on is noticed."""
    at = pointer(settings)
    return None if at is None else (at, at.mark())


def renewing(
    settings: Settings,
    looked_at: tuple[Pointer, Mark],
    in_use: ModelFolder,
    load: Callable[[Settings], Model],
) -> Callable[[Metrics, Sequence[Preparation]], Renewal]:
    """A renewal that looks already, once it is told who has to know of another model.

    ``looked_at`` is the pointer as it was before the one in use was loaded.
    """
    at, mark = looked_at

    def start(metrics: Metrics, preparations: Sequence[Preparation]) -> Renewal:
        def following(before: object) -> Following | None:
            if not _differs(open_model(at.path), before):
                return None
            return prepared(settings, load(settings), metrics, preparations)

        renewal = Renewal(at, mark, in_use, following, metrics)
        renewal.start(settings.model_reload_seconds)
        return renewal

    return start


def _differs(named: ModelFolder, in_use: object) -> bool:
    """Nothing shows whether a folder without a manifest is what it was."""
    return named != in_use or named.manifest is None


def prepared(
    settings: Settings, model: Model, metrics: Metrics, preparations: Sequence[Preparation]
) -> Following:
    """All that may fail is done here, so that the switch itself cannot.

    Raises:
        ModelRefusedError: its reference is damaged.
        ConfigurationError: NEUTRAL_BAND does not fit its threshold.
    """
    try:
        spread = comparable(model.folder, label_rule(settings, model.folder))
        takes = [prepare(model) for prepare in preparations]
        using = labeller(settings, model)
    except BaseException:
        model.scorer.close()
        raise

    folder, rule = model.folder, using.rules.label

    def adopt() -> None:
        with metrics.at_once():  # a scrape sees the one model or the other
            introduce(settings, folder, rule, spread, metrics)
            for take in takes:
                take()
            metrics.model_reload("switched")

    event(log, "model_loaded", name=folder.name, version=folder.version, scorer=settings.scorer)
    return Following(folder, using, adopt)
