"""The page of a running consumer: real Kafka, real model, and every number held against its metrics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deploy.demo.quantiles import histogram_percentile
from deploy.demo.scrape import Scrape
from tests.broker.replicas import REAL, Replica, reaching, with_http
from tests.broker.stream import Sent, publish, tweet, wait_until
from tests.page.chromium import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

TEXTS = (
    "What a lovely morning, the sun is out",
    "I lost my keys again and it rains",
    "so happy with the new bike",
    "this queue is awful",
    "a cup of tea and a good book",
)
GOOD, BAD = 1_200, 7


@pytest.mark.broker
@pytest.mark.timeout(900)
def test_its_numbers_are_those_of_the_metrics(
    browser: Browser, kafka: Broker, topics: Topics, tmp_path: Path
) -> None:
    """Tweets come in while it is open: it follows by itself, and agrees with a scrape when all is done."""
    # Five texts over and over are drift; here it may not hide that the replica runs, and then rests.
    windows = {"DRIFT_WINDOW_TWEETS": "1000", "DRIFT_WINDOW_MIN": "500", "DRIFT_SMALLEST_PSI": "10"}
    settings = with_http(reaching(kafka.bootstrap, topics, tmp_path / "state", **windows))
    with Replica(settings, module=REAL) as one:
        wait_until(lambda: one.ask("/readyz")[0] == 200 or not one.runs, "the consumer is ready")
        with opened(browser, f"http://127.0.0.1:{settings['HTTP_PORT']}/") as seen:
            seen.wait_for("state-name", "Quiet")
            publish(kafka.bootstrap, topics.tweets, records())
            seen.wait_for("state-name", "Running")
            seen.wait_for("totals", f"{GOOD + BAD:,}")
            seen.wait_for("drift-rows", "confidence")
            told: dict[str, Any] = json.loads(one.ask("/live.json")[1])
            found = Scrape(one.ask("/metrics")[1])
            agrees(told, found)
            shown = found.total("sentiment_predictions_total", label="positive") or 0
            assert seen.text("share") == f"{100 * shown / GOOD:.1f} %"
            assert seen.text("lag") == "0"
            assert "invalid json" in seen.text("letters-rows")
            for signal in told["drift"]["signals"]:
                assert f"{signal['score']:.3f}" in seen.text("drift-rows")
                assert f"{signal['critical']:.3f}" in seen.text("drift-rows")
            seen.wait_for("state-name", "Quiet")
            assert seen.errors == []
        assert TEXTS[0] not in one.ask("/live.json")[1]


def records() -> list[Sent]:
    """Tweets, and bad ones among them."""
    good = [Sent(tweet(n, TEXTS[n % len(TEXTS)]), partition=n % 3) for n in range(GOOD)]
    return [*good, *(Sent(b"no json", partition=0) for _ in range(BAD))]


def agrees(told: dict[str, Any], found: Scrape) -> None:
    """Everything that can be held against a scrape; the process is younger than what is remembered."""
    assert told["totals"] == {
        "consumed": found.total("sentiment_consumed_total"),
        **{
            outcome: found.total("sentiment_messages_total", outcome=outcome)
            for outcome in ("scored", "dead_lettered", "skipped")
        },
    }
    assert told["totals"]["dead_lettered"] == BAD
    for label in ("positive", "negative", "neutral"):
        assert told["sentiment"][label] == (found.total("sentiment_predictions_total", label=label) or 0)
    buckets = found.buckets("sentiment_end_to_end_latency_seconds")
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        assert told["latency"][1][name] == pytest.approx(histogram_percentile(buckets, share), abs=1e-5)
    confidence = found.buckets("sentiment_confidence_ratio")
    bounds, stream = told["confidence"]["bounds"], told["confidence"]["stream"]
    assert [sum(stream[: n + 1]) for n in range(len(bounds))] == [confidence[bound] for bound in bounds]
    assert sum(told["confidence"]["reference"]) == found.total(
        "sentiment_reference_ratio_bucket", signal="confidence", le="+Inf"
    )
    assert told["lag"]["records"] == found.total("sentiment_consumer_lag_records") == 0
    assert told["drift"]["tweets"] == found.total("sentiment_drift_window_samples")
    for signal in told["drift"]["signals"]:
        where = {"signal": signal["signal"], "statistic": "psi"}
        assert signal["score"] == found.total("sentiment_drift_score", **where)
        assert signal["critical"] == found.total("sentiment_drift_critical_value", **where)
        assert signal["alarm"] == found.total("sentiment_drift_alarm", signal=signal["signal"])
    assert told["drift"]["signals"]
    (letter,) = told["dead_letters"]
    assert letter["total"] == found.total("sentiment_dead_letters_total", reason="invalid_json") == BAD
