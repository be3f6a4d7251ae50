"""Faults that lie between settings: each sound alone, together not. A line each, with what would be right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from consumer.settings import flags

_TOPICS = (
    "kafka_input_topic",
    "kafka_output_topic",
    "kafka_dlq_topic",
    "kafka_dlq_replayed_topic",
    "kafka_labels_topic",
)


def security(given: Mapping[str, Any]) -> Iterator[str]:
    """What is missing or would go unused in how the broker is reached."""
    protocol, mechanism = given["kafka_security_protocol"], given["kafka_sasl_mechanism"]
    sasl = protocol.startswith("SASL_")
    credentials = [
        name for name in ("kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password") if given[name]
    ]
    if sasl and not mechanism:
        yield (
            f"KAFKA_SASL_MECHANISM=(unset): KAFKA_SECURITY_PROTOCOL={protocol} needs it: "
            "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
        )
    for name in ("kafka_sasl_username", "kafka_sasl_password") if sasl else ():
        if name not in credentials:
            also = " (or KAFKA_SASL_PASSWORD_FILE)" if name.endswith("password") else ""
            yield f"{flags.variable(name)}=(unset): KAFKA_SECURITY_PROTOCOL={protocol} needs it{also}"
    if credentials and not sasl:
        yield (
            f"KAFKA_SECURITY_PROTOCOL={protocol}: should be SASL_SSL or SASL_PLAINTEXT, since "
            f"{', '.join(map(flags.variable, credentials))} would not be used otherwise"
        )
    if given["kafka_ssl_keyfile"] and not given["kafka_ssl_certfile"]:
        yield "KAFKA_SSL_CERTFILE=(unset): KAFKA_SSL_KEYFILE needs the certificate that belongs to it"
    certificates = [name for name in ("kafka_ssl_cafile", "kafka_ssl_certfile") if given[name]]
    if certificates and not protocol.endswith("SSL"):
        yield (
            f"KAFKA_SECURITY_PROTOCOL={protocol}: should be SSL or SASL_SSL, since "
            f"{', '.join(map(flags.variable, certificates))} would not be used otherwise"
        )


def others(given: Mapping[str, Any]) -> Iterator[str]:
    """Topics that are one, pointers into lines, budgets and bands that contradict each other."""
    yield from _topics(given)
    for name in ("input_text_pointer", "input_id_pointer"):
        if given[name] and given["input_format"] != "json":
            yield f"{flags.variable(name)}={given[name]!r}: needs INPUT_FORMAT=json, a line has no fields"
    if given["max_batch_tokens"] < given["scorer_chunk_tokens"]:
        yield (
            f"MAX_BATCH_TOKENS={given['max_batch_tokens']}: should be at least "
            f"SCORER_CHUNK_TOKENS ({given['scorer_chunk_tokens']})"
        )
    if given["dlq_breaker_min"] > given["dlq_breaker_window"]:
        yield (
            f"DLQ_BREAKER_MIN={given['dlq_breaker_min']}: should be at most "
            f"DLQ_BREAKER_WINDOW ({given['dlq_breaker_window']})"
        )
    if given["drift_window_min"] > given["drift_window_tweets"]:
        yield (
            f"DRIFT_WINDOW_MIN={given['drift_window_min']}: should be at most "
            f"DRIFT_WINDOW_TWEETS ({given['drift_window_tweets']})"
        )
    if 0 < given["http_queue_texts"] < given["http_max_texts"]:
        yield (
            f"HTTP_QUEUE_TEXTS={given['http_queue_texts']}: should be 0 or at least "
            f"HTTP_MAX_TEXTS ({given['http_max_texts']})"
        )
    if given["threshold"] is not None and (fault := band_fault(given["neutral_band"], given["threshold"])):
        yield fault


def _topics(given: Mapping[str, Any]) -> Iterator[str]:
    topics = [(name, given[name]) for name in _TOPICS if given[name]]
    for index, (name, topic) in enumerate(topics):
        for other, same in topics[:index]:
            if topic == same:
                yield f"{flags.variable(name)}={topic!r}: should differ from {flags.variable(other)}"


def band_fault(band: tuple[float, float] | None, threshold: float) -> str | None:
    """Why the neutral band does not fit the threshold in force (the setting's, or else the model's)."""
    if band is None or band[0] <= threshold <= band[1]:
        return None
    return f"NEUTRAL_BAND={flags.shown(band)}: should contain the threshold, which is {threshold}"
