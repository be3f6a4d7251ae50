"""What follows from a settings class's fields: flags, the manual, redaction, the wording of faults."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

REDACTED = "********"
UNSET = "(unset)"


def variable(field: str) -> str:
    """The environment's name of a field: ``max_batch_tokens`` → ``MAX_BATCH_TOKENS``."""
    return field.upper()


def flag(field: str) -> str:
    """The command line's name of a field: ``max_batch_tokens`` → ``--max-batch-tokens``."""
    return "--" + field.replace("_", "-")


def is_secret(field: FieldInfo) -> bool:
    """Whether the field's value may never be shown."""
    return _holds_secret(field.annotation)


def _holds_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


def shown(value: object) -> str:
    """A setting's value as one would type it; a secret's is hidden, nothing is ``(unset)``."""
    if value is None or value in ((), frozenset()):
        return UNSET
    if isinstance(value, SecretStr):
        return REDACTED
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, frozenset | tuple):
        return ",".join(map(str, sorted(value)))
    return str(value)


def add(parser: argparse.ArgumentParser, model: type[BaseModel]) -> None:
    """Give ``parser`` one flag a field; a flag that was not typed leaves no attribute behind."""
    group = parser.add_argument_group("settings (each is an environment variable, too)")
    for name, field in model.model_fields.items():
        default = "" if shown(field.default) == UNSET else f" [{shown(field.default)}]"
        text = f"{field.description}{default}".replace("%", "%%")
        group.add_argument(flag(name), dest=name, metavar="VALUE", default=argparse.SUPPRESS, help=text)


def typed(args: argparse.Namespace, model: type[BaseModel]) -> dict[str, Any]:
    """The fields whose flags were typed."""
    return {name: value for name, value in vars(args).items() if name in model.model_fields}


def markdown(model: type[BaseModel]) -> str:
    """The manual: a Markdown table of every setting with its default and meaning."""
    rows = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        default = shown(field.default)
        cell = "" if default == UNSET else f"`{default}`"
        meaning = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{variable(name)}` | {cell} | {meaning} |")
    return "\n".join(rows) + "\n"


def faults(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Each faulty field (empty where several disagree) with a line: name, value, what would be right."""
    for fault in error.errors(include_url=False):
        if not fault["loc"]:
            yield from (("", line) for line in _message(fault["msg"]).split("\n"))
            continue
        name = str(fault["loc"][0]).lower()
        field = model.model_fields.get(name)
        value = REDACTED if field is None or is_secret(field) else repr(fault["input"])
        yield name, f"{variable(name)}={value}: {_message(fault['msg'])}"


def _message(text: str) -> str:
    return text.removeprefix("Value error, ").replace("Input should be", "should be")
