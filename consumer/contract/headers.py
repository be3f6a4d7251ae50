"""What stands in the headers of results and dead letters; values are UTF-8 text."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from consumer.cloudevent import DATA_SCHEMA, EVENT_TYPE, SPEC_VERSION
from consumer.contract.tweet import Absent
from consumer.encode import ERROR_PREFIX
from consumer.records import Reason, Stage

_ONLY_EVENTS = "With OUTPUT_CLOUDEVENTS_SOURCE alone."


class ResultHeaders(BaseModel):
    """Of a result, after those of the tweet's record. Of a name that is there twice the last counts."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    content_type: Literal["application/json"]
    sentiment_schema_version: str = Field(description="The schema_version of the value.", examples=["1"])
    sentiment_model_version: str = Field(examples=["1.1.1"])
    ce_specversion: str | Absent = Field(
        None, alias="ce_specversion", description=_ONLY_EVENTS, examples=[SPEC_VERSION]
    )
    ce_id: str | Absent = Field(
        None,
        alias="ce_id",
        description=f"The position of the tweet's record. {_ONLY_EVENTS}",
        examples=["tweets-1-42"],
    )
    ce_source: str | Absent = Field(None, alias="ce_source", description=_ONLY_EVENTS)
    ce_type: str | Absent = Field(None, alias="ce_type", description=_ONLY_EVENTS, examples=[EVENT_TYPE])
    ce_time: datetime | Absent = Field(None, alias="ce_time", description=f"As scored_at. {_ONLY_EVENTS}")
    ce_dataschema: str | Absent = Field(
        None, alias="ce_dataschema", description=_ONLY_EVENTS, examples=[DATA_SCHEMA]
    )


class DeadLetterHeaders(BaseModel):
    """Of a dead letter, after those of the record. Of a name that is there twice the last counts."""

    model_config = ConfigDict(alias_generator=lambda name: ERROR_PREFIX + name.replace("_", "."))

    topic: str = Field(description="Where the record came from.", examples=["tweets"])
    partition: str = Field(description="Its partition there.", pattern="^[0-9]+$")
    offset: str = Field(description="Its offset there.", pattern="^[0-9]+$")
    stage: Stage = Field(description="The step that rejected it.")
    reason: Reason = Field(description="Why; a closed list.")
    exception_class_name: str = Field(description="The exception behind it; empty where there was none.")
    exception_message: str = Field(description="In words; never with what the record holds.")
    attempt: str = Field(
        description="How often it was dead-lettered, this time included.", pattern="^[0-9]+$"
    )
    timestamp: datetime = Field(description="When, in UTC.")
    consumer_group: str
    model_version: str
