"""The page while another model takes over: what it names, what its box says, what it compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.broker.replicas import REAL, Replica, reaching, with_http
from tests.broker.stream import publish, tweets, wait_until
from tests.models.worded import worded_model
from tests.page.chromium import opened
from training.ship.current import point

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics
    from tests.page.chromium import Seen

COUNT = 90


@pytest.mark.broker
@pytest.mark.timeout(900)
def test_box_stream_and_name_are_of_one_model(
    browser: Browser, kafka: Broker, topics: Topics, tmp_path: Path
) -> None:
    """Without a reload of the page; the confidence of the model before is not held against this one's."""
    models = tmp_path / "Models"
    worded_model(models / "first", "1.0", weight=2.0)
    worded_model(models / "second", "2.0", weight=1.0)
    point(models, "first")
    renewal = {"MODEL_PATH": str(models / "CURRENT"), "MODEL_RELOAD_SECONDS": "0.2"}
    settings = with_http(reaching(kafka.bootstrap, topics, tmp_path / "state", **renewal))
    with Replica(settings, module=REAL) as one:
        wait_until(lambda: one.ask("/readyz")[0] == 200 or not one.runs, "the consumer is ready")
        with opened(browser, f"http://127.0.0.1:{settings['HTTP_PORT']}/") as seen:
            seen.wait_for("about", "model first 1.0")
            publish(kafka.bootstrap, topics.tweets, tweets(COUNT))
            seen.wait_for("totals", str(COUNT))
            seen.wait_for("confidence-note", f": {COUNT} results")
            asks(seen, "88.1 %")
            point(models, "second")
            seen.wait_for("about", "model second 2.0")
            seen.wait_for("confidence-note", ": 0 results")
            asks(seen, "73.1 %")
            assert str(COUNT) in seen.text("totals")  # a try counts nowhere
            publish(kafka.bootstrap, topics.tweets, tweets(COUNT, first=COUNT))
            seen.wait_for("totals", str(2 * COUNT))
            assert seen.errors == []


def asks(seen: Seen, confidence: str) -> None:
    """Try a text; its confidence tells which model answered."""
    seen.page.locator("#text").fill("a good day")
    seen.page.locator("#send:enabled").press("Enter")
    seen.wait_for("verdict", f"Confidence {confidence}")
