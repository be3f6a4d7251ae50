"""`check` against a real broker: what is well, what is not, and that it disturbs nobody."""

from __future__ import annotations

import contextlib
import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from consumer.__main__ import main
from consumer.cli import loading
from consumer.errors import ModelRefusedError
from tests.broker.topics import admin, new_names

if TYPE_CHECKING:
    from pathlib import Path

    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

PLANTED = "hunter2-planted-secret"


def toy_model(_settings: object) -> SimpleNamespace:
    """In place of one that has to be loaded."""
    folder = SimpleNamespace(name="toy", version="1", threshold=0.5)
    return SimpleNamespace(folder=folder, scorer=SimpleNamespace(close=lambda: None))


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is not the point here."""
    monkeypatch.setattr(loading, "load_model", toy_model)


@pytest.fixture
def check(
    kafka: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Run it on these topics with these flags; its JSON."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("STATE_DIR", str(tmp_path))

    def run(topics: Topics, *words: str) -> dict[str, Any]:
        for name, topic in zip(("INPUT", "OUTPUT", "DLQ"), topics.all, strict=True):
            monkeypatch.setenv(f"KAFKA_{name}_TOPIC", topic)
        code = main(["check", "--json", *words])
        body: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert body["exit_code"] == code
        assert body["ok"] == (code == 0)
        return body

    return run


def texts(body: dict[str, Any], status: str) -> list[str]:
    """The lines of one kind."""
    return [
        f"{finding['area']}: {finding['text']}" for finding in body["findings"] if finding["status"] == status
    ]


def test_all_is_well(check: Any, topics: Topics) -> None:
    """Settings, model, broker, topics and rights each say so; thin replication is a warning, not a fault."""
    body = check(topics)
    assert body["exit_code"] == 0
    assert {line.partition(":")[0] for line in texts(body, "ok")} == {
        "settings",
        "model",
        "state",
        "broker",
        "topics",
        "rights",
    }
    assert any("replication factor 1" in line for line in texts(body, "warning"))
    assert body["settings"]["KAFKA_INPUT_TOPIC"] == topics.tweets


def test_a_topic_of_labels_that_is_not_there_is_named(
    check: Any, topics: Topics, kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream would run and measure nothing; where it is there, it is told like the others."""
    monkeypatch.setenv("KAFKA_LABELS_TOPIC", labels := f"{topics.tweets}.labels")
    body = check(topics)
    assert body["exit_code"] == 2
    (told,) = texts(body, "fault")
    assert told.startswith(f"topics: topic {labels} (KAFKA_LABELS_TOPIC) is missing")
    with admin(kafka.bootstrap) as client:
        client.create_topics({labels: {"num_partitions": 1}}, wait_for_metadata=True)
    try:
        assert any(line.startswith(f"topics: {labels}: 1 partitions") for line in texts(check(topics), "ok"))
    finally:
        with admin(kafka.bootstrap) as client:
            client.delete_topics([labels], raise_errors=False)


def test_every_fault_is_told_and_the_first_decides(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged model does not hide missing topics."""

    def refuse(_settings: object) -> None:
        raise ModelRefusedError("damaged")

    monkeypatch.setattr(loading, "load_model", refuse)
    body = check(new_names())
    assert body["exit_code"] == 3
    assert [line.partition(":")[0] for line in texts(body, "fault")] == ["model", "topics"]


def test_wrong_settings_end_it_with_all_of_them_named(check: Any, topics: Topics) -> None:
    """There is nothing to go on with."""
    body = check(topics, "--http-port", "x", "--scorer", "x", "--kafka-sasl-password", PLANTED)
    assert body["exit_code"] == 2
    told = "\n".join(texts(body, "fault"))
    assert "HTTP_PORT" in told
    assert "SCORER" in told
    assert PLANTED not in json.dumps(body)


def test_a_session_timeout_that_the_broker_refuses_is_named(check: Any, topics: Topics) -> None:
    """Before the stream finds out."""
    body = check(topics, "--kafka-session-timeout-ms", "1700000")
    assert body["exit_code"] == 2
    by_limit, by_trial = texts(body, "fault")
    assert by_limit.startswith("broker: KAFKA_SESSION_TIMEOUT_MS=1700000")
    assert by_trial.startswith("rights: transactional id")


def test_no_broker_is_exit_4(check: Any, topics: Topics) -> None:
    """And in words that say why."""
    body = check(topics, "--kafka-bootstrap-servers", "127.0.0.1:1")
    assert body["exit_code"] == 4
    assert texts(body, "fault") == [
        "broker: KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1: the connection is refused, nothing listens there"
    ]


@pytest.mark.parametrize("installed", [True, False])
def test_tracing_without_its_packages_is_named(
    check: Any,
    topics: Topics,
    monkeypatch: pytest.MonkeyPatch,
    installed: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Where it is set; else the stream would say so only when it starts."""
    if not installed:
        monkeypatch.delitem(sys.modules, "consumer.monitoring.tracing", raising=False)
        monkeypatch.delattr("consumer.monitoring.tracing", raising=False)
        monkeypatch.setitem(sys.modules, "opentelemetry", None)
    body = check(topics, "--kafka-bootstrap-servers", "127.0.0.1:1", "--tracing", "otlp")
    (said,) = [finding for finding in body["findings"] if finding["area"] == "tracing"]
    assert said["status"] == ("ok" if installed else "fault")
    assert body["exit_code"] == (4 if installed else 2)
    assert installed or "TRACING=otlp: needs pip install 'tweet-sentiment[tracing]'" in said["text"]


def test_a_live_replica_is_not_fenced(kafka: Broker, check: Any, topics: Topics) -> None:
    """The rights are tried beside the replica's identity, not with it."""
    identity = f"id-{topics.tweets}"
    producer = KafkaProducer(
        bootstrap_servers=kafka.bootstrap, transactional_id=identity, retry_backoff_ms=20
    )
    with contextlib.closing(producer):
        producer.init_transactions()
        producer.begin_transaction()
        assert check(topics, "--kafka-transactional-id", identity)["exit_code"] == 0
        sent = producer.send(topics.out, b"still here", partition=0)
        producer.flush(5)
        producer.commit_transaction()
        assert sent.succeeded()
