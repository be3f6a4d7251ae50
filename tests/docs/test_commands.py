"""No command on a page is there untested: it is run, held to its own parser, or says why it is not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.fences import commands, fences
from tests.docs.programs import CHECKED, NOT_RUN, WrongCommandError, check, simple
from tests.imports import ROOT

WRITTEN = (page for page in (ROOT / "docs").rglob("*.md") if "node_modules" not in page.parts)
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *WRITTEN])
SHELL = {"console", "sh"}
OTHER = {"dockerfile", "json", "mermaid", "promql", "python", "text", "yaml"}
TRAINS = "-m training"  # its parsers load TensorFlow


def lines(page: Path, *, training: bool) -> list[tuple[str, str]]:
    """Where each command of a page stands, and the command."""
    found = ((fence.name, line) for fence in fences(page) for line in commands(fence))
    return [(name, line) for name, line in found if (TRAINS in line) is training]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_says_what_it_is(page: Path) -> None:
    """A block without a language, or of a new one, might hold a command that nobody tries."""
    assert [fence.name for fence in fences(page) if fence.language not in SHELL | OTHER] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_block_that_is_not_for_a_shell_holds_no_command(page: Path) -> None:
    """A command cannot be hidden from its test by another word above it."""
    hidden = [
        f"{fence.name}: {line}"
        for fence in fences(page)
        if fence.language in OTHER - {"dockerfile"}
        for line in fence.text.splitlines()
        if line.split()[:1] and line.split()[0] in (set(CHECKED) | set(NOT_RUN)) - {"."}
    ]
    assert hidden == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_would_be_understood(page: Path) -> None:
    """Targets, commands, flags, settings, profiles, values and files that a page names are there."""
    for _, line in lines(page, training=False):
        check(line)


@pytest.mark.tensorflow
def test_every_command_of_training_would_be_understood() -> None:
    """The same, by the parsers of the offline package."""
    found = [line for page in PAGES for _, line in lines(page, training=True)]
    assert found
    for line in found:
        check(line)


@pytest.mark.parametrize(
    "line",
    [
        "make tea",
        "make chaos BISCUITS=3",
        "python -m consumer brew",
        "python -m consumer watch --form-start",
        "tweet-sentiment dlq replay --reasons x",
        "python -m producer_sim --speed 3",
        "python -m deploy.observability --runbook x",
        "python -m deploy.kettle",
        "python docs/examples/kafka_python/publsh.py < tweets.jsonl",
        "INPUT_TEXT_PONTER=/body python -m consumer",
        "export KAFKA_PASSWORD=x",
        'eval "$(tweet-sentiment compltion bash)"',
        "pip install 'tweet-sentiment[tea]'",
        "docker compose --profile tea up",
        "docker run --rm tweet-sentiment scor x",
        "helm upgrade tweets deploy/helm/tweet-sentiment --set kafka.bootstrap=x",
        "echo x | kettle --on",
        "cd docs/tea && npm install",
        "python -m training small --tea",
        "terraform apply",
    ],
)
def test_a_command_that_would_not_work_is_found(line: str) -> None:
    """Each kind of mistake, once."""
    with pytest.raises(WrongCommandError):
        check(line)


def test_a_line_comes_apart_into_its_commands() -> None:
    """Pipes, lists, redirections, settings and comments are the shell's, not the programs'."""
    line = "MAX_BATCH_WAIT_MS=5 python -m consumer watch --json > out.jsonl && echo 'a | b' | grep b  # so"
    assert simple(line) == [
        ["python", "-m", "consumer", "watch", "--json"],
        ["echo", "a | b"],
        ["grep", "b"],
    ]
