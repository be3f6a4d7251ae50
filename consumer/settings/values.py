"""What a setting's text may be: read leniently where that is safe, else refused with what would be right."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from consumer.json_pointer import read_pointer

_TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$")
_HUB = re.compile(r"([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})@([A-Za-z0-9][\w.+-]{0,95})", re.ASCII)
_MOVING = ("main", "master", "head")
_SERVER = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:,/\[\]]+):(\d{1,5})$")


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _topic(value: str) -> str:
    if not _TOPIC.match(value):
        raise ValueError("should be 1 to 249 of the characters a-z A-Z 0-9 . _ -")
    return value


def _servers(value: str) -> str:
    servers = [server.strip() for server in value.split(",")]
    for server in servers:
        match = _SERVER.match(server)
        if not match or not 0 < int(match[2]) <= 65535:  # noqa: PLR2004 - the highest port there is
            raise ValueError("should be host:port, or several separated by commas")
    return ",".join(servers)


def _readable(path: Path) -> Path:
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise ValueError(f"should be a file this user can read ({error.strerror})") from None


def _secret_file(path: Path) -> Path:
    if not _readable(path).read_bytes().strip():
        raise ValueError("should be a file with the secret in it, this one is empty")
    return path


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model on the Hugging Face Hub: ``hub:org/name@revision``."""

    repo: str
    revision: str

    def __str__(self) -> str:
        return f"hub:{self.repo}@{self.revision}"


def _model(value: object) -> object:
    if not isinstance(value, str) or not value.startswith("hub:"):
        return value
    match = _HUB.fullmatch(value.removeprefix("hub:"))
    if not match:
        raise ValueError("should be a path, or hub:org/name@revision with a commit's hash or a tag")
    if match[2].lower() in _MOVING:
        raise ValueError("should name a commit's hash or a tag: a branch moves, and with it the model")
    return HubModel(match[1], match[2])


def _endpoint(value: str) -> str:
    if not re.match(r"https?://[^\s/@]+", value):
        raise ValueError("should be an address such as https://hub.example.com")
    return value.rstrip("/")


def _band(value: object) -> object:
    if not isinstance(value, str):
        return value
    if _lower(value) in ("", "off"):
        return None
    try:
        low, high = (float(part) for part in value.split(","))
    except ValueError:
        raise ValueError("should be off, or two probabilities such as 0.4,0.6") from None
    return low, high


def _ordered(band: tuple[float, float] | None) -> tuple[float, float] | None:
    if band is not None and not 0 <= band[0] < band[1] <= 1:
        raise ValueError("should be two probabilities from 0 to 1, the lower first, such as 0.4,0.6")
    return band


def _codes(value: object) -> object:
    if not isinstance(value, str):
        return value
    if _lower(value) in ("", "off"):
        return frozenset()
    return frozenset(part.strip().lower() for part in value.split(","))


def _language_codes(codes: frozenset[str]) -> frozenset[str]:
    if not all(re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]+)*", code) for code in codes):
        raise ValueError("should be off, or language codes such as en,und")
    return codes


def _origins(value: object) -> object:
    if not isinstance(value, str):
        return value
    if _lower(value) in ("", "off"):
        return frozenset()
    return frozenset(part.strip().rstrip("/") for part in value.split(","))


def _web_origins(origins: frozenset[str]) -> frozenset[str]:
    if origins != {"*"} and not all(re.fullmatch(r"https?://[^\s/@*]+", origin) for origin in origins):
        raise ValueError("should be off, * or origins such as https://app.example.com, without a path")
    return origins


def _pointer(text: str) -> str:
    read_pointer(text)
    return text


_URI_REFERENCE = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)


def _event_source(text: str) -> str:
    if not _URI_REFERENCE.fullmatch(text):
        raise ValueError("should be a URI or a path in one's characters, such as /sentiment/production")
    return text


ModelPath = Annotated[Path | HubModel, BeforeValidator(_model)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
Pointer = Annotated[str, AfterValidator(_pointer)]
EventSource = Annotated[str, Field(max_length=249), AfterValidator(_event_source)]
Topic = Annotated[str, AfterValidator(_topic)]
Servers = Annotated[str, AfterValidator(_servers)]
Name = Annotated[str, Field(min_length=1, max_length=249)]
Readable = Annotated[Path, AfterValidator(_readable)]
Secret = Annotated[SecretStr, Field(min_length=1)]
SecretFile = Annotated[Path, AfterValidator(_secret_file)]
Band = Annotated[tuple[float, float] | None, NoDecode, BeforeValidator(_band), AfterValidator(_ordered)]
Origins = Annotated[frozenset[str], NoDecode, BeforeValidator(_origins), AfterValidator(_web_origins)]
Languages = Annotated[frozenset[str], NoDecode, BeforeValidator(_codes), AfterValidator(_language_codes)]

Protocol = Annotated[Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], BeforeValidator(_upper)]
Mechanism = Annotated[Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], BeforeValidator(_upper)]
ResetPolicy = Annotated[Literal["earliest", "latest"], BeforeValidator(_lower)]
Delivery = Annotated[Literal["exactly_once", "at_least_once"], BeforeValidator(_lower)]
ScorerKind = Annotated[Literal["openvino", "tensorflow"], BeforeValidator(_lower)]
InputFormat = Annotated[Literal["json", "text"], BeforeValidator(_lower)]
Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]
TracingKind = Annotated[Literal["off", "otlp"], BeforeValidator(_lower)]
LogFormat = Annotated[Literal["text", "json"], BeforeValidator(_lower)]
