"""The routes: ``POST /predict`` and ``POST /tweet``, added to the application."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import Response

from consumer.encode import ResultStyle, result_body, to_json
from consumer.http.scoring import shapes
from consumer.http.scoring.counted import Counted
from consumer.http.scoring.desk import Answer, Answered, Desk
from consumer.http.scoring.refusal import Refusal
from consumer.http.scoring.request import Bodies, object_of, text_of, texts_of
from consumer.records import Reason, Result

_STATUS = {Reason.TOO_LARGE: 413, Reason.SCORER_FAILED: 500}  # of a text alone; else 422


class Tally(Protocol):
    """Who counts requests and texts."""

    def http_answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""

    def http_texts(self, scored: int, failed: int) -> None:
        """So many texts were judged."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """What the routes need."""

    desk: Desk
    tally: Tally
    max_texts: int
    origins: Collection[str] = ()


def add_scoring(app: FastAPI, scoring: Scoring) -> None:
    """Adds the routes, what is allowed to pages of other origins, and the count of all requests."""
    app.add_exception_handler(Refusal, _refuse)
    if scoring.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(scoring.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["content-type"],
            expose_headers=["retry-after"],
        )
    app.add_middleware(Counted, answered=scoring.tally.http_answered)
    bodies = Bodies()
    _add_predict(app, scoring, bodies)
    _add_tweet(app, scoring, bodies)


async def _refuse(_request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 - it is registered for these
    return Response(refusal.body(), refusal.status, refusal.headers())


def _add_predict(app: FastAPI, scoring: Scoring, bodies: Bodies) -> None:
    answers: shapes.Responses = {200: {"model": shapes.Predictions, "description": "One for each text."}}

    @app.post(
        "/predict",
        response_class=Response,
        responses=answers | shapes.refusals(),
        openapi_extra=shapes.predict_body(scoring.max_texts),
        summary="Label texts",
    )
    async def predict(request: Request) -> Response:
        async with bodies.read(request) as body:
            scoring.desk.require_room()
            texts = texts_of(object_of(request, body), scoring.max_texts)
            answers = await _label(scoring, texts)
        return _json({"results": [_result(answer, style) for answer, style in answers]})


def _add_tweet(app: FastAPI, scoring: Scoring, bodies: Bodies) -> None:
    answers: shapes.Responses = {200: {"model": shapes.Sentiment, "description": "Its label."}}

    @app.post(
        "/tweet",
        response_class=Response,
        responses=answers | shapes.refusals(500),
        openapi_extra=shapes.tweet_body(),
        summary="Label one text",
    )
    async def tweet(request: Request) -> Response:
        async with bodies.read(request) as body:
            scoring.desk.require_room()
            ((answer, _),) = await _label(scoring, [text_of(object_of(request, body))])
        if not isinstance(answer, Result):
            status = _STATUS.get(answer.reason, 422)
            raise Refusal(status, str(answer.reason), f"text: {answer.message}", "text")
        return _json({"sentiment": str(answer.label), "confidence": round(answer.confidence, 6)})


async def _label(scoring: Scoring, texts: list[str]) -> list[Answered]:
    answers = await scoring.desk.label(texts)
    scored = sum(isinstance(answer, Result) for answer, _ in answers)
    scoring.tally.http_texts(scored, len(answers) - scored)
    return answers


def _result(answer: Answer, style: ResultStyle) -> dict[str, Any]:
    if isinstance(answer, Result):
        return result_body(answer, style, time.time())
    return {"error": str(answer.reason), "message": answer.message}


def _json(body: dict[str, Any]) -> Response:
    return Response(to_json(body), media_type="application/json")
