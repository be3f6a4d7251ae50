"""CloudEvents 1.0, binary mode: the headers that make an event of a result without touching its value."""

from __future__ import annotations

from consumer.records import SCHEMA_VERSION, Headers, Position

SPEC_VERSION = "1.0"
EVENT_TYPE = f"tweet-sentiment.result.v{SCHEMA_VERSION}"
DATA_SCHEMA = f"urn:tweet-sentiment:result:{SCHEMA_VERSION}"  # the JSON Schema's own name


def event_headers(position: Position, source: str, time: str) -> Headers:
    """The attributes of a result's event; its data's media type is the header ``content-type``.

    The id is the source record's position, so one that is labelled again, as after a failure with
    ``DELIVERY=at_least_once``, is the same event to whoever drops what they have seen.
    """
    attributes = {
        "specversion": SPEC_VERSION,
        "id": "-".join(map(str, position)),
        "source": source,
        "type": EVENT_TYPE,
        "time": time,
        "dataschema": DATA_SCHEMA,
    }
    return tuple((f"ce_{name}", value.encode()) for name, value in attributes.items())
