"""What follows from the chart's ``values.yaml``: the table of its values, and the schema Helm holds them to.

The file is read line by line, since it is written for that: a comment above each value, lists and maps
that are no groups on one line. A test holds this reading against a YAML reader's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consumer.settings import Settings, flags

CHART = Path(__file__).parents[1] / "deploy" / "helm" / "tweet-sentiment"
VALUES = CHART / "values.yaml"
SCHEMA = CHART / "values.schema.json"
_LINE = re.compile(r"( *)(?:# (.*)|(\w+):(?: (.+))?)$")
_KINDS = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
_ONE_OF = {
    "image.pullPolicy": ["IfNotPresent", "Always", "Never"],
    "kafka.securityProtocol": ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
    "kafka.sasl.mechanism": ["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
}
_ADDRESS = r"^(https?://[^\s'\"]+)?$"
_SHAPES = {
    "image.repository": r"^[a-z0-9][\w.:/-]*$",
    "image.tag": r"^[\w.-]{0,128}$",
    "image.digest": r"^(sha256:[0-9a-f]{64})?$",
    "state.size": r"^[0-9]+(\.[0-9]+)?([kMGTPE]|[KMGTPE]i)?$",
    "monitoring.job": r"^[\w.:-]+$",
    "monitoring.prometheus.externalUrl": _ADDRESS,
    "monitoring.rules.runbooks": _ADDRESS,
    "monitoring.serviceMonitor.interval": r"^([0-9]+(ms|[smhd]))+$",
    "monitoring.dashboard.label": r"^[a-zA-Z0-9]([\w./-]*[a-zA-Z0-9])?$",
    **dict.fromkeys(
        ("kafka.topics.input", "kafka.topics.output", "kafka.topics.deadLetters"), r"^[a-zA-Z0-9._-]{1,249}$"
    ),
}
_LEAST = {
    "kafka.partitions": 1,
    "kafka.topics.replicationFactor": 1,
    "autoscaling.maxReplicas": 1,
    "autoscaling.lagThreshold": 1,
}
# Names and texts that are handed on as they are: what looks like a number is refused, and not applied as one.
_TEXTS = frozenset(
    {
        *("podLabels", "podAnnotations", "nodeSelector"),
        *("monitoring.serviceMonitor.labels", "monitoring.rules.labels"),
    }
)
# Settings that the chart itself gives to the pods, from values of their own or from a Secret; and an
# identity in transactions, which replicas may not share: each makes its own out of its pod's name.
GIVEN = frozenset(
    {
        *("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_CONSUMER_GROUP", "KAFKA_GROUP_INSTANCE_ID"),
        *("KAFKA_SESSION_TIMEOUT_MS", "KAFKA_TRANSACTIONAL_ID"),
        *("KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC", "KAFKA_DLQ_TOPIC"),
        *("KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME"),
        *("KAFKA_SASL_PASSWORD", "KAFKA_SASL_PASSWORD_FILE"),
        *("KAFKA_SSL_CAFILE", "KAFKA_SSL_CERTFILE", "KAFKA_SSL_KEYFILE"),
        *("HTTP_HOST", "HTTP_PORT", "STATE_DIR", "LOG_FORMAT"),
    }
)


@dataclass(frozen=True, slots=True)
class Value:
    """One value that can be set: its path, what it is when nobody sets it, and its meaning."""

    path: tuple[str, ...]
    default: Any
    meaning: str

    @property
    def name(self) -> str:
        """As ``--set`` takes it."""
        return ".".join(self.path)


def values(text: str) -> Iterator[Value]:
    r"""Every value of the file, in its order.

    >>> [(value.name, value.default) for value in values("# How many.\na: 1\nb:\n  c: true\n")]
    [('a', 1), ('b.c', True)]

    Raises:
        ValueError: A line that is written otherwise.
    """
    trail: list[str] = []
    comment: list[str] = []  # stands for every value until the next one
    complete = True
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.match(line)
        if not line.strip():
            complete = True
            continue
        if not match:
            raise ValueError(f"values.yaml, line {number}: not a comment, a group or a value on one line")
        indent, said, key, default = match.groups()
        if said is not None:
            comment = [said] if complete else [*comment, said]
            complete = False
            continue
        complete = True
        trail = [*trail[: len(indent) // 2], key]
        if default is not None:
            yield Value(tuple(trail), _read(default), " ".join(comment))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def table() -> str:
    """The values as a Markdown page."""
    rows = [
        f"| `{value.name}` | `{json.dumps(value.default)}` | {value.meaning} |"
        for value in values(VALUES.read_text("utf-8"))
    ]
    return "\n".join([*_HEAD, *rows]) + "\n"


_HEAD = (
    "# Values of the chart",
    "",
    "Written from the chart's `values.yaml` by `make docs`; edit there. Their use: [deploy.md](deploy.md).",
    "",
    "| Value | Default | Meaning |",
    "|---|---|---|",
)


def schema() -> str:
    """``values.schema.json``: a name that is misspelt, here or among the settings, is refused by Helm."""
    root = _group()
    for value in values(VALUES.read_text("utf-8")):
        place = root
        for name in value.path[:-1]:
            place = place["properties"].setdefault(name, _group())
        place["properties"][value.path[-1]] = _one(value)
    root["properties"]["global"] = {"type": "object"}  # Helm's own, for a chart that includes this one
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of tweet-sentiment"}
    return json.dumps({**head, **root}, indent=2) + "\n"


def _group() -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": {}}


def _one(value: Value) -> dict[str, Any]:
    described: dict[str, Any] = {"description": value.meaning, "type": _KINDS[type(value.default)]}
    if value.name == "settings":
        return {**described, **_settings()}
    if value.name in _ONE_OF:
        described["enum"] = _ONE_OF[value.name]
    if value.name in _SHAPES:
        described["pattern"] = _SHAPES[value.name]
    if value.name in _TEXTS:
        described["additionalProperties"] = {"type": "string"}
    if described["type"] == "integer":
        described["minimum"] = _LEAST.get(value.name, 0)
    return described


def _settings() -> dict[str, Any]:
    """Settings by name, those left out that the chart gives itself and those that are secret."""
    fields = Settings.model_fields.items()
    names: Sequence[str] = [flags.variable(name) for name, field in fields if not flags.is_secret(field)]
    kind = {"type": ["string", "number", "boolean"]}
    return {
        "additionalProperties": False,
        "properties": dict.fromkeys(sorted(set(names) - GIVEN), kind),
    }
