"""The page at the root: plain HTML, CSS and JavaScript from this folder, and the numbers it asks for.

Every address in it is relative, so that it works behind a path prefix that ends in a slash; nothing is
loaded from elsewhere, and the browser is told to refuse what would be.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",  # a new version of the consumer brings a new page
}
_FOLDER = Path(__file__).parent
_PAGE = "index.html"


class Live(Protocol):
    """Where the page's numbers come from."""

    def snapshot(self) -> dict[str, Any]:
        """The numbers of this moment, as JSON has them."""


def add_page(app: FastAPI, live: Live | None) -> None:
    """Serve the page and its files; without ``live`` there is no stream, and the page says so."""
    files = {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in TYPES}
    html: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}}}

    @app.head("/", include_in_schema=False)
    @app.get("/", response_class=Response, responses=html, summary="A page for people")
    async def page() -> Response:
        return _answer(_PAGE, files)

    @app.get("/page/{name}", include_in_schema=False)
    async def part(name: str) -> Response:
        return _answer(name, files) if name in files else Response(status_code=404)

    @app.get("/live.json", include_in_schema=False)
    async def numbers() -> JSONResponse:
        return JSONResponse(live.snapshot() if live else None, headers={"cache-control": "no-store"})


def _answer(name: str, files: Mapping[str, bytes]) -> Response:
    return Response(files[name], media_type=TYPES[Path(name).suffix], headers=HEADERS)
