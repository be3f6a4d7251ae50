"""The settings, and the only reader of the environment: each a variable and a flag, its help the manual."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import AliasChoices, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from consumer.errors import ConfigurationError
from consumer.settings import agreement, flags
from consumer.settings.values import (
    Band,
    Delivery,
    Endpoint,
    EventSource,
    InputFormat,
    Languages,
    Level,
    LogFormat,
    Mechanism,
    ModelPath,
    Name,
    Origins,
    Pointer,
    Protocol,
    Readable,
    ResetPolicy,
    ScorerKind,
    Secret,
    SecretFile,
    Servers,
    Topic,
    TracingKind,
)

_FIRST_WORDS = (
    "KAFKA_",
    "MAX_BATCH",
    "MODEL_",
    "SCORER",
    "OUTPUT_",
    "INPUT_",
    "SAMPLE_",
    "BROKER_",
    "DLQ_",
    "DRIFT_",
    "LABELS_",
)
_CLOSE = 0.85  # likeness of two names from which one is taken for a misspelling of the other


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        populate_by_name=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )

    kafka_bootstrap_servers: Servers = Field(
        "localhost:9092",
        description="Where to find the brokers: host:port, several separated by commas. Name two or three"
        " of a cluster, so that one may be down at the start.",
    )
    kafka_consumer_group: Name = Field(
        "sentiment-consumer",
        description="The group whose replicas share the input's partitions and whose committed positions "
        "say what is done. A new name reads the input from KAFKA_AUTO_OFFSET_RESET again.",
    )
    kafka_input_topic: Topic = Field("tweets", description="The topic tweets are read from.")
    kafka_output_topic: Topic = Field(
        "tweets.sentiment",
        description="The topic results go to; with at least as many partitions as the input, since a "
        "result keeps its record's partition number.",
    )
    kafka_dlq_topic: Topic = Field(
        "tweets.dlq",
        description="The topic records that cannot be labelled go to; as many partitions as the input.",
    )
    kafka_dlq_replayed_topic: Topic | None = Field(
        None,
        description="The compacted topic in which `dlq replay` records what it has put back, so that nothing "
        "is put back twice; created when missing. Unset: KAFKA_DLQ_TOPIC with .replayed at its end.",
    )
    kafka_labels_topic: Topic | None = Field(
        None,
        description='The topic of true labels that come later, as {"id", "label"}, such as tweets.labels: '
        "the accuracy is measured by them. Every replica reads all of it. Unset: it is not measured.",
    )
    kafka_group_instance_id: Name | None = Field(
        None,
        description="A name of this replica that is stable over restarts and unique in the group, for "
        "static membership: a restart within the session timeout moves no partition. Unset: a"
        " dynamic member, which leaves at once when it stops.",
    )
    kafka_transactional_id: Name | None = Field(
        None,
        description="The replica's identity in transactions: unique among live replicas, the same after a"
        " restart. Unset: made of the group, the host's name and a slot number held by a lock"
        " in STATE_DIR. Set it where STATE_DIR or the host's name does not outlive a restart.",
    )
    kafka_auto_offset_reset: ResetPolicy = Field(
        "earliest",
        description="Where a group without a committed position starts: earliest labels what the topic "
        "still holds, latest only what comes from now on.",
    )
    kafka_session_timeout_ms: int = Field(
        10_000,
        ge=1_000,
        le=1_800_000,
        description="Milliseconds without a heartbeat after which a replica counts as dead and its "
        "partitions move. Lower finds the dead sooner, higher forgives longer pauses; the "
        "broker bounds it (6 s to 30 min as it ships). The transaction timeout is the same.",
    )
    kafka_security_protocol: Protocol = Field(
        "PLAINTEXT",
        description="PLAINTEXT, SSL (encrypted), SASL_PLAINTEXT (a password, in clear) or SASL_SSL (both).",
    )
    kafka_sasl_mechanism: Mechanism | None = Field(
        None, description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, with SASL_PLAINTEXT or SASL_SSL."
    )
    kafka_sasl_username: Name | None = Field(None, description="The user's name for SASL.")
    kafka_sasl_password: Secret | None = Field(
        None,
        description="The password for SASL. A flag is visible to all users of the machine: prefer the file.",
    )
    kafka_sasl_password_file: SecretFile | None = Field(
        None,
        description="A file that holds the password for SASL; a line feed at its end is left out. "
        "KAFKA_SASL_PASSWORD goes before it.",
    )
    kafka_ssl_cafile: Readable | None = Field(
        None,
        description="The certificates (PEM) of who may vouch for the brokers. Unset: those the system "
        "trusts.",
    )
    kafka_ssl_certfile: Readable | None = Field(
        None, description="This client's certificate (PEM), where the brokers ask for one."
    )
    kafka_ssl_keyfile: Readable | None = Field(
        None,
        description="The private key (PEM, not encrypted) of KAFKA_SSL_CERTFILE, if it is in a file of "
        "its own.",
    )

    delivery: Delivery = Field(
        "exactly_once",
        description="exactly_once: results and position in one transaction, readers with read_committed "
        "see each result once. at_least_once: no transactions; after a failure some results "
        "are published again.",
    )
    model_path: ModelPath = Field(
        Path("Models/CURRENT"),
        description="The model's folder, or a file of one line that names the folder beside it; or "
        "hub:org/name@revision (a commit's hash or a tag, no branch), fetched from the Hugging Face Hub into "
        "STATE_DIR before the start, once. Needs the extra: hub.",
    )
    model_reload_seconds: float = Field(
        5,
        ge=0,
        le=86_400,
        description="Seconds between two looks at whether MODEL_PATH, where it is a file that names a folder,"
        " names another model by now. That one is loaded and verified beside the one in use, and takes its "
        "place between two batches. 0: only a restart takes another model.",
    )
    hf_token: Secret | None = Field(
        None,
        description="The token for a MODEL_PATH=hub:… that is not public. A flag is visible to all users of "
        "the machine: prefer the file.",
    )
    hf_token_file: SecretFile | None = Field(
        None,
        description="A file that holds that token; a line feed at its end is left out. HF_TOKEN goes before "
        "it.",
    )
    hf_endpoint: Endpoint | None = Field(
        None, description="The address of a hub of your own, for MODEL_PATH=hub:…. Unset: the public one."
    )
    scorer: ScorerKind = Field(
        "openvino",
        description="What computes the scores: openvino (int8, fast) or tensorflow (float32, the "
        "reference; needs the extra of that name installed).",
    )
    scorer_streams: int = Field(
        0,
        ge=0,
        le=256,
        description="Chunks scored at the same time, by openvino; 0: one a core this process may use. One"
        " a core is fastest; fewer leave cores to others.",
    )
    scorer_chunk_tokens: int = Field(
        512,
        ge=16,
        le=65_536,
        description="Padded tokens (rows times the longest) in one call of the model. Chunks much above "
        "512 fall out of a core's cache; a text longer than this is scored alone.",
    )
    scorer_timeout_seconds: float = Field(
        120,
        gt=0,
        le=86_400,
        description="Seconds one call of the scorer may take. Past them it counts as hung: every thread's "
        "stack is written to standard error and the consumer ends with 1, for its supervisor to restart it.",
    )
    max_batch_messages: int = Field(
        512,
        ge=1,
        le=100_000,
        description="Records in a micro-batch at most, that is in a transaction. More spread the commit's"
        " cost (8 to 25 ms, as measured) wider; after a crash the open batch is scored again.",
    )
    max_batch_tokens: int = Field(
        16_384,
        ge=16,
        le=10_000_000,
        description="Tokens in a micro-batch at most: bounds its scoring time and memory where texts are "
        "long.",
    )
    max_batch_wait_ms: int = Field(
        10,
        ge=0,
        le=60_000,
        description="Milliseconds a started micro-batch waits for more records, when no backlog is there."
        " Higher gives fewer, fuller transactions, lower an earlier result.",
    )
    threshold: float | None = Field(
        None,
        ge=0,
        le=1,
        description="P(positive) from which a tweet is positive, 0 to 1. Unset: the model's own, chosen "
        "when it was calibrated. Higher gives fewer, surer positives.",
    )
    neutral_band: Band = Field(
        None,
        description="off, or two probabilities such as 0.4,0.6 between which the label is neutral; must "
        "contain the threshold.",
    )
    languages: Languages = Field(
        frozenset(),
        description="off, or language codes such as en,und: tweets that say they are in another are skipped.",
    )
    input_format: InputFormat = Field(
        "json",
        description="json: tweets as objects. text: each record is a bare line of text, its id is topic-"
        "partition-offset.",
    )
    input_text_pointer: Pointer | None = Field(
        None,
        description="Where the text stands in records that do not look like Twitter's: a JSON Pointer "
        "(RFC 6901) from the top of the object, such as /payload/body. Unset: full_text or text.",
    )
    input_id_pointer: Pointer | None = Field(
        None,
        description="Where the id stands in such records, such as /meta/uuid; a string or an integer. Unset: "
        "id_str or id.",
    )
    output_include_text: bool = Field(
        True, description="Whether results carry the tweet's text; false makes them small and anonymous."
    )
    output_cloudevents_source: EventSource | None = Field(
        None,
        description="Makes each result a CloudEvent, by headers (ce_id, ce_source and so on) beside the same "
        "value: a URI that names this stream, or a path such as /sentiment/production. Unset: none.",
    )
    dlq_breaker_ratio: float = Field(
        0.5,
        ge=0,
        le=1,
        description="The share of dead letters, 0 to 1, at which the consumer pauses rather than emptying "
        "the input into the dead-letter topic; 0: never. Well above an ordinary day's.",
    )
    dlq_breaker_window: int = Field(
        1_000,
        ge=1,
        le=1_000_000,
        description="Records over which that share is taken: the last so many that this replica committed.",
    )
    dlq_breaker_min: int = Field(
        200,
        ge=1,
        le=1_000_000,
        description="Records that must have been seen before the share counts for anything. So many dead "
        "letters, and a batch, may be written before the first pause.",
    )
    dlq_breaker_pause_seconds: float = Field(
        30,
        gt=0,
        le=86_400,
        description="Seconds of the first pause; then 20 records are tried, and where those are no better "
        "the next pause is twice as long, up to 10 minutes (or this, where it is more).",
    )
    drift_window_tweets: int = Field(
        5_000,
        ge=500,
        le=10_000_000,
        description="Tweets in the rolling window that is compared with the model's reference. More see a "
        "smaller shift, fewer see a large one sooner; a fifth of them come between two judgements.",
    )
    drift_window_seconds: float = Field(
        3_600,
        ge=10,
        le=2_592_000,
        description="Seconds the drift window reaches back, where tweets are few. It lets go of a fifth at "
        "a time, when the last tweet in it is so old; the first may be a fifth older.",
    )
    drift_window_min: int = Field(
        1_000,
        ge=100,
        le=10_000_000,
        description="Tweets the window must hold before anything is said of drift or expected accuracy.",
    )
    drift_false_alarm_ratio: float = Field(
        0.01,
        gt=0,
        lt=1,
        description="The share of windows, 0 to 1, in which drift is told where there is none: for all "
        "signals together, at most. The critical values follow from it and from the sizes of window and "
        "reference.",
    )
    drift_smallest_psi: float = Field(
        0.05,
        ge=0,
        le=10,
        description="The smallest shift that matters, as population stability index: below it there is no "
        "alarm, however sure it is. 0.05 is about a positive share of .61 where .50 was.",
    )
    labels_window_tweets: int = Field(
        100_000,
        ge=100,
        le=10_000_000,
        description="Results that wait for their label at most, about 300 bytes each, and labels for their "
        "result; with KAFKA_LABELS_TOPIC.",
    )
    labels_window_seconds: float = Field(
        86_400,
        ge=10,
        le=2_592_000,
        description="Seconds that either waits at most, and that the measured accuracy reaches back.",
    )
    drift_languages: Languages = Field(
        frozenset({"en", "und", "qam", "qct", "qht", "qme", "qst", "zxx"}),
        description="The languages that are usual for the model, and the codes of tweets without words; one "
        "that says nothing is usual, too. The share of others is watched for drift; off: it is not.",
    )
    http_host: Name = Field(
        "0.0.0.0",  # noqa: S104 - probes and scrapers come from outside the container; the manual says so
        description="The address HTTP is served on; 127.0.0.1 for this machine alone.",
    )
    http_port: int = Field(
        8080,
        validation_alias=AliasChoices("http_port", "port"),
        ge=0,
        le=65_535,
        description="The port of health, metrics and scoring; 0: none. Where it is unset, PORT counts.",
    )
    http_queue_texts: int = Field(
        256,
        ge=0,
        le=100_000,
        description="Texts of HTTP requests that may wait at a time; who comes when they are as many is "
        "answered 429. More wait longer, 8 seconds at most; 0: nothing is scored over HTTP.",
    )
    http_max_texts: int = Field(
        64,
        ge=1,
        le=10_000,
        description="Texts in one HTTP request at most; more are answered 413.",
    )
    http_turn_tokens: int = Field(
        1_024,
        ge=16,
        le=1_000_000,
        description="Tokens of HTTP texts that are scored between two of the stream's batches. Under a full "
        "backlog HTTP takes this share of this and MAX_BATCH_TOKENS; about 512 a core is fastest.",
    )
    http_cors_origins: Origins = Field(
        frozenset(),
        description="off, or the origins whose pages may ask in a browser, such as "
        "https://app.example.com,https://example.com; * for all.",
    )
    page_show_text: bool = Field(
        False,
        description="Whether the page at / shows the texts of the last few tweets to whoever can open it; "
        "false shows numbers alone.",
    )
    broker_timeout_seconds: float = Field(
        120,
        gt=0,
        le=86_400,
        description="Seconds the broker may be away, or a transaction's call stuck, before the consumer "
        "ends with 4 for its supervisor to restart it.",
    )
    state_dir: Path = Field(
        Path(".state"),
        description="The only folder written to: identity locks, what is being scored, compile cache, drift "
        "state, sample log. Put it on a disk that outlives a restart.",
    )
    log_level: Level = Field(
        "INFO", description="The least severe event logged: DEBUG, INFO, WARNING, ERROR."
    )
    log_format: LogFormat = Field(
        "text", description="text for people, json (an object a line) for a log store."
    )
    tracing: TracingKind = Field(
        "off",
        description="off, or otlp: a span of OpenTelemetry for every micro-batch, its stages below it, "
        "linked to its messages' traceparent; sent by OTLP over HTTP to where the OTEL_* variables say "
        "(OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, …). Needs the extra: tracing.",
    )
    sample_log_ratio: float = Field(
        0,
        ge=0,
        le=1,
        description="The share of tweets, 0 to 1, whose anonymised text goes to the sample log, "
        "STATE_DIR/samples: unsure ones more often. At most five files of 10 MB a replica; 0: none.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, values: dict[str, Any]) -> dict[str, Any]:
        found = dict(values)
        for name in ("kafka_sasl_password", "hf_token"):
            path = values.get(f"{name}_file")
            if path and values.get(name) is None:
                # What is wrong with a file is said by its own validator.
                with contextlib.suppress(OSError, UnicodeDecodeError):
                    found[name] = Path(path).read_text("utf-8").rstrip("\r\n") or None
        return found

    @model_validator(mode="after")
    def _agree(self) -> Self:
        given = dict(self)
        if faults := [*agreement.security(given), *agreement.others(given)]:
            raise ValueError("\n".join(faults))
        return self

    @property
    def transaction_timeout_ms(self) -> int:
        """Milliseconds, not above the session timeout: a dead replica's transaction is then over time, too.

        The broker aborts it in its next sweep, up to 10 s later as it is shipped
        (``transaction.abort.timed.out.transaction.cleanup.interval.ms``).
        """
        return self.kafka_session_timeout_ms

    @property
    def replayed_topic(self) -> str:
        """The ledger of ``dlq replay``."""
        return self.kafka_dlq_replayed_topic or f"{self.kafka_dlq_topic}.replayed"

    def redacted(self) -> dict[str, str]:
        """Every setting by its environment name, secrets hidden."""
        return {flags.variable(name): flags.shown(getattr(self, name)) for name in type(self).model_fields}


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Give a command's parser one flag a setting."""
    flags.add(parser, Settings)


def load(args: argparse.Namespace | None = None) -> Settings:
    """The settings from flags, then the environment, then defaults.

    Raises:
        ConfigurationError: All faults at once, one a line, each with the setting's name, its value and what
            would be right; never with a secret.
    """
    given = flags.typed(args, Settings) if args else {}
    if faults := list(_faults(given)):
        count = "1 setting is wrong" if len(faults) == 1 else f"{len(faults)} settings are wrong"
        raise ConfigurationError(f"{count}:\n  " + "\n  ".join(faults))
    return Settings(**given)


def _faults(given: dict[str, Any]) -> Iterator[str]:
    """Faults of single settings, then those of their agreement, judged without the faulty ones."""
    fields: set[str] = set()
    for _ in range(2):
        sound = {name: Settings.model_fields[name].default for name in fields}
        try:
            Settings(**given | sound)
        except ValidationError as error:
            found = [(field, line) for field, line in flags.faults(error, Settings)]
        else:
            return
        names = [flags.variable(name) for name in fields]
        yield from (line for _, line in found if not any(name in line for name in names))
        fields = {field for field, _ in found if field}
        if not fields:
            return


def misspelt(environ: Mapping[str, str] | None = None) -> list[str]:
    """A warning for each variable that is not ours but nearly is, such as ``KAFKA_BOOTSTRAP_SERVER``."""
    known = [flags.variable(name) for name in Settings.model_fields]
    return [
        f"the environment's {name} is not a setting; {close} is"
        for name in sorted(os.environ if environ is None else environ)
        if name.startswith(_FIRST_WORDS) and name not in known
        for close in difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE)
    ]


def table() -> str:
    """The manual of all settings as a Markdown table."""
    return flags.markdown(Settings)
