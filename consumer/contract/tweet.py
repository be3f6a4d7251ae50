"""What a publisher should send. The consumer forgives more: only faults of id and text are a dead letter."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictInt, StringConstraints
from pydantic.json_schema import SkipJsonSchema

Filled = Annotated[str, StringConstraints(pattern=r"\S")]
Identity = Filled | StrictInt
Absent = SkipJsonSchema[None]  # may be left out, may not be null
_LENIENT = "Of another type, or null, it is left out of the result."


class User(BaseModel):
    """Twitter's v1.1 way to name the author."""

    id_str: Filled | None = Field(None, description="The author's id.")
    id: Identity | None = Field(None, description="The author's id, where id_str is not there.")


class ExtendedTweet(BaseModel):
    """Twitter's v1.1 streaming way to hold a long text."""

    full_text: str = Field(description="The whole text.")


def _one_of_each(schema: dict[str, JsonValue]) -> None:
    """An id and a text must be there, by any of their names."""
    schema["allOf"] = [
        {"anyOf": [{"required": ["id_str"]}, {"required": ["id"]}]},
        {"anyOf": [{"required": ["full_text"]}, {"required": ["extended_tweet"]}, {"required": ["text"]}]},
    ]


class Tweet(BaseModel):
    """A tweet: an id and a text, and what else is known. Other fields are ignored."""

    model_config = ConfigDict(json_schema_extra=_one_of_each)

    id_str: Identity | Absent = Field(None, description="The tweet's id; goes before id.")
    id: Identity | Absent = Field(None, description="The tweet's id. Beyond 2^53 a string keeps every digit.")
    full_text: str | Absent = Field(None, description="The text, whole; goes before the other two.")
    extended_tweet: ExtendedTweet | Absent = Field(None, description="The text, whole; goes before text.")
    text: str | Absent = Field(None, description="The text.", examples=["What a lovely morning"])
    author_id: Identity | None = Field(None, description=f"The author's id. {_LENIENT}")
    user: User | None = Field(None, description="The author, where author_id is not there.")
    created_at: str | None = Field(
        None,
        description=f"ISO 8601, or Twitter's own form. {_LENIENT}",
        examples=["2026-11-22T10:00:00Z", "Wed Oct 10 20:19:24 +0000 2018"],
    )
    lang: str | None = Field(None, description=f"A language code. {_LENIENT}", examples=["en"])


_OWN_NAMES: list[JsonValue] = ["id", "id_str", "text", "full_text"]


class Envelope(BaseModel):
    """Twitter's v2 envelope, taken off where no id and no text stand beside data."""

    model_config = ConfigDict(
        json_schema_extra={"not": {"anyOf": [{"required": [name]} for name in _OWN_NAMES]}}
    )

    data: Tweet
