"""From a model's reference and the settings to numbers at a scrape."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from consumer.errors import ConfigurationError
from consumer.model.reference import Histogram, Reference, write_reference
from consumer.monitoring.drift.monitor import DriftMonitor
from consumer.monitoring.metrics import Metrics
from consumer.records import Label, Result, Tweet
from consumer.settings import Settings
from consumer.signals import SCORE_BINS
from consumer.watching import Watching, batch_trace, yardstick
from tests.doubles import record, write_tokeniser
from tests.monitoring.scraping import Scrape, scrape, value

ROWS = 4_000
SCORES = (200,) * 20


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    """A model folder as far as watchers read it, with an even reference."""
    write_tokeniser(tmp_path)
    write_reference(
        tmp_path, Reference(ROWS, "d", {"score": Histogram(SCORE_BINS, (*SCORES, 0))}, 0.5, 0.0, 0.9, 0.9)
    )
    return SimpleNamespace(
        path=tmp_path, name="toy", version="1", threshold=0.5, tokeniser_path=tmp_path / "tokenizer.json"
    )


def settings(tmp_path: Path, **given: Any) -> Settings:
    """With a small window."""
    return Settings(state_dir=tmp_path / "state", drift_window_tweets=500, drift_window_min=500, **given)


def results(probabilities: list[float]) -> list[Result]:
    """A result each."""
    return [
        Result(record(), Tweet("1", "x"), name, p, max(p, 1 - p), 0.5, 3, truncated=False, pieces=(2, 7, 3))
        for p in probabilities
        for name in (Label.POSITIVE if p >= 0.5 else Label.NEGATIVE,)
    ]


def watched(tmp_path: Path, folder: Any, probabilities: list[float], **given: Any) -> Scrape:
    """What a scrape shows after these were committed."""
    metrics = Metrics(CollectorRegistry())
    for watcher in Watching(settings(tmp_path, **given), folder, metrics, "replica-1").watchers:
        watcher.committed(results(probabilities), 1_000.0)
        watcher.close()
    return scrape(metrics)


EVEN = [(i + 0.5) / 1_000 for i in range(1_000)]


def test_statistic_critical_value_and_size_are_shown_together(tmp_path: Path, folder: Any) -> None:
    """For every signal that the reference knows, both statistics, and no alarm on a stream like it."""
    found = watched(tmp_path, folder, EVEN)
    signals = {"score", "positive_share", "truncated_share", "other_language_share"}
    for name in ("sentiment_drift_score", "sentiment_drift_critical_value"):
        shown = {(dict(key[1])["signal"], dict(key[1])["statistic"]) for key in found if key[0] == name}
        assert shown == {(signal, kind) for signal in signals for kind in ("psi", "jensen_shannon")}
    assert value(found, "sentiment_drift_window_samples") == 1_000
    assert value(found, "sentiment_drift_smallest_shift_score") == 0.05
    score = value(found, "sentiment_drift_score", signal="score", statistic="psi")
    assert 0 <= score < value(found, "sentiment_drift_critical_value", signal="score", statistic="psi")
    assert {v for (name, _), v in found.items() if name == "sentiment_drift_alarm"} == {0.0}


def test_a_shift_raises_the_alarm_of_its_signal(tmp_path: Path, folder: Any) -> None:
    """All positive: scores and labels have moved, lengths have not."""
    found = watched(tmp_path, folder, [0.9] * 1_000)
    alarms = {
        dict(labels)["signal"] for (name, labels), v in found.items() if name == "sentiment_drift_alarm" and v
    }
    assert alarms == {"score", "positive_share"}
    assert value(found, "sentiment_expected_accuracy_ratio") == pytest.approx(0.9)
    assert value(found, "sentiment_expected_accuracy_samples") == 1_000


def test_below_the_minimum_there_is_no_series(tmp_path: Path, folder: Any) -> None:
    """Neither a score nor an accuracy of too few tweets."""
    found = watched(tmp_path, folder, EVEN[:499])
    assert not [
        name
        for name, _ in found
        if name.startswith(("sentiment_drift_score", "sentiment_expected_accuracy_ratio"))
    ]


def test_a_model_without_a_reference_still_expects_an_accuracy(
    tmp_path: Path, folder: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Drift is not told of, and the log says why."""
    (tmp_path / "drift-reference.json").unlink()
    found = watched(tmp_path, folder, [0.8] * 1_000)
    assert value(found, "sentiment_expected_accuracy_ratio") == pytest.approx(0.8)
    assert "drift_not_watched" in caplog.messages
    assert not [name for name, _ in found if name == "sentiment_drift_score"]


def test_languages_may_be_left_out(tmp_path: Path, folder: Any) -> None:
    """DRIFT_LANGUAGES=off watches all but the language."""
    assert "other_language_share" in yardstick(settings(tmp_path), folder).reference
    off = yardstick(settings(tmp_path, drift_languages="off"), folder)
    assert "other_language_share" not in off.reference
    assert off.rule.bins.keys() == off.reference.keys()
    (tmp_path / "drift-reference.json").unlink()
    assert yardstick(settings(tmp_path, drift_languages="off"), folder).reference == {}


def test_only_what_is_asked_for_watches(tmp_path: Path, folder: Any) -> None:
    """Without a topic of labels, a share of samples and tracing it is drift alone."""
    watching = Watching(settings(tmp_path), folder, Metrics(CollectorRegistry()), "a")
    assert [type(one) for one in watching.watchers] == [DriftMonitor]
    assert batch_trace(settings(tmp_path), "a") is None


def test_another_model_is_measured_anew_by_labels(tmp_path: Path, folder: Any) -> None:
    """From the moment on that it takes over."""
    watching = Watching(settings(tmp_path), folder, Metrics(CollectorRegistry()), "a")
    renewed: list[str] = []
    watching._truth = SimpleNamespace(renew=lambda: renewed.append("truth"))  # type: ignore[assignment] # as far as it is asked
    take_over = watching.prepare(folder)
    assert renewed == []
    take_over()
    assert renewed == ["truth"]


def test_replicas_of_one_machine_keep_their_windows_apart(tmp_path: Path, folder: Any) -> None:
    """STATE_DIR may be shared, a window not."""
    for replica in ("a", "b", "a"):
        (drift, *_) = Watching(settings(tmp_path), folder, Metrics(CollectorRegistry()), replica).watchers
        drift.close()
    assert len(list((tmp_path / "state" / "drift").iterdir())) == 2


def test_samples_and_window_are_of_the_model_that_answers(tmp_path: Path, folder: Any) -> None:
    """From the batch on that it labels; each model has a window of its own."""
    metrics = Metrics(CollectorRegistry())
    watching = Watching(settings(tmp_path, sample_log_ratio=1.0), folder, metrics, "a")
    folder.version = "2"
    watching.prepare(folder)()
    for watcher in watching.watchers:
        watcher.committed(results([0.9]), 1_000.0)
        watcher.close()
    (samples,) = (tmp_path / "state" / "samples").glob("*.jsonl")
    assert json.loads(samples.read_text())["model"] == "toy 2"
    assert len(list((tmp_path / "state" / "drift").iterdir())) == 2


def test_a_state_dir_that_cannot_hold_samples_is_named(tmp_path: Path, folder: Any) -> None:
    """At the start, and not at the first sample."""
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(ConfigurationError, match=r"STATE_DIR=.*SAMPLE_LOG_RATIO"):
        Watching(settings(tmp_path, sample_log_ratio=0.5), folder, Metrics(CollectorRegistry()), "a")


def test_tracing_without_its_packages_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what to install."""
    monkeypatch.setitem(sys.modules, "consumer.monitoring.tracing", None)
    monkeypatch.delattr("consumer.monitoring.tracing", raising=False)
    with pytest.raises(ConfigurationError, match=r"TRACING=otlp.*tweet-sentiment\[tracing\]"):
        batch_trace(settings(tmp_path, tracing="otlp"), "a")
