"""What the settings in force make of the contract: where topics are, and how their records look."""

from __future__ import annotations

from dataclasses import dataclass

from consumer.parse import TWITTERS, InputFormat, Places


@dataclass(frozen=True, slots=True)
class Terms:
    """The defaults are those of the settings."""

    servers: tuple[str, ...] = ("localhost:9092",)
    protocol: str = "PLAINTEXT"
    mechanism: str | None = None
    group: str = "sentiment-consumer"
    input_topic: str = "tweets"
    output_topic: str = "tweets.sentiment"
    dlq_topic: str = "tweets.dlq"
    input_format: InputFormat = "json"
    places: Places = TWITTERS
