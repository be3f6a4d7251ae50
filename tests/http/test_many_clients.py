"""Many clients that keep their connections: the probes are answered all the same, each time."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from consumer.http.patience import ImpatientProtocol
from consumer.http.server import MAX_CONNECTIONS
from tests.broker.stream import wait_until
from tests.doubles import ConstantScorer
from tests.http.asking import BOUNDS, WAIT_SECONDS, GatedScorer, Served, at_once, served
from tests.imports import ROOT
from tests.monitoring.scraping import scrape, value

CLIENTS = 150
ROUNDS = 3
PROBES = ("/livez", "/readyz", "/metrics")
BODY = b'{"texts": ["good"]}'
HEAD = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


def clients(stack: contextlib.ExitStack, web: Served) -> list[HTTPConnection]:
    """So many, each with a connection of its own that it keeps."""
    found = [HTTPConnection("127.0.0.1", web.server.port, timeout=WAIT_SECONDS) for _ in range(CLIENTS)]
    for client in found:
        stack.callback(client.close)
    return found


def post(client: HTTPConnection) -> None:
    """A text, without waiting for its label."""
    client.request("POST", "/predict", BODY, {"content-type": "application/json"})


def status(client: HTTPConnection) -> int:
    """Of the answer, which is read to its end so that the connection can be used again."""
    answer = client.getresponse()
    answer.read()
    return answer.status


def probed(web: Served) -> dict[str, int]:
    """What somebody gets who comes anew for each, as an orchestrator does."""
    address = f"http://127.0.0.1:{web.server.port}"
    return {
        path: httpx.get(address + path, trust_env=False, timeout=WAIT_SECONDS).status_code for path in PROBES
    }


def test_probes_are_answered_while_many_clients_keep_asking(tmp_path: Path) -> None:
    """Half of them idle between two looks at the page, half waiting for a label; then all of them idle."""
    well, waiting = dict.fromkeys(PROBES, 200), CLIENTS // 2
    scorer = GatedScorer()
    with (
        served(tmp_path, scorer, bounds=replace(BOUNDS, queue_texts=waiting)) as web,
        contextlib.ExitStack() as stack,
    ):
        all_clients = clients(stack, web)
        lookers, askers = all_clients[::2], all_clients[1::2]
        for _ in range(ROUNDS):
            scorer.may.clear()
            for client in lookers:
                client.request("GET", "/")
            for client in askers:
                post(client)
            assert {status(client) for client in lookers} == {200}
            wait_until(
                lambda: value(scrape(web.metrics), "sentiment_http_waiting_texts") == waiting, "they wait"
            )
            assert probed(web) == well
            scorer.may.set()
            assert [status(client) for client in askers] == [200] * waiting
            assert probed(web) == well


def test_bodies_on_their_way_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What slow senders sent is kept; above the bound others hear to come again, and probes are answered."""
    monkeypatch.setattr(ImpatientProtocol, "exchange_seconds", WAIT_SECONDS)
    monkeypatch.setattr("consumer.http.scoring.request.MAX_KEPT_BYTES", 2 * len(BODY))
    with served(tmp_path, ConstantScorer()) as web, contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", web.server.port), WAIT_SECONDS))
            for _ in range(2)
        ]
        for client in slow:
            client.sendall(HEAD % len(BODY) + BODY[:-1])
        assert probed(web) == dict.fromkeys(PROBES, 200)  # and what came before was read before
        refused = web.predict("good")
        assert (refused.json()["error"], "kept" in refused.json()["message"]) == ("busy", True)
        assert int(refused.headers["retry-after"]) >= 1
        for client in slow:
            client.sendall(BODY[-1:])
        assert [client.recv(12) for client in slow] == [b"HTTP/1.1 200"] * 2
        assert web.predict("good").status_code == 200


def test_a_body_counts_until_it_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while its texts wait at the desk, which has room for more; then it is let go."""
    monkeypatch.setattr("consumer.http.scoring.request.MAX_KEPT_BYTES", 2 * len(BODY) - 4)
    scorer = GatedScorer()
    with served(tmp_path, scorer) as web:
        askers, answers = at_once(1, lambda: web.predict("good"))
        assert scorer.asked.wait(WAIT_SECONDS)
        assert web.predict("good").status_code == 429
        scorer.may.set()
        askers[0].join(WAIT_SECONDS)
        assert [answer.status_code for answer in answers] == [200]
        assert [web.predict("good").status_code for _ in range(3)] == [200] * 3


@pytest.mark.parametrize("page", ["http.md", "security.md"])
def test_how_many_there_may_be_is_written_down(page: str) -> None:
    """For whoever plans clients; and so many file handles are there where a process may have 1,024."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    assert f"At most {MAX_CONNECTIONS} connections are served" in text
    assert MAX_CONNECTIONS < 1_024
