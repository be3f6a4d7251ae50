"""The main job: tweets in, labelled results out, with the real command and the model that ships."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.broker.replicas import REAL, ROOT, Replica, reaching, with_http
from tests.broker.stream import Sent, account, header, metric, publish, tweet, tweets, wait_until

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

MODELS = ROOT / "Models"
POSITIVE = [
    "I love this so much, best day ever!",
    "What a wonderful morning, thank you all :)",
    "so happy with my new phone, it is great",
]
NEGATIVE = [
    "I hate this, worst day of my life",
    "so sad and sick today, I feel terrible",
    "my flight is cancelled again, awful service",
]
TRACE = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
START_SECONDS = 120.0  # TensorFlow's, on a busy machine


def _records() -> list[Sent]:
    plain = [Sent(tweet(n, text), n % 3, f"author {n}".encode(), (TRACE,)) for n, text in enumerate(_texts())]
    rich = {
        "id": 9,
        "id_str": "900",
        "text": "cut …",
        "full_text": POSITIVE[0],
        "created_at": "Wed Oct 10 20:19:24 +0000 2018",
        "user": {"id_str": "77"},
        "lang": "en",
    }
    v2 = {"data": {"id": "901", "text": NEGATIVE[0], "author_id": "78", "lang": 5}}
    others = [json.dumps(rich).encode(), json.dumps(v2).encode(), b"no json"]
    return [*plain, *(Sent(value, 0) for value in others), Sent(None, 1, b"key"), *tweets(200, first=1_000)]


def _texts() -> list[str]:
    return POSITIVE + NEGATIVE


@pytest.mark.parametrize("scorer", ["openvino", pytest.param("tensorflow", marks=pytest.mark.tensorflow)])
def test_round_trip(kafka: Broker, topics: Topics, tmp_path: Path, scorer: str) -> None:
    """Every tweet becomes one labelled result with all its fields, and the counters tell the same story."""
    records = _records()
    publish(kafka.bootstrap, topics.tweets, records)
    settings = reaching(kafka.bootstrap, topics, tmp_path, SCORER=scorer, KAFKA_SESSION_TIMEOUT_MS="10000")
    with Replica(with_http(settings), module=REAL) as one:
        wait_until(lambda: one.ask("/readyz")[0] == 200 or not one.runs, "it is ready", START_SECONDS)
        _wait_until_consumed(one, len(records))
        _check_metrics(one.ask("/metrics")[1], len(records))
        one.stop(10)
    found = account(kafka.bootstrap, topics, skipped=1, dead=1)
    assert set(found.reasons.values()) == {"invalid_json"}
    for place, record in found.results.items():
        _check_result(record, found.inputs[place])
    labels = {body["id"]: body["label"] for body in found.bodies}
    assert [labels[str(n)] for n in range(6)] == ["positive"] * 3 + ["negative"] * 3
    assert (labels["900"], labels["901"]) == ("positive", "negative")
    _check_optional_fields({body["id"]: body for body in found.bodies})


def _wait_until_consumed(one: Replica, count: int) -> None:
    wait_until(
        lambda: metric(one.ask("/metrics")[1], "sentiment_consumed_total") == count or not one.runs,
        f"{count} records are consumed",
        START_SECONDS,
    )


def _check_metrics(text: str, count: int) -> None:
    outcomes = {
        outcome: metric(text, f'sentiment_messages_total{{outcome="{outcome}"}}') or 0
        for outcome in ("scored", "dead_lettered", "skipped")
    }
    assert outcomes == {"scored": count - 2, "dead_lettered": 1, "skipped": 1}
    assert metric(text, "sentiment_consumed_total") == sum(outcomes.values())
    assert metric(text, "sentiment_end_to_end_latency_seconds_count") == outcomes["scored"]
    assert metric(text, "sentiment_consumer_lag_seconds") == 0


def _check_result(record: Any, source: Any) -> None:
    body = json.loads(record.value)
    assert {key: type(value) for key, value in body.items() if key in REQUIRED} == REQUIRED
    assert body.keys() <= REQUIRED.keys() | {"author_id", "created_at", "lang"}
    assert (body["schema_version"], body["threshold"], body["truncated"]) == (1, _threshold(), False)
    p = body["probability"]
    assert body["label"] == ("positive" if p >= body["threshold"] else "negative")
    assert body["confidence"] == pytest.approx(
        max(p, 1 - p) if _threshold() == 0.5 else body["confidence"], abs=2e-6
    )
    assert body["model"] == {name: _manifest()[name] for name in ("name", "version")}
    assert TIMESTAMP.fullmatch(body["scored_at"])
    assert TIMESTAMP.fullmatch(body["source"]["timestamp"])
    assert header(record, "content-type") == "application/json"
    assert header(record, "sentiment-schema-version") == "1"
    assert header(record, "sentiment-model-version") == _manifest()["version"]
    assert header(record, "traceparent") == header(source, "traceparent")


REQUIRED = {
    "schema_version": int,
    "id": str,
    "text": str,
    "label": str,
    "probability": float,
    "confidence": float,
    "threshold": float,
    "truncated": bool,
    "model": dict,
    "scored_at": str,
    "source": dict,
}


def _folder() -> Path:
    return MODELS / (MODELS / "CURRENT").read_text("utf-8").strip()


def _manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_folder() / "manifest.json").read_text("utf-8"))
    return found


def _threshold() -> float:
    path = _folder() / "calibration.json"
    return float(json.loads(path.read_text("utf-8")).get("threshold", 0.5)) if path.exists() else 0.5


def _check_optional_fields(bodies: dict[str, dict[str, Any]]) -> None:
    optional = ("author_id", "created_at", "lang", "text")
    assert {name: bodies["900"].get(name) for name in optional} == {
        "author_id": "77",
        "created_at": "2018-10-10T20:19:24Z",
        "lang": "en",
        "text": POSITIVE[0],
    }
    assert {name: bodies["901"].get(name) for name in optional} == {
        "author_id": "78",
        "created_at": None,
        "lang": None,
        "text": NEGATIVE[0],
    }
