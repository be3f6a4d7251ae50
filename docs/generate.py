"""`python -m docs.generate`: write the parts of the documentation that follow from the code."""

from __future__ import annotations

import re
from pathlib import Path

from consumer import settings
from consumer.contract.asyncapi import document
from consumer.contract.schemas import NAMES, schema, written
from consumer.contract.terms import Terms
from consumer.monitoring import events
from consumer.monitoring.manual import manual
from docs import chart, compose, limits, sizing
from docs.commands import commands
from docs.numbers import numbers

SETTINGS = Path(__file__).with_name("settings.md")
README = Path(__file__).parents[1] / "README.md"
IN_USE = README.with_name("Models") / "CURRENT"
LOGS = Path(__file__).with_name("logs.md")
CLI = Path(__file__).with_name("cli.md")
METRICS = Path(__file__).with_name("metrics.md")
ASYNCAPI = Path(__file__).with_name("asyncapi.json")
SCHEMAS = Path(__file__).with_name("schemas")
CAPACITY = Path(__file__).with_name("capacity.md")
CHART_VALUES = Path(__file__).with_name("helm-values.md")


def current(path: Path, name: str, content: str) -> str:
    """The file's text with what stands between its marks ``name`` and ``/name`` replaced.

    A mark is a comment: ``<!-- name … -->`` in Markdown, a line ``# name: …`` in any other file.
    """
    return replaced(path.read_text("utf-8"), name, content, path)


def replaced(text: str, name: str, content: str, path: Path) -> str:
    """The text of ``path`` with what stands between the marks of ``name`` replaced.

    Raises ``ValueError`` where there is not one pair of them.
    """
    start, end = (
        (rf"<!-- {name}\b.*?-->\n", f"<!-- /{name} -->")
        if path.suffix == ".md"
        else (rf"^ *# {name}: .*?\n", rf"^ *# /{name}\n")
    )
    between = re.compile(rf"({start}).*?({end})", re.DOTALL | re.MULTILINE)
    written, places = between.subn(lambda match: match[1] + content + match[2], text)
    if places != 1:
        raise ValueError(f"{path}: needs one pair of marks {name} and /{name}, has {places}")
    return written


def settings_page() -> str:
    """``docs/settings.md`` as the settings class says it."""
    return current(SETTINGS, "settings", settings.table())


def logs_page() -> str:
    """``docs/logs.md`` with every event."""
    return current(LOGS, "events", events.table())


def readme() -> str:
    """``README.md`` with the numbers of the model in use."""
    return current(README, "numbers", numbers(IN_USE))


def cli_page() -> str:
    """``docs/cli.md`` as the parsers say it."""
    return current(CLI, "commands", commands())


def capacity_page() -> str:
    """``docs/capacity.md`` with what was measured, and the plans that follow."""
    measured = sizing.read_measured()
    parts = {"costs": sizing.costs, "scale": sizing.scale, "plans": sizing.table, "limits": limits.limits}
    text = CAPACITY.read_text("utf-8")
    for name, part in parts.items():
        text = replaced(text, name, part(measured), CAPACITY)
    return text


def contracts() -> dict[Path, str]:
    """What `python -m consumer schema` prints of the settings' defaults, by its file."""
    terms = Terms()
    found = {SCHEMAS / f"{name}.json": written(schema(name, terms)) for name in NAMES}
    return {ASYNCAPI: written(document(terms)), **found}


def in_containers() -> dict[Path, str]:
    """What compose hands on of the settings, and the example of what can be set, by its file."""
    return {
        compose.COMPOSE: current(compose.COMPOSE, "settings", compose.compose_lines()),
        compose.ENV_EXAMPLE: current(compose.ENV_EXAMPLE, "settings", compose.example_lines()),
    }


def main() -> None:
    """Write every generated part."""
    SETTINGS.write_text(settings_page(), "utf-8")
    LOGS.write_text(logs_page(), "utf-8")
    CLI.write_text(cli_page(), "utf-8")
    METRICS.write_text(manual(), "utf-8")
    README.write_text(readme(), "utf-8")
    CAPACITY.write_text(capacity_page(), "utf-8")
    for path, content in {**contracts(), **in_containers()}.items():
        path.write_text(content, "utf-8")
    CHART_VALUES.write_text(chart.table(), "utf-8")
    chart.SCHEMA.write_text(chart.schema(), "utf-8")


if __name__ == "__main__":
    main()
