"""What is asked and answered, as types: the OpenAPI document follows from them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from consumer.http.scoring.request import MAX_BODY_BYTES
from consumer.records import Label, Reason

Responses = dict[int | str, dict[str, Any]]  # as FastAPI has them
_EXAMPLE = "What a lovely morning"


class ModelName(BaseModel):
    """The model that judged."""

    name: str
    version: str


class Prediction(BaseModel):
    """A labelled text, with the fields of a result on the topic but for its source."""

    schema_version: int
    id: str = Field(description="The text's place in the request, from 0.")
    text: str = Field("", description="As it came; not there with OUTPUT_INCLUDE_TEXT=false.")
    label: Label
    probability: float = Field(ge=0, le=1, description="Calibrated probability that it is positive.")
    confidence: float = Field(ge=0, le=1, description="Probability of the label given.")
    threshold: float = Field(ge=0, le=1, description="Positive from this probability on.")
    truncated: bool = Field(description="Whether it was longer than the model reads.")
    model: ModelName
    scored_at: str = Field(description="ISO 8601, UTC.")


class Failure(BaseModel):
    """What is wrong with one text, in its place."""

    error: Reason
    message: str


class Predictions(BaseModel):
    """One for each text, in order."""

    results: list[Prediction | Failure]


class Sentiment(BaseModel):
    """The label of one text, and its probability."""

    sentiment: Label
    confidence: float = Field(ge=0, le=1)


class Refused(BaseModel):
    """Why there are no results."""

    error: str = Field(description="A stable word for programs.")
    message: str = Field(description="For people; it names the field where one is wrong.")
    field: str = Field("", description="The field that is wrong, such as texts[3]; or body.")


def refusals(*also: int) -> Responses:
    """What is documented of the answers that are no results."""
    meanings = {
        413: f"The body has more than {MAX_BODY_BYTES} bytes, or holds more than may be asked at once.",
        415: "The content type is not application/json.",
        422: "A field is missing or wrong; it is named.",
        429: "As many texts as may wait are waiting, or too much of requests is in memory; "
        "come again after Retry-After seconds.",
        500: "The scorer failed on this text.",
        503: "The model is not warm yet, or the text could not be scored in time.",
    }
    wanted = [status for status in meanings if status != 500 or status in also]  # noqa: PLR2004 - the status
    retry = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return {
        status: {"model": Refused, "description": meanings[status]}
        | ({"headers": retry} if status in (429, 503) else {})
        for status in wanted
    }


def predict_body(most: int) -> dict[str, Any]:
    """What ``/predict`` takes."""
    texts = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": most}
    return _body("texts", texts | {"description": "Texts as people wrote them."}, [_EXAMPLE])


def tweet_body() -> dict[str, Any]:
    """What ``/tweet`` takes."""
    return _body("text", {"type": "string", "description": "A text as somebody wrote it."}, _EXAMPLE)


def _body(name: str, schema: dict[str, Any], example: object) -> dict[str, Any]:
    schema = {"type": "object", "required": [name], "properties": {name: schema}}
    content = {"application/json": {"schema": schema, "example": {name: example}}}
    return {"requestBody": {"required": True, "content": content}}
