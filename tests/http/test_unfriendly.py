"""Clients that are slow, endless or not meant: each is let go, and the probes go on answering."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from consumer.http.app import create_app
from consumer.http.patience import ImpatientProtocol
from consumer.http.scoring.counted import Counted
from consumer.http.server import Server
from consumer.monitoring.health import Health
from tests.doubles import ConstantScorer
from tests.http.asking import served

EXCHANGE_SECONDS = 1.0
CONNECTIONS = 40  # fewer than there may be, so that a test can take them all
WAIT_SECONDS = 30.0  # for a busy machine
LARGE = b"x" * 50_000_000  # more than any socket's buffer


class Numbers:
    """A scrape that is far too long for a client that reads nothing."""

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """As the metrics do."""
        return LARGE, accept or "text/plain"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """It serves on a free port, with a short patience, and few at a time."""
    monkeypatch.setattr("consumer.http.server.MAX_CONNECTIONS", CONNECTIONS)
    monkeypatch.setattr(ImpatientProtocol, "exchange_seconds", EXCHANGE_SECONDS)
    server = Server(create_app(Health(), Numbers()), "127.0.0.1", 0)
    server.start()
    yield server
    server.stop()


def connect(server: Server) -> socket.socket:
    """A client that does as it pleases."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_SECONDS)


def answers(server: Server) -> int:
    """What a probe gets."""
    return httpx.get(
        f"http://127.0.0.1:{server.port}/livez", trust_env=False, timeout=WAIT_SECONDS
    ).status_code


def send_until_cut(client: socket.socket, part: bytes, pause: float) -> int:
    """Bytes that were taken before the connection ended; fails where it does not."""
    until, sent = time.monotonic() + WAIT_SECONDS, 0
    with contextlib.suppress(ConnectionError, TimeoutError):
        while time.monotonic() < until:
            sent += client.send(part)
            time.sleep(pause)
    assert time.monotonic() < until, "it was never cut off"
    return sent


def test_a_body_that_trickles_is_cut_off(server: Server) -> None:
    """A byte now and then does not hold a connection for ever."""
    with connect(server) as slow:
        slow.sendall(b"POST /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n")
        send_until_cut(slow, b"x", 0.05)
    assert answers(server) == 200


def test_a_body_without_end_is_not_collected(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads it, so that it is cut off by its size, long before its time is over."""
    monkeypatch.setattr(ImpatientProtocol, "exchange_seconds", 4 * WAIT_SECONDS)
    with connect(server) as endless:
        endless.sendall(b"POST /livez HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        taken = send_until_cut(endless, b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n", 0.0)
    assert taken < 4 * ImpatientProtocol.exchange_bytes  # and what sockets hold
    assert answers(server) == 200


@pytest.mark.parametrize("header", [b"", b"connection: close\r\n"])
def test_a_client_that_takes_no_answer_is_cut_off(server: Server, header: bytes) -> None:
    """What it does not read is not kept for it: it gets less than all."""
    with connect(server) as deaf:
        deaf.sendall(b"GET /metrics HTTP/1.1\r\nhost: x\r\n" + header + b"\r\n")
        time.sleep(EXCHANGE_SECONDS + 6.0)  # and the time that an idle connection has
        got = 0
        with contextlib.suppress(ConnectionError):
            while part := deaf.recv(1_000_000):
                got += len(part)
    assert got < len(LARGE)
    assert answers(server) == 200


def test_many_silent_clients_do_not_keep_the_probes_out_for_long(server: Server) -> None:
    """They are let go one after another, and a probe is answered again."""
    with contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS + 20):
            stack.enter_context(connect(server))
        until = time.monotonic() + WAIT_SECONDS
        while answers(server) != 200:
            assert time.monotonic() < until
            time.sleep(0.2)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_only_the_address_that_was_set_is_bound(host: str) -> None:
    """HTTP_HOST: another address of the same machine does not answer."""
    other = {"127.0.0.1": "127.0.0.2", "127.0.0.2": "127.0.0.1"}[host]
    with contextlib.closing(socket.socket()) as probe:
        try:
            probe.bind(("127.0.0.2", 0))
        except OSError:
            pytest.skip("this system has no second loopback address")
    server = Server(create_app(Health(), SimpleNamespace(render=lambda _accept: (b"", ""))), host, 0)
    server.start()
    try:
        socket.create_connection((host, server.port), timeout=WAIT_SECONDS).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((other, server.port), timeout=WAIT_SECONDS)
    finally:
        server.stop()
    assert "http" not in {thread.name for thread in threading.enumerate()}


def test_a_client_that_asks_again_and_again_is_not_cut_off(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every exchange has its own deadline, and its own bytes: a scraper keeps its connection."""
    monkeypatch.setattr(ImpatientProtocol, "exchange_bytes", 1_000)
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        ports, until = set(), time.monotonic() + 2 * EXCHANGE_SECONDS
        while time.monotonic() < until:
            with client.stream("GET", "/livez") as answer:
                answer.read()
                ports.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
    assert len(ports) == 1


def test_requests_sent_in_one_go_are_all_answered(server: Server) -> None:
    """The deadline that the first answer ended is not there for the second to end."""
    with connect(server) as client:
        request = b"GET /livez HTTP/1.1\r\nhost: x\r\n"
        client.sendall((request + b"\r\n") * 2 + request + b"connection: close\r\n\r\n")
        told = b""
        while part := client.recv(4_096):
            told += part
    assert told.count(b"HTTP/1.1 200") == 3


def test_a_second_request_that_stays_half_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It came along with the first one: no byte follows that would start its time."""
    monkeypatch.setattr(ImpatientProtocol, "exchange_seconds", EXCHANGE_SECONDS)
    with served(tmp_path, ConstantScorer()) as by, connect(by.server) as client:
        client.sendall(
            b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"
            b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n"
        )
        with contextlib.suppress(ConnectionError):  # cut off is cut off; a time-out is a failure
            while client.recv(4_096):
                pass


def test_connections_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the most there may be the answer is that there are too many, and comes at once."""
    monkeypatch.setattr("consumer.http.server.MAX_CONNECTIONS", 3)
    server = Server(create_app(Health(), Numbers()), "127.0.0.1", 0)
    server.start()
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        for _ in range(3):
            stack.enter_context(connect(server)).sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\n")
        assert b"503" in first_bytes(server)


def test_connections_beyond_the_spare_ones_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that say nothing hold a file handle each: the brokers' connections need some, too."""
    monkeypatch.setattr("consumer.http.server.MAX_CONNECTIONS", 3)
    monkeypatch.setattr("consumer.http.patience.SPARE", 2)
    server = Server(create_app(Health(), Numbers()), "127.0.0.1", 0)
    server.start()
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        silent = [stack.enter_context(connect(server)) for _ in range(8)]
        for one in silent[5:]:
            with contextlib.suppress(ConnectionError):  # closed is closed; a time-out is a failure
                assert one.recv(1) == b""
        silent[0].sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"HTTP/1.1" in silent[0].recv(64)


def first_bytes(server: Server) -> bytes:
    """The first bytes of an answer on a connection of its own."""
    with connect(server) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        return client.recv(64)


# Its thread finds the socket gone when it goes on; a process would have ended.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_request_that_hangs_does_not_hold_up_a_stop() -> None:
    """Whoever stops waits for so long, and no longer."""
    may, asked = threading.Event(), threading.Event()

    def hang(_accept: str) -> tuple[bytes, str]:
        asked.set()
        may.wait(WAIT_SECONDS)  # in the event loop's own thread
        return b"", "text/plain"

    server = Server(create_app(Health(), SimpleNamespace(render=hang)), "127.0.0.1", 0)
    server.start()
    with connect(server) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
        assert asked.wait(WAIT_SECONDS)
        began = time.monotonic()
        server.stop(0.1)
        took = time.monotonic() - began
        may.set()
        server._thread.join(WAIT_SECONDS)
    assert took < WAIT_SECONDS / 2


def test_a_server_that_is_not_started_has_no_port() -> None:
    """It is told so, and may be stopped all the same."""
    server = Server(create_app(Health(), Numbers()), "127.0.0.1", 0)
    with pytest.raises(RuntimeError, match="not started"):
        _ = server.port
    server.stop()


def test_a_request_that_failed_is_counted_as_one() -> None:
    """Also where nothing was answered."""
    counted: list[tuple[str, int]] = []

    async def fail(*_: object) -> None:
        raise LookupError

    around = Counted(fail, lambda path, status, _seconds: counted.append((path, status)))
    unused: Any = None
    with pytest.raises(LookupError):
        asyncio.run(around({"path": "/predict"}, unused, unused))
    assert counted == [("/predict", 500)]
