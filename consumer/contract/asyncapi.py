"""The AsyncAPI 3 document: what the consumer receives and sends, where, and how it looks."""

from __future__ import annotations

from typing import Any

from consumer import __version__
from consumer.contract.schemas import components
from consumer.contract.terms import Terms
from consumer.parse import TWITTERS

ASYNCAPI = "3.0.0"
_BINDING = "0.5.0"
_PROTOCOLS = {
    "PLAINTEXT": "kafka",
    "SASL_PLAINTEXT": "kafka",
    "SSL": "kafka-secure",
    "SASL_SSL": "kafka-secure",
}
_SCHEMES = {"PLAIN": "plain", "SCRAM-SHA-256": "scramSha256", "SCRAM-SHA-512": "scramSha512"}
_KEY = {
    "type": "string",
    "description": "Any bytes; passed through. The author's id as key keeps an author's tweets in order.",
}
_TWEET = {"id": "1029", "text": "What a lovely morning", "author_id": "77", "lang": "en"}
_RESULT = {
    "schema_version": 1,
    "id": "1029",
    "author_id": "77",
    "lang": "en",
    "text": "What a lovely morning",
    "label": "positive",
    "probability": 0.953695,
    "confidence": 0.953695,
    "threshold": 0.5,
    "truncated": False,
    "model": {"name": "distilbert-mini", "version": "1.1.1"},
    "scored_at": "2026-11-22T10:00:00.123Z",
    "source": {"topic": "tweets", "partition": 1, "offset": 42, "timestamp": "2026-11-22T10:00:00.050Z"},
}


def document(terms: Terms) -> dict[str, Any]:
    """The whole of it, as a JSON object."""
    return {
        "asyncapi": ASYNCAPI,
        "id": "urn:tweet-sentiment",
        "info": {
            "title": "Tweet sentiment",
            "version": __version__,
            "description": "Tweets in from a Kafka topic, each labelled positive or negative exactly once, "
            "results out to another. Read results with isolation.level=read_committed.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(terms),
        "channels": _channels(terms),
        "operations": _operations(terms),
        "components": {
            "messages": _messages(terms),
            "schemas": components(terms),
            **({"securitySchemes": _schemes(terms)} if terms.mechanism else {}),
        },
    }


def _servers(terms: Terms) -> dict[str, Any]:
    security = {"security": [{"$ref": "#/components/securitySchemes/sasl"}]} if terms.mechanism else {}
    return {
        f"broker{number}": {"host": host, "protocol": _PROTOCOLS[terms.protocol], **security}
        for number, host in enumerate(terms.servers, 1)
    }


def _schemes(terms: Terms) -> dict[str, Any]:
    return {"sasl": {"type": _SCHEMES[terms.mechanism or "PLAIN"]}}


def _channels(terms: Terms) -> dict[str, Any]:
    return {
        "tweets": _channel(terms.input_topic, "tweet", "What is to be labelled."),
        "results": _channel(
            terms.output_topic,
            "result",
            "One result a tweet, on the tweet's partition, with its key and timestamp.",
        ),
        "deadLetters": _channel(
            terms.dlq_topic, "deadLetter", "What could not be labelled: the original bytes, and why."
        ),
    }


def _channel(topic: str, message: str, description: str) -> dict[str, Any]:
    return {
        "address": topic,
        "description": description,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"kafka": {"topic": topic, "bindingVersion": _BINDING}},
    }


def _operations(terms: Terms) -> dict[str, Any]:
    group = {"kafka": {"groupId": {"type": "string", "enum": [terms.group]}, "bindingVersion": _BINDING}}
    return {
        "receiveTweet": {**_operation("receive", "tweets", "tweet"), "bindings": group},
        "sendResult": _operation("send", "results", "result"),
        "sendDeadLetter": _operation("send", "deadLetters", "deadLetter"),
    }


def _operation(action: str, channel: str, message: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
    }


def _messages(terms: Terms) -> dict[str, Any]:
    as_text = terms.input_format == "text"
    # Of a topic whose records have a shape of their own the schema tells, no example.
    shown = {} if as_text or terms.places != TWITTERS else {"examples": [{"payload": _TWEET}]}
    bindings = {"kafka": {"key": _KEY, "bindingVersion": _BINDING}}
    return {
        "tweet": {
            "title": "A tweet",
            "contentType": "text/plain" if as_text else "application/json",
            "payload": _ref("Input"),
            "bindings": bindings,
            **shown,
        },
        "result": {
            "title": "A labelled tweet",
            "contentType": "application/json",
            "headers": _ref("ResultHeaders"),
            "payload": _ref("Result"),
            "bindings": bindings,
            "examples": [{"payload": _RESULT}],
        },
        "deadLetter": {
            "title": "A record that could not be labelled",
            "description": "The value is the record's own, whatever bytes it holds.",
            "contentType": "application/octet-stream",
            "headers": _ref("DeadLetterHeaders"),
            "bindings": bindings,
        },
    }


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}
