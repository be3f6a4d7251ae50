"""The web side, with a real client against the real server."""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry

from consumer.errors import ConfigurationError
from consumer.http.app import create_app
from consumer.http.patience import ImpatientProtocol
from consumer.http.server import Server
from consumer.monitoring.health import Health
from consumer.monitoring.metrics import Metrics


@pytest.fixture
def health() -> Health:
    """A replica that has just started."""
    return Health()


@pytest.fixture
def metrics() -> Metrics:
    """Its metrics."""
    return Metrics(CollectorRegistry())


@pytest.fixture
def server(health: Health, metrics: Metrics) -> Iterator[Server]:
    """It serves on a free port."""
    server = Server(create_app(health, metrics), "127.0.0.1", 0)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A client of it."""
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=10, trust_env=False) as client:
        yield client


def test_readyz_says_why_not(client: httpx.Client, health: Health) -> None:
    """503 with the reason as JSON until all is there, then 200."""
    before = client.get("/readyz")
    health.model_warm()
    health.joined()
    health.broker_answers(True)
    after = client.get("/readyz")
    assert before.status_code == 503
    assert "model" in before.json()["reason"]
    assert (after.status_code, after.json()["ok"]) == (200, True)


@pytest.mark.usefixtures("server")
def test_an_answer_does_not_wait_long_for_the_interpreter() -> None:
    """A loop that is at work in Python makes way for it at least every millisecond."""
    assert sys.getswitchinterval() <= 0.001


def test_livez_follows_the_loop() -> None:
    """200 while the loop turns, 503 when it stands."""
    now = [0.0]
    health = Health(lambda: now[0], stuck_after_seconds=5)
    server = Server(create_app(health, Metrics(CollectorRegistry())), "127.0.0.1", 0)
    server.start()
    try:
        alive = httpx.get(f"http://127.0.0.1:{server.port}/livez", trust_env=False)
        assert alive.headers["cache-control"] == "no-store"
        assert "server" not in alive.headers  # nobody is told what to look up faults of
        now[0] = 6.0
        stuck = httpx.get(f"http://127.0.0.1:{server.port}/livez", trust_env=False)
    finally:
        server.stop()
    assert (alive.status_code, stuck.status_code) == (200, 503)


def test_metrics_are_scraped(client: httpx.Client, metrics: Metrics) -> None:
    """Prometheus finds text of the version it asks for."""
    metrics.offset_gap(3)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "sentiment_offset_gap_records_total 3.0" in answer.text


@pytest.mark.parametrize("path", ["/", "/livez", "/metrics"])
def test_head_is_answered(client: httpx.Client, path: str) -> None:
    """A check that asks for the head alone gets it."""
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["/", "/openapi.json"])
def test_pages_load_nothing_from_outside(client: httpx.Client, path: str) -> None:
    """Everything works without the internet."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert "://" not in answer.text


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/nothing"])
def test_other_paths_are_not_found(client: httpx.Client, path: str) -> None:
    """There is no documentation page that would load outside assets."""
    assert client.get(path).status_code == 404


def test_openapi_names_the_probes(client: httpx.Client) -> None:
    """Programs find what the probes answer, the 503 included."""
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/livez", "/readyz", "/metrics"} <= set(paths)
    assert set(paths["/readyz"]["get"]["responses"]) == {"200", "503"}


def test_a_scrape_needs_nothing_of_the_loop(client: httpx.Client, metrics: Metrics) -> None:
    """While the loop computes, and takes turns with the reporting of batches, scrapes are answered."""
    done = threading.Event()

    def compute() -> None:
        while not done.is_set():
            sum(range(1_000))
            metrics.polled(1.0)

    loop = threading.Thread(target=compute)
    loop.start()
    try:
        answers = [client.get("/metrics").status_code for _ in range(3)]
    finally:
        done.set()
        loop.join()
    assert answers == [200, 200, 200]


def test_a_taken_port_ends_with_a_plain_word(server: Server, health: Health, metrics: Metrics) -> None:
    """The setting and the address are named, before anything else starts."""
    second = Server(create_app(health, metrics), "127.0.0.1", server.port)
    with pytest.raises(ConfigurationError, match=rf"HTTP_PORT.*127\.0\.0\.1:{server.port}"):
        second.start()
    second.stop()


def test_stop_frees_the_port(health: Health, metrics: Metrics) -> None:
    """A stopped server leaves no thread and no port behind."""
    server = Server(create_app(health, metrics), "127.0.0.1", 0)
    server.start()
    port = server.port
    server.stop()
    again = Server(create_app(health, metrics), "127.0.0.1", port)
    again.start()
    again.stop()
    assert "http" not in {thread.name for thread in threading.enumerate()}


def test_a_silent_client_is_let_go(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who connects and never finishes a request does not hold its connection."""
    monkeypatch.setattr(ImpatientProtocol, "exchange_seconds", 0.2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as silent:
        silent.sendall(b"GET /livez HT")
        assert silent.recv(100) == b""


def test_a_huge_head_is_refused(server: Server) -> None:
    """A request head without end is not collected in memory."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as greedy:
        greedy.sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 40_000)
        assert b"400" in greedy.recv(100)


def test_the_page_is_told_to_load_nothing_else(client: httpx.Client) -> None:
    """Scripts and styles come from here alone, none stands in the page itself, no other site frames it."""
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-cache"  # a new version brings a new page
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\ssrc=)", page.text)


def test_every_part_of_the_page_is_served(client: httpx.Client) -> None:
    """What it and its scripts name is there, by a relative address, with its type."""
    named = re.findall(r'(?:href|src)="(page/[\w.]+)"', client.get("/").text)
    assert named
    for path in named:
        answer = client.get(f"/{path}")
        assert answer.status_code == 200
        assert "text/html" not in answer.headers["content-type"]
        named += [f"page/{other}" for other in re.findall(r'from "\./([\w.]+)"', answer.text)]
    assert "page/words.js" in named


@pytest.mark.parametrize("name", ["__init__.py", "nothing.js", "..%2fapp.py", "..%2f..%2fsettings"])
def test_nothing_else_of_the_folder_is_served(client: httpx.Client, name: str) -> None:
    """A path out of it leads nowhere."""
    assert client.get(f"/page/{name}").status_code == 404


def test_without_a_stream_there_are_no_numbers(client: httpx.Client) -> None:
    """The page finds that out without an error."""
    answer = client.get("/live.json")
    assert (answer.status_code, answer.json()) == (200, None)
    assert answer.headers["cache-control"] == "no-store"
