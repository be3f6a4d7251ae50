"""``python -m consumer schema``: the contract of the topics, for programs: AsyncAPI 3 or JSON Schema."""

from __future__ import annotations

import argparse

from consumer.assembly import places
from consumer.contract.asyncapi import document
from consumer.contract.schemas import NAMES, schema, written
from consumer.contract.terms import Terms
from consumer.settings import Settings, load

SUMMARY = "print the contract of the topics: an AsyncAPI 3 document, or one JSON Schema"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that are not settings."""
    parser.add_argument("--json", action="store_true", help="so it is anyhow: one JSON object")
    parser.add_argument(
        "--json-schema",
        choices=NAMES,
        metavar="PART",
        help=f"print the JSON Schema of this part alone: {', '.join(NAMES)}",
    )


def run(args: argparse.Namespace) -> int:
    """Print it, with the topics and shapes of the settings in force; always JSON."""
    agreed = terms(load(args))
    print(written(schema(args.json_schema, agreed) if args.json_schema else document(agreed)), end="")
    return 0


def terms(settings: Settings) -> Terms:
    """What the settings in force make of the contract."""
    return Terms(
        servers=tuple(settings.kafka_bootstrap_servers.split(",")),
        protocol=settings.kafka_security_protocol,
        mechanism=settings.kafka_sasl_mechanism,
        group=settings.kafka_consumer_group,
        input_topic=settings.kafka_input_topic,
        output_topic=settings.kafka_output_topic,
        dlq_topic=settings.kafka_dlq_topic,
        input_format=settings.input_format,
        places=places(settings),
    )
