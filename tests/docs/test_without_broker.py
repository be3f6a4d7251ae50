"""The commands that need no broker are run as they stand on their pages; http.md's answers are compared."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from deploy.local_kafka import free_port
from tests.docs.fences import Step, commands, fences, steps
from tests.docs.terminals import Terminal
from tests.docs.test_commands import PAGES
from tests.imports import ROOT

HTTP = ROOT / "docs" / "http.md"
PORT = "localhost:8080"  # on the page; a test takes a free one
ALONE = re.compile(r"(?:python -m consumer|tweet-sentiment) (score|schema|completion)\b")
# What such a command prints, where its page does not say so.
PRINTS = {
    "score": '{…"text":"What a lovely morning","label":"positive",…}',
    "schema": "{…",
    "completion": "…_shtab_tweet_sentiment…",
}
# A shell that took in a completion says so; `eval` alone is content with nothing.
TAKES_IN = {
    "bash": ("", "complete -p tweet-sentiment"),
    "zsh": ("autoload -U compinit; compinit -u -D", "echo $_comps[tweet-sentiment]"),
}


def alone() -> dict[str, str]:
    """Each command without a broker, with the place where it first stands; those for Docker are not here."""
    found = [
        (line, fence.name)
        for page in PAGES
        for fence in fences(page)
        for line in commands(fence)
        if ALONE.search(line) and not line.startswith("docker ")
    ]
    return dict(reversed(found))


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """The environment's own programs first, a port that is free, and no state of anybody's."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HTTP_PORT": str(free_port()),
        "STATE_DIR": str(tmp_path / "state"),
    }


def test_each_kind_is_among_them() -> None:
    """Where a page loses its command, or the search its page, that is told."""
    assert {kind for line in alone() for kind in ALONE.findall(line)} == set(PRINTS)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, id=name, marks=[pytest.mark.needs_tool("zsh")] if " zsh)" in line else [])
        for line, name in alone().items()
    ],
)
def test_a_command_without_a_broker_is_run(line: str, tmp_path: Path, environment: Mapping[str, str]) -> None:
    """It ends well, and prints what its kind prints."""
    shell = next((name for name in TAKES_IN if f" {name})" in line), "bash")
    before, after = TAKES_IN[shell] if line.startswith("eval ") else ("", "")
    script = tmp_path / "script"
    script.write_text(f"{before}\n{line}\n{after}\n", "utf-8")
    (kind,) = ALONE.findall(line)
    with closing(Terminal(tmp_path / "log", environment)) as terminal:
        terminal.run(Step(f"{shell} {script}", (PRINTS[kind],)))


def asked() -> list[Step]:
    """What http.md has one ask, with the answer in one line as it comes; then what the README asks."""
    shown = [step for fence in fences(HTTP) if fence.language == "console" for step in steps(fence)]
    found = [Step(step.command, ("".join(map(str.strip, step.prints)),)) for step in shown]
    readme = (ROOT / "README.md").read_text("utf-8")
    return [*found, *(Step(line, ()) for line in re.findall(r"`(curl [^`]+)`", readme))]


def test_what_is_asked_over_http_is_answered_as_shown(tmp_path: Path, environment: Mapping[str, str]) -> None:
    """By `serve`, without Kafka; times and fractions may differ, a name or a word may not."""
    course = asked()
    assert [re.findall(rf"{PORT}(/\w+)", step.command) for step in course] == [
        ["/predict"],
        ["/tweet"],
        ["/predict"],
    ]
    assert "`python -m consumer serve`" in HTTP.read_text("utf-8")
    here = f"localhost:{environment['HTTP_PORT']}"
    with closing(Terminal(tmp_path / "serve.log", environment)) as terminal:
        terminal.start(Step("python -m consumer serve", ()))
        terminal.run(Step(f"curl -sf {here}/readyz", ('{"ok":true,…',)), again=True)
        for step in course:
            command = step.command.replace(PORT, here).replace("curl -s ", "curl -sf ")
            terminal.run(Step(command, step.prints))
        terminal.interrupt(Step("^C", ()))
