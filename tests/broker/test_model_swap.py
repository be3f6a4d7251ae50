"""The model is changed under a running stream: by real folders, a real runtime and a real broker."""

from __future__ import annotations

import itertools
import json
import shutil
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.broker.replicas import REAL, Replica, reaching, with_http
from tests.broker.stream import Traffic, account, header, metric, wait_until, wait_until_done
from tests.chaos.stops import longest_stop
from tests.models.worded import seal, two_models, worded_model
from training.ship.current import point

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.broker.brokers import Broker
    from tests.broker.stream import Account
    from tests.broker.topics import Topics

# What each says of "a good day": probability, and whether its tokeniser cut it short.
SAYS = {"1.0": (0.880797, False), "2.0": (0.817574, True)}
RELOADS = "sentiment_model_reloads_total"
PARTITIONS = 3


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Two models that differ in all that a model decides; the first is in use."""
    return two_models(tmp_path / "Models")


@pytest.fixture
def settings(kafka: Broker, topics: Topics, tmp_path: Path, models: Path) -> dict[str, str]:
    """Of a replica that looks at the pointer five times a second, with small batches."""
    return with_http(
        reaching(
            kafka.bootstrap,
            topics,
            tmp_path / "state",
            MODEL_PATH=str(models / "CURRENT"),
            MODEL_RELOAD_SECONDS="0.2",
            MAX_BATCH_MESSAGES="20",
            DRIFT_WINDOW_TWEETS="500",
            DRIFT_WINDOW_MIN="100",
        )
    )


def scrape(replica: Replica, series: str) -> float | None:
    """One number of its page."""
    return metric(replica.ask("/metrics")[1], series)


def consumed(replica: Replica) -> float:
    """How many it committed."""
    return scrape(replica, "sentiment_consumed_total") or 0.0


def wait_for_more(replica: Replica, count: int = 150) -> None:
    """Return when so many more are committed."""
    before = consumed(replica)
    wait_until(lambda: consumed(replica) >= before + count, f"{count} more are committed")


def runs(drawn: Account) -> dict[int, list[str]]:
    """In each partition the versions in the order of its records, each stretch once; all are consistent."""
    versions: dict[int, list[str]] = {}
    for place in sorted(drawn.results):
        record = drawn.results[place]
        body = json.loads(record.value)
        version = body["model"]["version"]
        assert header(record, "sentiment-model-version") == version
        assert (body["probability"], body["truncated"]) == SAYS[version]
        versions.setdefault(place[1], []).append(version)
    return {partition: [v for v, _ in itertools.groupby(found)] for partition, found in versions.items()}


def assert_in_turn(drawn: Account, versions: list[str]) -> None:
    """Never another order than this; all of them in one partition at least: a batch may be of one alone."""
    found = runs(drawn)
    assert found.keys() == set(range(PARTITIONS))
    for seen in found.values():
        rest = iter(versions)
        assert all(version in rest for version in seen), found
    assert versions in found.values()


def stop_seconds(drawn: Account) -> float:
    """The longest time without a result while one was due."""
    work = [
        (
            drawn.inputs[place].timestamp / 1000,
            datetime.fromisoformat(json.loads(r.value)["scored_at"]).timestamp(),
        )
        for place, r in drawn.results.items()
    ]
    return longest_stop(work)


def test_a_switch_and_a_rollback_under_load(
    kafka: Broker,
    topics: Topics,
    models: Path,
    settings: dict[str, str],
    record_property: Callable[[str, object], None],
) -> None:
    """Each record is answered once, whole by one model, and the page tells of the one in use alone."""
    with Replica(settings, module=REAL) as replica:
        with Traffic(kafka.bootstrap, topics.tweets, PARTITIONS, 0.004):
            wait_until(lambda: consumed(replica) >= 200 or not replica.runs, "the first ones")
            for name, version, switched in (("second", "2.0", 1), ("first", "1.0", 2)):
                point(models, name)
                replica.wait_for_event("model_switched", switched)
                _shows(replica, name, version, switched)
                wait_for_more(replica)
        _told(replica)
        wait_until_done(kafka.bootstrap, settings["KAFKA_CONSUMER_GROUP"], topics.tweets)
        replica.stop()
    drawn = account(kafka.bootstrap, topics)
    assert_in_turn(drawn, ["1.0", "2.0", "1.0"])
    record_property("seconds without a result in two switches of the model", round(stop_seconds(drawn), 2))


def _told(replica: Replica) -> None:
    """Each switch is in the log; a model that comes back goes on with its own drift window."""
    assert [(e["name"], e["version"], e["before"]) for e in replica.events("model_switched")] == [
        ("second", "2.0", "first 1.0"),
        ("first", "1.0", "second 2.0"),
    ]
    restarted = replica.events("drift_window_restarted")
    assert [e["model"] for e in restarted] == ["second 2.0", "first 1.0"]
    assert restarted[0]["tweets"] == 0 < restarted[1]["tweets"]


def _shows(replica: Replica, name: str, version: str, switched: int) -> None:
    page = replica.ask("/metrics")[1]
    infos = [line for line in page.splitlines() if line.startswith("sentiment_model_info{")]
    assert len(infos) == 1
    assert f'name="{name}"' in infos[0]
    assert f'version="{version}"' in infos[0]
    assert metric(page, f'{RELOADS}{{outcome="switched"}}') == switched


def _damage(folder: Path) -> None:
    with (folder / "openvino" / "model.bin").open("ab") as file:
        file.write(b"\0")


def _clean_otherwise(folder: Path) -> None:
    seal(folder, "2.0", cleaning="none")


def _compute_otherwise(folder: Path) -> None:
    made = worded_model(folder.parent / "other", "2.0", weight=1.5)
    for name in ("model.xml", "model.bin"):
        shutil.copy(made / "openvino" / name, folder / "openvino" / name)
    seal(folder, "2.0")


def _break_the_network(folder: Path) -> None:
    (folder / "openvino" / "model.xml").write_text("<net/>")
    seal(folder, "2.0")


def _spoil_the_reference(folder: Path) -> None:
    (folder / "drift-reference.json").write_text('{"schema_version": 1, "rows": "many"}')
    seal(folder, "2.0")


BAD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "damaged": (_damage, "model.bin is damaged"),
    "cleaning": (_clean_otherwise, "cleaning version 'none'"),
    "golden": (_compute_otherwise, "off the reference"),
    "network": (_break_the_network, "cannot compile"),
    "reference": (_spoil_the_reference, "rows must be"),
    "missing": (shutil.rmtree, "missing is missing"),
}


def _copy(models: Path, name: str) -> Path:
    folder = Path(shutil.copytree(models / "second", models / name))
    seal(folder, "2.0", max_length=4)
    return folder


def test_a_bad_model_is_refused_and_the_old_one_goes_on(
    kafka: Broker, topics: Topics, models: Path, settings: dict[str, str]
) -> None:
    """Each by name and reason, counted once however often it is looked at; a good one after it is taken."""
    for name, (spoil, _) in BAD.items():
        spoil(_copy(models, name))
    with (
        Traffic(kafka.bootstrap, topics.tweets, PARTITIONS, 0.01),
        Replica(settings, module=REAL) as replica,
    ):
        wait_until(lambda: consumed(replica) >= 50 or not replica.runs, "the first ones")
        for count, (name, (_, reason)) in enumerate(BAD.items(), 1):
            point(models, name)
            replica.wait_for_event("model_refused", count)
            told = replica.events("model_refused")[-1]
            assert told["name"] == name
            assert reason in told["error"]
        time.sleep(1.0)  # five looks
        wait_for_more(replica, 50)
        assert replica.ask("/readyz")[0] == 200
        assert scrape(replica, f'{RELOADS}{{outcome="refused"}}') == len(BAD)
        assert len(replica.events("model_loading")) == len(BAD)
        point(models, "second")
        replica.wait_for_event("model_switched")
        wait_for_more(replica, 50)
        assert scrape(replica, f'{RELOADS}{{outcome="refused"}}') == len(BAD)
    with Replica(settings, "--until-idle", "3", module=REAL) as last:
        last.finish()
    assert_in_turn(account(kafka.bootstrap, topics), ["1.0", "2.0"])


@pytest.mark.parametrize("moment", ["model_loading", "model_switched"])
def test_killed_in_a_switch(
    kafka: Broker, topics: Topics, models: Path, settings: dict[str, str], moment: str
) -> None:
    """While the model is loaded, and right behind the switch: the successor begins with the new one."""
    with Traffic(kafka.bootstrap, topics.tweets, PARTITIONS, 0.004):
        with Replica(settings, module=REAL) as first:
            wait_until(lambda: consumed(first) >= 100 or not first.runs, "the first ones")
            point(models, "second")
            first.wait_for_event(moment)
            first.kill()
        with Replica(settings, module=REAL) as second:
            wait_until(lambda: consumed(second) >= 100 or not second.runs, "the successor's first ones")
            second.stop()
    with Replica(settings, "--until-idle", "3", module=REAL) as last:
        last.finish()
    assert_in_turn(account(kafka.bootstrap, topics), ["1.0", "2.0"])
