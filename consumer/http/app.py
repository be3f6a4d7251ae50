"""The web application: probes for the orchestrator, a scrape, a page for people, labels for programs."""

from __future__ import annotations

from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from consumer import __version__
from consumer.http.page import Live, add_page
from consumer.http.scoring.routes import Scoring, add_scoring

Responses = dict[int | str, dict[str, Any]]  # as FastAPI has them


class Answer(Protocol):
    """A probe's verdict."""

    @property
    def ok(self) -> bool:
        """Is all well?"""

    @property
    def reason(self) -> str:
        """One line for the operator."""


class Probes(Protocol):
    """Where the probes ask."""

    def live(self) -> Answer:
        """Does the loop turn?"""

    def ready(self) -> Answer:
        """Can this replica do its work?"""


class Scrape(Protocol):
    """Where the numbers come from."""

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Returns body and content type."""


class Status(BaseModel):
    """What a probe answers."""

    ok: bool
    reason: str


def create_app(
    health: Probes, metrics: Scrape, scoring: Scoring | None = None, live: Live | None = None
) -> FastAPI:
    """Returns the application; interactive documentation is off, since it would load outside assets.

    Without ``scoring`` no text is scored; ``live`` has the page's numbers, without it the page has none.
    """
    app = FastAPI(
        title="Tweet sentiment consumer",
        version=__version__,
        description="Probes, metrics and scoring of one replica.",
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,  # a field that may be absent has a default
    )
    _add_probes(app, health)
    _add_metrics(app, metrics)
    add_page(app, live)
    if scoring is not None:
        add_scoring(app, scoring)
    return app


def _add_probes(app: FastAPI, health: Probes) -> None:
    unwell: Responses = {503: {"model": Status, "description": "It is not; the reason says why."}}

    @app.head("/livez", include_in_schema=False)
    @app.get("/livez", response_model=Status, responses=unwell, summary="Does the loop turn?")
    async def livez() -> JSONResponse:
        return _answer(health.live())

    @app.head("/readyz", include_in_schema=False)
    @app.get("/readyz", response_model=Status, responses=unwell, summary="Can this replica do its work?")
    async def readyz() -> JSONResponse:
        return _answer(health.ready())


def _answer(answer: Answer) -> JSONResponse:
    status = Status(ok=answer.ok, reason=answer.reason)
    headers = {"cache-control": "no-store"}
    return JSONResponse(status.model_dump(), 200 if answer.ok else 503, headers)


def _add_metrics(app: FastAPI, metrics: Scrape) -> None:
    scraped: Responses = {
        200: {"content": {"text/plain": {}}, "description": "Prometheus text, or OpenMetrics if asked."}
    }

    @app.head("/metrics", include_in_schema=False)
    @app.get("/metrics", response_class=Response, responses=scraped, summary="The numbers of this replica")
    async def scrape(request: Request) -> Response:
        body, content_type = metrics.render(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})
