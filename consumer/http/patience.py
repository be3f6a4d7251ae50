"""Limits on how long one connection may keep the server waiting, and on how much it may send."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

SPARE = 50  # connections beyond uvicorn's limit that are told so with a 503; any more are closed at once


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with a deadline from connect or first byte to the end of the answer.

    uvicorn itself times only idle connections after an answer. Without a deadline clients that
    send nothing would in time take up all connections, and the probes be refused. It also reads on where
    nobody wants a body: past ``exchange_bytes``, well above what any endpoint takes, the connection is cut.
    """

    exchange_seconds: ClassVar[float] = 10.0
    exchange_bytes: ClassVar[int] = 4 * 1024 * 1024
    _taken_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its parent has it
        """A client connected."""
        super().connection_made(transport)
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency + SPARE:
            transport.abort()
        self._start_deadline()

    def data_received(self, data: bytes) -> None:
        """A client sent something."""
        self._taken_bytes += len(data)
        if self._taken_bytes > self.exchange_bytes:
            self.transport.abort()
            return
        self._start_deadline()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended."""
        self._end_deadline()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """The answer is written; from here uvicorn's keep-alive limit counts, where it sets one.

        It sets none for a next request that came along with this one and begins here, nor while it
        closes, which waits until the client has taken all that was written.
        """
        self._taken_bytes = 0
        self._end_deadline()
        super().on_response_complete()
        if self.timeout_keep_alive_task is None:
            self._start_deadline()

    def timeout_keep_alive_handler(self) -> None:
        """Ends an idle connection, also where the client does not take what was written."""
        self.transport.abort()

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.exchange_seconds, self.transport.abort)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
