"""JSON Schema of the records, from their models: draft 2020-12, in words that draft 7 has, too.

AsyncAPI goes by draft 7. Only a pointer that goes through a list says a word more, which draft 7 passes over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from consumer.cloudevent import DATA_SCHEMA
from consumer.contract.headers import DeadLetterHeaders, ResultHeaders
from consumer.contract.result import Result
from consumer.contract.terms import Terms
from consumer.contract.tweet import Envelope, Tweet
from consumer.parse import MAX_VALUE_BYTES, TWITTERS, Places

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_OWN, _SHARED = "#/$defs/{model}", "#/components/schemas/{model}"
# Name → its identifier and its model; the input's follows from the settings.
_DOCUMENTS: dict[str, tuple[str, type[BaseModel] | None]] = {
    "input": ("urn:tweet-sentiment:tweet:1", None),
    "output": (DATA_SCHEMA, Result),
    "output-headers": ("urn:tweet-sentiment:result-headers:1", ResultHeaders),
    "dead-letter-headers": ("urn:tweet-sentiment:dead-letter-headers:1", DeadLetterHeaders),
}
NAMES: Final = tuple(_DOCUMENTS)
_LIMIT = f"A UTF-8 JSON object of at most {MAX_VALUE_BYTES} bytes."
_IDENTITY = {"anyOf": [{"type": "string", "pattern": r"\S"}, {"type": "integer"}]}


class _Plain(GenerateJsonSchema):
    """Without titles, which repeat the names, and without the default null of what may be left out."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def schema(name: str, terms: Terms) -> dict[str, Any]:
    """One of ``NAMES`` as a document of its own."""
    urn, type_ = _DOCUMENTS[name]
    body = _input(terms, _OWN) if type_ is None else _of(type_, _OWN)
    return {"$schema": DIALECT, "$id": urn, **body}


def components(terms: Terms) -> dict[str, Any]:
    """All of them by name, with what they refer to, for a document that holds them side by side."""
    found: dict[str, Any] = {}
    models = [type_ for _, type_ in _DOCUMENTS.values() if type_ is not None]
    for name, one in [("Input", _input(terms, _SHARED)), *((m.__name__, _of(m, _SHARED)) for m in models)]:
        found |= one.pop("$defs", {})
        found[name] = one
    return {name: found[name] for name in sorted(found)}


def written(body: Mapping[str, Any]) -> str:
    """A document as it stands in a file."""
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def _of(type_: Any, template: str) -> dict[str, Any]:
    found = TypeAdapter(type_).json_schema(ref_template=template, schema_generator=_Plain)
    found.pop("title", None)
    for definition in found.get("$defs", {}).values():
        definition.pop("title", None)
    return found


def _input(terms: Terms, template: str) -> dict[str, Any]:
    if terms.input_format == "text":
        return {"type": "string", "description": "A bare line of UTF-8 text."}
    if terms.places == TWITTERS:
        return {"description": _LIMIT, **_of(Tweet | Envelope, template)}
    return _pointed(terms.places)


def _pointed(places: Places) -> dict[str, Any]:
    """Id and text where the pointers say; where there is none, where Twitter has them."""
    text, identity = {"type": "string"}, _IDENTITY
    parts = [
        _nested(places.id, identity) if places.id else _either(["id_str", "id"], identity),
        _nested(places.text, text) if places.text else _either(["full_text", "text"], text),
    ]
    return {"description": _LIMIT, "type": "object", "allOf": parts}


def _nested(way: Sequence[str], leaf: Mapping[str, Any]) -> dict[str, Any]:
    """A document that holds ``leaf`` there. An index counts in a list, and is a name in an object."""
    if not way:
        return dict(leaf)
    name, inner = way[0], _nested(way[1:], leaf)
    holds = {"type": "object", "required": [name], "properties": {name: inner}}
    if not (name.isascii() and name.isdigit() and str(int(name)) == name):
        return holds
    before: list[dict[str, Any]] = [{} for _ in range(int(name))]
    listed = {"type": "array", "minItems": int(name) + 1, "prefixItems": [*before, inner]}
    return {"anyOf": [holds, listed]}


def _either(names: Sequence[str], leaf: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: dict(leaf) for name in names},
        "anyOf": [{"required": [name]} for name in names],
    }
