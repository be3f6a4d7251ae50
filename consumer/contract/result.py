"""A result, as readers get it. Within a schema version fields are only added: ignore what you don't know."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from consumer.contract.tweet import Absent
from consumer.records import Label

Ratio = Annotated[float, Field(ge=0, le=1)]


class Model(BaseModel):
    """Who labelled it."""

    name: str = Field(examples=["distilbert-mini"])
    version: str = Field(examples=["1.1.1"])


class Source(BaseModel):
    """The tweet's record. Its topic, partition and offset identify the result for ever."""

    topic: str = Field(examples=["tweets"])
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    timestamp: datetime = Field(description="The record's own, in UTC.")


class Result(BaseModel):
    """A labelled tweet. Key, partition and timestamp are those of its record; absent fields are left out."""

    schema_version: Literal[1] = Field(description="Raised where a field goes or means something else.")
    id: str = Field(description="The tweet's id.", examples=["1029"])
    author_id: str | Absent = Field(None, description="The author's id, where the tweet told it.")
    created_at: datetime | Absent = Field(
        None, description="When it was written, in UTC, where the tweet told it."
    )
    lang: str | Absent = Field(None, description="Its language, where the tweet told it.")
    text: str | Absent = Field(None, description="The text as it came; not with OUTPUT_INCLUDE_TEXT=false.")
    label: Label = Field(description="neutral comes only where NEUTRAL_BAND is set.")
    probability: Ratio = Field(description="Calibrated P(positive), six digits.")
    confidence: Ratio = Field(description="The probability of the label given; for neutral max(p, 1 - p).")
    threshold: Ratio = Field(description="Positive from this probability on, judged before rounding.")
    truncated: bool = Field(description="Whether the text was longer than the model reads.")
    model: Model
    scored_at: datetime = Field(description="In UTC.")
    source: Source
