"""Assembling who watches the stream: settings and a loaded model → watchers that hear of every commit."""

from __future__ import annotations

import hashlib
import time
from logging import WARNING, getLogger
from typing import TYPE_CHECKING

import numpy as np

from consumer.broker.labels import LabelFeed
from consumer.errors import ConfigurationError
from consumer.model.reference import read_reference
from consumer.monitoring.drift.judge import Standards
from consumer.monitoring.drift.monitor import DriftMonitor, Yardstick
from consumer.monitoring.drift.tally import Rule, bins
from consumer.monitoring.drift.window import Extent
from consumer.monitoring.logs import event
from consumer.monitoring.sample_log import SampleLog, read_salt
from consumer.monitoring.truth import Truth
from consumer.signals import SIGNALS, Pieces, read_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import ModuleType

    from consumer.model.folder import ModelFolder
    from consumer.model.reference import Reference
    from consumer.monitoring.batch_trace import BatchTrace
    from consumer.monitoring.drift.distance import Counts
    from consumer.monitoring.drift.judge import Judgement
    from consumer.monitoring.metrics import Metrics
    from consumer.monitoring.watcher import Watcher
    from consumer.settings import Settings

log = getLogger(__name__)

_SAMPLE_FILE_BYTES = 10_000_000
_NO_PIECES = Pieces(np.zeros(0, np.bool_), np.zeros(0, np.bool_))  # where nothing is compared


class Watching:
    """Everyone who watches; ``replica`` is this one's name among those that share STATE_DIR."""

    def __init__(self, settings: Settings, folder: ModelFolder, metrics: Metrics, replica: str) -> None:
        self._settings, self._replica = settings, replica
        self._drift = _drift(settings, folder, metrics, replica)
        topic, ratio = settings.kafka_labels_topic, settings.sample_log_ratio
        self._truth = _truth(settings, topic, metrics) if topic else None
        self._samples = _sample_log(settings, folder, replica) if ratio else None
        self.watchers: Sequence[Watcher] = [
            one for one in (self._drift, self._truth, self._samples) if one is not None
        ]

    def prepare(self, folder: ModelFolder) -> Callable[[], None]:
        """Read what watching another model needs; what is returned makes all watch that one, and cannot fail.

        Raises:
            ModelRefusedError: its reference is damaged.
        """
        measure = yardstick(self._settings, folder)
        state = _drift_file(self._settings, folder, self._replica)

        def watch_it() -> None:
            self._drift.measure_with(measure, state, time.time())
            if self._truth:
                self._truth.renew()
            if self._samples:
                self._samples.model = measure.model

        return watch_it


def batch_trace(settings: Settings, replica: str) -> BatchTrace | None:
    """Who tells of every batch in spans; nobody, and no package loaded for it, unless TRACING is set.

    Raises:
        ConfigurationError: the extra is not installed.
    """
    if settings.tracing == "off":
        return None
    tracing = tracing_of(settings)
    topics = settings.kafka_input_topic, settings.kafka_output_topic
    found: BatchTrace = tracing.Tracing(tracing.Names(settings.kafka_consumer_group, *topics, replica))
    return found


def tracing_of(settings: Settings) -> ModuleType:
    """What tells in spans; loads its packages, and raises ``ConfigurationError`` where they are missing."""
    try:
        from consumer.monitoring import tracing  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError(
            f"TRACING={settings.tracing}: needs pip install 'tweet-sentiment[tracing]' ({error})"
        ) from error
    return tracing


def _truth(settings: Settings, topic: str, metrics: Metrics) -> Truth:
    extent = Extent(settings.labels_window_tweets, settings.labels_window_seconds)
    since_ms = int((time.time() - extent.seconds) * 1000)
    feed = LabelFeed(settings, topic, since_ms, time.monotonic)
    return Truth(feed.take, feed.close, metrics.truth, extent, settings.drift_window_tweets)


def _drift(settings: Settings, folder: ModelFolder, metrics: Metrics, replica: str) -> DriftMonitor:
    measure = yardstick(settings, folder)
    smallest = settings.drift_smallest_psi

    def report(judgement: Judgement) -> None:
        metrics.drift(judgement, smallest)

    return DriftMonitor(measure, _drift_file(settings, folder, replica), report, time.time())


def _drift_file(settings: Settings, folder: ModelFolder, replica: str) -> Path:
    """One for each model: the window of one that comes back is its own again."""
    return _own_file(settings.state_dir / "drift", f"{replica}\n{folder.name} {folder.version}", "json")


def _sample_log(settings: Settings, folder: ModelFolder, replica: str) -> SampleLog:
    path = _own_file(settings.state_dir / "samples", replica, "jsonl")
    try:
        salt = read_salt(settings.state_dir / "samples" / "salt")
    except OSError as error:
        raise ConfigurationError(
            f"STATE_DIR={settings.state_dir}: SAMPLE_LOG_RATIO needs a folder this user can write to "
            f"({error.strerror})"
        ) from None
    model = f"{folder.name} {folder.version}"
    return SampleLog(path, salt, settings.sample_log_ratio, _SAMPLE_FILE_BYTES, model)


def yardstick(settings: Settings, folder: ModelFolder) -> Yardstick:
    """What the stream of a model is measured with; without a reference, accuracy alone is expected."""
    reference = read_reference(folder.path)
    if reference is None:
        event(log, "drift_not_watched", WARNING, reason=f"{folder.name} has no drift-reference.json")
    counts = reference_counts(reference) if reference else {}
    if not settings.drift_languages:
        counts.pop("other_language_share", None)
    known = {name: one.bins for name, one in reference.signals.items()} if reference else {}
    rule = Rule(
        folder.threshold,
        settings.drift_languages,
        read_pieces(folder.tokeniser_path) if reference else _NO_PIECES,
        {name: bounds for name, bounds in bins(known).items() if name in counts},
    )
    standards = Standards(
        settings.drift_false_alarm_ratio, settings.drift_smallest_psi, settings.drift_window_min
    )
    extent = Extent(settings.drift_window_tweets, settings.drift_window_seconds)
    return Yardstick(f"{folder.name} {folder.version}", rule, counts, standards, extent)


def reference_counts(reference: Reference) -> dict[str, Counts]:
    """Counts of every watched signal; the reference's rows are all in the model's language."""
    rows = reference.rows
    found = {name: np.array(reference.signals[name].counts) for name in SIGNALS if name in reference.signals}
    for name, share in (
        ("positive_share", reference.positive_share),
        ("truncated_share", reference.truncated_share),
        ("other_language_share", 0.0),
    ):
        yes = round(share * rows)
        found[name] = np.array([rows - yes, yes])
    return found


def _own_file(folder: Path, whose: str, ending: str) -> Path:
    """A file of this replica, under a name that any file system takes."""
    return folder / f"{hashlib.sha256(whose.encode()).hexdigest()[:16]}.{ending}"
