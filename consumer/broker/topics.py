"""The stream's topics: what they should be, what they are, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kafka import errors as kafka_errors
from kafka.admin import ConfigResource, ConfigResourceType

from consumer.broker.connection import admin
from consumer.broker.refusals import named
from consumer.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from consumer.settings import Settings

CREATE_COMMAND = "python -m consumer topics"
DEFAULT_PARTITIONS = 6
_DAY_MS = 24 * 60 * 60 * 1000
# An input record has at most 1 MiB as brokers ship. Its 64 KiB of text may grow threefold when escaped, and
# its headers are copied: twice the input's limit always fits.
_SHIPPED_MESSAGE_BYTES = 1024 * 1024  # what brokers take unless told otherwise, less a few bytes of frame
_OUTPUT_MESSAGE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """One topic as the cluster has it."""

    name: str
    partitions: int
    replication_factor: int
    settings: Mapping[str, str] = field(default_factory=dict)  # empty where we may not read them
    operations: frozenset[str] | None = None  # what this user may do; None where the broker does not say

    def number(self, key: str) -> int | None:
        """A numeric setting such as ``retention.ms``."""
        value = self.settings.get(key)
        return None if value is None else int(value)


@dataclass(frozen=True, slots=True)
class Topics:
    """The three topics, and that of late labels where one was looked for and is there."""

    input: TopicFacts
    output: TopicFacts
    dead_letters: TopicFacts
    labels: TopicFacts | None = None

    def __iter__(self) -> Iterator[TopicFacts]:
        return iter((self.input, self.output, self.dead_letters, *((self.labels,) if self.labels else ())))

    @property
    def max_message_bytes(self) -> int:
        """The largest batch of records that both topics we write to take."""
        limits = (topic.number("max.message.bytes") for topic in (self.output, self.dead_letters))
        return min(limit or _SHIPPED_MESSAGE_BYTES for limit in limits)


def names(settings: Settings) -> tuple[str, str, str]:
    """Input, output, dead letters: those without which there is no stream."""
    return settings.kafka_input_topic, settings.kafka_output_topic, settings.kafka_dlq_topic


def needs(settings: Settings) -> dict[str, str]:
    """The right that is needed on each topic, that of labels too where it is set; each includes DESCRIBE."""
    stream = dict(zip(names(settings), ("READ", "WRITE", "WRITE"), strict=True))
    return stream | ({settings.kafka_labels_topic: "READ"} if settings.kafka_labels_topic else {})


def describe(settings: Settings) -> Topics:
    """The three topics, fit for use. That of labels is left alone: the stream does not wait for it.

    Raises:
        ConfigurationError: A topic is missing or has too few partitions, named with what to do; or the
            broker refuses us.
        BrokerGoneError: It cannot be reached.
    """
    with admin(settings, "reading the topics") as client:
        rights = needs(settings)
        return verified(settings, read(client, {name: rights[name] for name in names(settings)}))


def create(
    settings: Settings, partitions: int | None = None, replication_factor: int = 1
) -> tuple[Topics, list[str]]:
    """The topics, and the names of those that were missing and have been created.

    Without ``partitions`` new topics get as many as the input topic has, or 6. What is there stays as it is.

    Raises:
        ConfigurationError: As ``describe``; or ``partitions`` differs from what a topic has.
    """
    with admin(settings, "creating the topics") as client:
        wanted = list(needs(settings))
        found = read(client, wanted)
        for topic in found.values():
            parity = topic.name in names(settings)  # labels are joined by id, wherever they lie
            if parity and partitions is not None and topic.partitions != partitions:
                raise ConfigurationError(
                    f"topic {topic.name} has {topic.partitions} partitions, not {partitions}; it is left "
                    "as it is, since with another number keys would move to other partitions"
                )
        source = found.get(settings.kafka_input_topic)
        count = partitions or (source.partitions if source else DEFAULT_PARTITIONS)
        missing = [name for name in wanted if name not in found]
        if missing:
            _create(client, settings, missing, count, replication_factor)
        return verified(settings, read(client, wanted)), missing


def _create(client: Any, settings: Settings, missing: list[str], partitions: int, replicas: int) -> None:
    make(client, {name: sensible(settings, name, replicas) for name in missing}, partitions, replicas)


def make(client: Any, wanted: Mapping[str, Mapping[str, str]], partitions: int, replicas: int) -> None:
    """Create topics, each name with its settings, and wait until they can be used."""
    new = {
        name: {"num_partitions": partitions, "replication_factor": replicas, "configs": dict(configs)}
        for name, configs in wanted.items()
    }
    for topic in client.create_topics(new, raise_errors=False)["topics"]:
        error = kafka_errors.for_code(topic["error_code"])
        # Another replica's one-shot creator may have been quicker, which is as good.
        if error not in (kafka_errors.NoError, kafka_errors.TopicAlreadyExistsError):
            raise named(error(topic.get("error_message") or ""), f"creating topic {topic['name']}")
    client.wait_for_topics(list(new))


def sensible(settings: Settings, name: str, replicas: int) -> dict[str, str]:
    """A new topic's settings: kept long enough to be read again, large enough for what may be written."""
    is_input = name == settings.kafka_input_topic
    ours = (settings.kafka_output_topic, settings.kafka_dlq_topic)
    size = {"max.message.bytes": str(_OUTPUT_MESSAGE_BYTES)} if name in ours else {}
    return size | {
        "cleanup.policy": "delete",
        "retention.ms": str((7 if is_input else 30) * _DAY_MS),
        # One replica may be away while writing goes on, and no acknowledged record is on one disk alone.
        "min.insync.replicas": str(max(1, replicas - 1)),
        "message.timestamp.type": "CreateTime",  # a result keeps its record's timestamp
    }


def read(client: Any, wanted: Collection[str]) -> dict[str, TopicFacts]:
    """The topics among ``wanted`` that exist; a mapping tells the right that is needed on each, too."""
    described = []
    for topic in client.describe_topics(list(wanted)):
        error = kafka_errors.for_code(topic["error_code"])
        if error is kafka_errors.UnknownTopicOrPartitionError:
            continue
        if error is kafka_errors.TopicAuthorizationFailedError and isinstance(wanted, Mapping):
            raise ConfigurationError(missing_right(topic["name"], wanted[topic["name"]]))
        if error is not kafka_errors.NoError:
            raise named(error(), f"describing topic {topic['name']}")
        described.append(topic)
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic["name"]) for topic in described]
    answer = client.describe_configs(resources, config_filter="all") if resources else {}
    return {t["name"]: _facts(t, answer.get("topic", {}).get(t["name"], {})) for t in described}


def _facts(topic: Mapping[str, Any], configs: Mapping[str, Mapping[str, Any]]) -> TopicFacts:
    operations = topic.get("authorized_operations")
    return TopicFacts(
        name=topic["name"],
        partitions=len(topic["partitions"]),
        replication_factor=min(len(partition["replica_nodes"]) for partition in topic["partitions"]),
        settings={key: str(entry["value"]) for key, entry in configs.items() if entry["value"] is not None},
        operations=None if operations is None else frozenset(operations),
    )


def missing_right(topic: str, right: str) -> str:
    """The line that says so."""
    return f"the right {right} on topic {topic} is missing"


def verified(settings: Settings, found: Mapping[str, TopicFacts]) -> Topics:
    """The topics out of ``found``; raises ``ConfigurationError`` with all that stands in the stream's way."""
    missing = [name for name in names(settings) if name not in found]
    if missing:
        is_are = "topics are missing" if len(missing) > 1 else "topic is missing"
        raise ConfigurationError(
            f"{len(missing)} {is_are} ({', '.join(missing)}); `{CREATE_COMMAND}` creates what is missing"
        )
    source, output, dead_letters = (found[name] for name in names(settings))
    topics = Topics(source, output, dead_letters, found.get(settings.kafka_labels_topic or ""))
    short = [t for t in (topics.output, topics.dead_letters) if t.partitions < topics.input.partitions]
    if short:
        have = ", ".join(f"{topic.name} has {topic.partitions}" for topic in short)
        raise ConfigurationError(
            f"too few partitions: {have}, {topics.input.name} has {topics.input.partitions}; a result "
            "goes to its record's partition number, so add partitions there"
        )
    return topics


def missing_labels(settings: Settings, found: Topics) -> list[str]:
    """A line where a topic of labels is set and not there: the stream would run, and measure nothing."""
    name = settings.kafka_labels_topic
    if name is None or found.labels is not None:
        return []
    return [f"topic {name} (KAFKA_LABELS_TOPIC) is missing; `{CREATE_COMMAND}` creates it"]


def warnings(topics: Topics) -> list[str]:
    """What is unsafe in the topics' settings, one line each; nothing where they may not be read."""
    return [warning for topic in topics for warning in _unsafe(topic)] + list(_unfit(topics))


def _unsafe(topic: TopicFacts) -> Iterator[str]:
    replicas, in_sync = topic.replication_factor, topic.number("min.insync.replicas")
    if replicas == 1:
        yield f"topic {topic.name} has replication factor 1: with its broker's disk its records are lost"
    elif in_sync == 1:
        yield f"topic {topic.name} has min.insync.replicas=1: what one broker acknowledged alone can be lost"
    elif in_sync is not None and in_sync >= replicas:
        yield f"topic {topic.name} has min.insync.replicas={in_sync}: one broker away stops us"
    if topic.settings.get("unclean.leader.election.enable") == "true":
        yield f"topic {topic.name} has unclean.leader.election.enable=true: acknowledged records can be lost"
    if "compact" in topic.settings.get("cleanup.policy", ""):
        yield f"topic {topic.name} has cleanup.policy=compact: of each key only the last record stays"
    retention = topic.number("retention.ms")
    if retention is not None and 0 <= retention < _DAY_MS:
        yield f"topic {topic.name} has retention.ms={retention}: a consumer away for that long loses records"


def _unfit(topics: Topics) -> Iterator[str]:
    largest = topics.input.number("max.message.bytes")
    for topic in (topics.output, topics.dead_letters):
        limit = topic.number("max.message.bytes")
        if largest is not None and limit is not None and limit < largest:
            yield (
                f"topic {topic.name} has max.message.bytes={limit}, less than {topics.input.name} "
                f"({largest}): the largest records will not fit"
            )
    if topics.output.settings.get("message.timestamp.type") == "LogAppendTime":
        yield (
            f"topic {topics.output.name} has message.timestamp.type=LogAppendTime: the source record's "
            "timestamp is lost"
        )
