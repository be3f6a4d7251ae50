"""Tweets to publish: the ones that ship with the package, written for it and labelled by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Tweet:
    """A text and what is known of it."""

    text: str
    label: str | None = None  # positive or negative, None where nobody said
    lang: str = "en"
    id: str | None = None  # None: one is made
    author_id: str | None = None  # None: one is drawn


def load_tweets() -> tuple[Tweet, ...]:
    """Every tweet that ships, in file order.

    Their numbers in the file are not ids on the topic: a stream shows each of them many times.
    """
    return _load("tweets.jsonl")


@cache
def load_topic() -> tuple[Tweet, ...]:
    """Tweets about money and markets, which the others never speak of; as many of either label."""
    return _load("topic.jsonl")


def _load(name: str) -> tuple[Tweet, ...]:
    lines = files("producer_sim").joinpath(name).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return tuple(Tweet(text=row["text"], label=row["label"], lang=row.get("lang", "en")) for row in rows)
