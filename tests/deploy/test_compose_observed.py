"""Prometheus as compose runs it: it finds the consumer, and has the rules and the alerts' pages."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from deploy.local_kafka import free_port
from deploy.observability.__main__ import ALERTING, RECORDING
from deploy.observability.objectives import JOB
from tests.deploy.dockers import docker
from tests.not_run import not_run

PROJECT = "tweet-sentiment-observed"
IMAGES = ("apache/kafka:4.1.1", "prom/prometheus:v3.5.0")
KINDS = {"container": ("ps", "--all"), "network": ("network", "ls"), "volume": ("volume", "ls")}
SCRAPED_SECONDS = 60.0  # a scrape is every 5 s, the rules every 15
LOOK_SECONDS = 0.5
pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]
Ask = Callable[[str], Any]
Facts = list[tuple[str, str, str]]  # name, health, what the last look at it complained of


@pytest.fixture(scope="module")
def prometheus(engine: None, pytestconfig: pytest.Config) -> Iterator[str]:
    """Its address, with broker, topics and consumer beneath it; all of it gone afterwards."""
    for image in IMAGES:
        if not docker("images", "--quiet", image) and not docker("pull", "--quiet", image, check=False):
            not_run(pytestconfig, f"the image {image} is not to be had")
    ports = {name: str(free_port()) for name in ("KAFKA_PORT", "HTTP_PORT", "PROMETHEUS_PORT")}

    def compose(*words: str) -> None:
        project = ("--project-name", PROJECT, "--profile", "observability")
        docker("compose", *project, *words, settings=ports)

    try:
        compose("build", "topics")
        compose("up", "--detach", "--wait", "prometheus")
        yield f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}"
    finally:
        compose("down", "--volumes", "--remove-orphans")
    label = f"label=com.docker.compose.project={PROJECT}"
    left = {kind: docker(*words, "--quiet", "--filter", label) for kind, words in KINDS.items()}
    assert left == dict.fromkeys(KINDS, "")


@pytest.fixture
def ask(prometheus: str) -> Ask:
    """Asks its HTTP API, and gives what stands under `data`."""

    def get(path: str) -> Any:
        with urllib.request.urlopen(f"{prometheus}/api/v1/{path}", timeout=10) as answer:  # noqa: S310 - our own http://
            return json.load(answer)["data"]

    return get


def settled(look: Callable[[], Facts], enough: Callable[[Facts], bool]) -> Facts:
    """What is seen once it is enough, or when the time for it is up."""
    until = time.monotonic() + SCRAPED_SECONDS
    while not enough(seen := look()) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
    return seen


def test_it_scrapes_the_consumer(ask: Ask) -> None:
    """By the name that compose gives it; nothing else is a target."""

    def targets() -> Facts:
        found = ask("targets")["activeTargets"]
        return [(one["labels"]["job"], one["health"], one["lastError"]) for one in found]

    wanted = [(JOB, "up", "")]
    assert settled(targets, lambda seen: seen == wanted) == wanted


def test_every_rule_is_loaded_and_works(ask: Ask) -> None:
    """All that were written, and each can be evaluated over what the consumer really says."""
    written = [
        rule.get("alert") or rule["record"]
        for path in (RECORDING, ALERTING)
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]

    def rules() -> Facts:
        found = [rule for group in ask("rules")["groups"] for rule in group["rules"]]
        return [(rule["name"], rule["health"], rule.get("lastError", "")) for rule in found]

    seen = settled(rules, lambda seen: all(health != "unknown" for _, health, _ in seen))
    assert sorted(name for name, *_ in seen) == sorted(written)
    assert [rule for rule in seen if rule[1] != "ok"] == []


def test_a_page_of_an_alert_is_served(prometheus: str) -> None:
    """Where the alerts lead to."""
    at = f"{prometheus}/user/runbooks/SentimentConsumerDown.md"
    with urllib.request.urlopen(at, timeout=10) as answer:  # noqa: S310 - our own http://
        assert answer.read().startswith(b"# ")
