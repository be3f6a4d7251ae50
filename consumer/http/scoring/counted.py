"""Counting: every request that reaches the application, with its status and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FAILED: Final = 500


class Counted:
    """Around all else of the application."""

    def __init__(self, app: ASGIApp, answered: Callable[[str, int, float], object]) -> None:
        """``answered`` hears path, status and seconds of each request."""
        self._app, self._answered = app, answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        started, status = time.monotonic(), _FAILED  # where nothing was answered

        async def listen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, listen)
        finally:
            self._answered(scope["path"], status, time.monotonic() - started)
