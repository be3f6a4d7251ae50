"""From settings and a moved pointer to a model that is ready, with everybody told who has to know."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from consumer.assembly import Model
from consumer.batch import StageClock
from consumer.cli.loading import load_model
from consumer.comparable import comparable
from consumer.errors import ConfigurationError
from consumer.label import LabelRule
from consumer.model.folder import open_model
from consumer.monitoring.metrics import Metrics
from consumer.reloading import introduce, pointer, prepared, renewing
from consumer.renewal import Renewal
from consumer.scale import Scale
from consumer.settings import Settings
from consumer.settings.values import HubModel
from consumer.watching import Watching
from tests.doubles import tweet_record
from tests.models.worded import seal, two_models, worded_model
from tests.monitoring.scraping import scrape, value
from tests.test_watching import results
from training.ship.current import point


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Two, the first in use."""
    return two_models(tmp_path / "Models")


def settings(models: Path, **given: Any) -> Settings:
    """With one core, and a small window."""
    facts: dict[str, Any] = {
        "model_path": models / "CURRENT",
        "state_dir": models.parent / "state",
        "scorer_streams": 1,
        "drift_window_tweets": 500,
        "drift_window_min": 100,
        "model_reload_seconds": 86_400,  # the test looks itself
    }
    return Settings(**facts | given)


class Consumer:
    """What of a run has to do with its model."""

    def __init__(self, given: Settings) -> None:
        self.settings, self.metrics = given, Metrics(CollectorRegistry())
        at = pointer(given)
        assert at is not None
        looked_at = (at, at.mark())
        self.model = load_model(given)
        rule = LabelRule(self.model.folder.threshold)
        introduce(given, self.model.folder, rule, comparable(self.model.folder, rule), self.metrics)
        self.watching = Watching(given, self.model.folder, self.metrics, "replica-1")
        start = renewing(given, looked_at, self.model.folder, load_model)
        self.renewal: Renewal = start(self.metrics, [lambda model: self.watching.prepare(model.folder)])

    def adopt(self) -> Any:
        """Look, and do what the loop does."""
        self.renewal.look()
        following = self.renewal.take()
        assert following is not None
        following.adopt()
        return following


def test_only_a_pointer_is_looked_at(models: Path) -> None:
    """Not a folder, not the Hub, and none where nobody wants to."""
    assert pointer(settings(models)) is not None
    assert pointer(settings(models, model_reload_seconds=0)) is None
    assert pointer(settings(models, model_path=models / "first")) is None
    assert pointer(settings(models, model_path=HubModel("org/name", "v1"))) is None


def test_everything_is_the_other_models_at_one_scrape(models: Path) -> None:
    """Name, version, threshold, length and reference; its own drift window, and the samples' model."""
    (models / "second" / "calibration.json").write_text(json.dumps({"threshold": 0.6, "bias": 0.5}))
    reference = json.loads((models / "second" / "drift-reference.json").read_text())
    reference |= {"rows": 2_100}
    reference["signals"]["score"]["counts"][0] += 100
    (models / "second" / "drift-reference.json").write_text(json.dumps(reference))
    seal(models / "second", "2.0", max_length=4)
    consumer = Consumer(settings(models, sample_log_ratio=1.0))
    drift, samples = consumer.watching.watchers
    drift.committed(results([0.9] * 500), time.time())
    assert value(scrape(consumer.metrics), "sentiment_drift_window_samples") == 500
    point(models, "second")
    following = consumer.adopt()
    found = scrape(consumer.metrics)
    (info,) = [dict(labels) for name, labels in found if name == "sentiment_model_info"]
    assert (info["name"], info["version"], info["threshold"], info["max_length"]) == (
        "second",
        "2.0",
        "0.6",
        "4",
    )
    assert value(found, "sentiment_reference_ratio_bucket", signal="score", le="+Inf") == 2_100
    assert value(found, "sentiment_drift_window_samples") == 0
    assert value(found, "sentiment_model_reloads_total", outcome="switched") == 1
    assert following.labeller.rules.label == LabelRule(0.6, scale=Scale(bias=0.5))
    assert following.labeller.style.model_version == "2.0"
    (item,) = following.labeller.prepare([tweet_record("good good good good")], StageClock())
    assert len(item.tokens) == 4
    samples.committed(results([0.9]), time.time())
    (line,) = next((models.parent / "state" / "samples").glob("*.jsonl")).read_text().splitlines()
    assert json.loads(line)["model"] == "second 2.0"


def test_a_model_that_comes_back_has_its_own_window(models: Path) -> None:
    """Neither the other one's nor none, where it is young enough."""
    consumer = Consumer(settings(models))
    drift = consumer.watching.watchers[0]
    drift.committed(results([0.9] * 500), time.time())
    for name, window in (("second", 0), ("first", 500)):
        point(models, name)
        consumer.adopt()
        assert value(scrape(consumer.metrics), "sentiment_drift_window_samples") == window


def test_the_same_model_again_is_no_other_model(models: Path) -> None:
    """A pointer written anew with the same name loads nothing; a folder made anew under it does."""
    consumer = Consumer(settings(models))
    point(models, "first")
    consumer.renewal.look()
    assert not consumer.renewal.ready
    assert value(scrape(consumer.metrics), "sentiment_model_reloads_total", outcome="unchanged") == 1
    times = {path.name: path.stat().st_mtime for path in (models / "first" / "openvino").iterdir()}
    shutil.rmtree(models / "first")
    worded_model(models / "first", "1.1", weight=1.5)
    for name, modified in times.items():  # as where files are copied with their times
        os.utime(models / "first" / "openvino" / name, (modified, modified))
    point(models, "first")
    assert consumer.adopt().labeller.style.model_version == "1.1"


def test_compiled_models_do_not_pile_up(models: Path) -> None:
    """The last three are kept, and the one in use is among them."""
    for number in range(5):
        folder = worded_model(models / f"m{number}", "1", weight=1.0 + number)
        load_model(settings(models, model_path=folder)).scorer.close()
        load_model(settings(models, model_path=models / "first")).scorer.close()
    kept = list((models.parent / "state" / "compiled").iterdir())
    assert len(kept) == 3
    assert all(any(each.iterdir()) for each in kept)


def test_a_threshold_outside_the_neutral_band_is_refused(models: Path) -> None:
    """As at the start; and its scorer is closed."""
    closed: list[int] = []
    given = settings(models, neutral_band="0.4,0.55")
    model = load_model(given)
    folder = open_model(models / "first")
    bad = Model(
        type(folder)(folder.path, "first", "1", 32, folder.tokeniser_path, threshold=0.9),
        model.tokeniser,
        _Closing(model.scorer, closed),
    )
    metrics = Metrics(CollectorRegistry())
    watching = Watching(given, folder, metrics, "replica-1")
    with pytest.raises(ConfigurationError, match="should contain the threshold"):
        prepared(given, bad, metrics, [lambda model: watching.prepare(model.folder)])
    assert closed == [1]


class _Closing:
    def __init__(self, scorer: Any, closed: list[int]) -> None:
        self._scorer, self._closed = scorer, closed
        self.padded_tokens = 0

    def logits(self, ids: Any) -> Any:
        """As the scorer."""
        return self._scorer.logits(ids)

    def close(self) -> None:
        """Noted."""
        self._closed.append(1)


def test_a_scrape_sees_the_one_model_or_the_other(models: Path) -> None:
    """Never the name of one with the numbers of the other: it waits for the switch to be whole."""
    consumer = Consumer(settings(models))
    seen: list[float] = []
    with consumer.metrics.at_once():
        introduce(
            settings(models), open_model(models / "second"), LabelRule(), {}, consumer.metrics
        )  # half of it
        reader = threading.Thread(target=lambda: seen.append(len(scrape(consumer.metrics))))
        reader.start()
        reader.join(0.2)
        assert seen == []
    reader.join(60)
    assert len(seen) == 1
