"""Serves the application from a thread beside the loop."""

from __future__ import annotations

import socket
import sys
import threading

import uvicorn
from fastapi import FastAPI

from consumer.errors import ConfigurationError
from consumer.http.patience import ImpatientProtocol

# Idle ones count, and above it a probe is refused like any other request. So it is no bound on work, scoring
# has its own, but with ``SPARE`` on file handles: of the 1,024 a process commonly may have, some are left to
# the brokers.
MAX_CONNECTIONS = 800
# An answer takes the interpreter's lock a dozen times. At Python's 5 ms for each a scrape beside a loop that
# cleans a long batch takes 160 ms, at this 50; the loop does not notice (`make bench`).
_SWITCH_SECONDS = 0.001
MAX_HEAD_BYTES = 16 * 1024
KEEP_ALIVE_SECONDS = 5  # what an idle connection holds is another's after that


class Server:
    """uvicorn in a daemon thread, without signal handlers of its own and without an access log.

    Args:
        app: what to serve.
        host: the address to bind, a name or a number.
        port: the port to bind; 0 lets the system choose one, see ``port``.
    """

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self._host = host
        self._asked_port = port
        self._socket: socket.socket | None = None
        self._server = uvicorn.Server(_config(app))
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port in use, once started."""
        if self._socket is None:
            raise RuntimeError("the server is not started")
        port: int = self._socket.getsockname()[1]
        return port

    def start(self) -> None:
        """Binds and serves; from its return on, clients can connect.

        Raises:
            ConfigurationError: the address cannot be bound.
        """
        self._socket = _bind(self._host, self._asked_port)
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._thread.start()

    def stop(self, timeout_seconds: float = 2) -> None:
        """Lets requests under way finish, for so long at most, and frees the port."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        if self._socket is not None:
            self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket] if self._socket is not None else None)


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=ImpatientProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
    )


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.create_server(address, family=family)
    except OSError as error:
        raise ConfigurationError(
            f"HTTP_PORT: cannot listen on {host}:{port} ({error.strerror or error}); "
            "set HTTP_PORT to a free port (0 = no HTTP), HTTP_HOST to an address of this machine"
        ) from error
    # Its connections inherit it: else an answer's body waits 40 ms for its head to be acknowledged.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound
