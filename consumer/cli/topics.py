"""``python -m consumer topics``: the stream's topics, created where they are missing."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from consumer.broker import topics
from consumer.settings import load

if TYPE_CHECKING:
    from consumer.broker.topics import TopicFacts

SUMMARY = "create the topics where they are missing, and verify that they fit together"
_SHOWN = ("retention.ms", "max.message.bytes", "min.insync.replicas")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that are not settings."""
    parser.add_argument(
        "--partitions",
        type=count,
        metavar="N",
        help="partitions of new topics, that is replicas of the consumer that can share the work; as many as "
        f"the input topic has, or {topics.DEFAULT_PARTITIONS}. Choose for the years: more later moves keys",
    )
    parser.add_argument(
        "--replication-factor",
        type=count,
        default=1,
        metavar="N",
        help="brokers that keep each record [1: works with a single broker; 3 is right for a cluster of "
        "three or more, and lets one fail]",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Create, verify, tell."""
    found, created = topics.create(load(args), args.partitions, args.replication_factor)
    warnings = topics.warnings(found)
    if args.json:
        body = {"topics": [_as_json(topic, created) for topic in found], "warnings": warnings}
        print(json.dumps(body, indent=2))
        return 0
    for topic in found:
        print(_line(topic, created))
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def _line(topic: TopicFacts, created: list[str]) -> str:
    done = "created" if topic.name in created else "exists"
    details = ", ".join(f"{key}={topic.settings[key]}" for key in _SHOWN if key in topic.settings)
    return (
        f"{topic.name}: {done}, {topic.partitions} partitions, replication factor {topic.replication_factor}"
        + (f", {details}" if details else "")
    )


def _as_json(topic: TopicFacts, created: list[str]) -> dict[str, object]:
    facts = {key: value for key, value in asdict(topic).items() if key not in ("settings", "operations")}
    settings = {key: topic.settings[key] for key in _SHOWN if key in topic.settings}
    return {**facts, "created": topic.name in created, "settings": settings}


def count(text: str) -> int:
    """A whole number from 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1 is wanted")
    return value
