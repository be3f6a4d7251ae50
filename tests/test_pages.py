"""The pages on delivery and security name metrics, settings and commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from consumer.cli.commands import COMMANDS
from consumer.monitoring.manual import manual
from consumer.settings import Settings, flags

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("delivery.md", "security.md", "operating.md", "contracts.md", "cli.md", "deploy.md")
NO_SETTINGS = {"DESCRIBE_CONFIGS", "SASL_SSL", "SASL_PLAINTEXT", "NO_COLOR"}  # rights, protocols, others


def page(name: str) -> str:
    """Its text."""
    return (DOCS / name).read_text("utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_metrics_settings_and_commands_exist(name: str) -> None:
    """Who follows the page finds what it names."""
    metrics = set(re.findall(r"sentiment_[a-z_]+", manual()))
    assert set(re.findall(r"\bsentiment_[a-z_]+", page(name))) - metrics == set()
    settings = {flags.variable(field) for field in Settings.model_fields}
    assert set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)\b", page(name))) - settings - NO_SETTINGS == set()
    assert set(re.findall(r"python -m consumer ([a-z]+)", page(name))) - set(COMMANDS) == set()


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    """To a page that is there, and to a heading on it."""
    for target, heading in re.findall(r"\]\(([a-z]+\.md)(?:#([a-z-]+))?\)", page(name)):
        headings = [
            re.sub(r"[^a-z -]", "", h.lower()) for h in re.findall(r"^#+ (.*)$", page(target), re.MULTILINE)
        ]
        assert not heading or heading in [h.replace(" ", "-") for h in headings]


def test_make_targets_exist() -> None:
    """`make chaos`, `make soak` and `make audit` are what the pages say."""
    makefile = (DOCS.parent / "Makefile").read_text("utf-8")
    named = {target for name in PAGES for target in re.findall(r"`make ([a-z-]+)", page(name))}
    assert {"chaos", "soak", "audit"} <= named
    assert [target for target in named if f"\n{target}:" not in makefile] == []
