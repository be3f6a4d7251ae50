"""The tutorial, followed word by word on a real broker of its own."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.docs.fences import Fence, Step, fences, steps
from tests.docs.terminals import Terminal, missing
from tests.imports import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.md"
LOOKS = ("curl ", "python -m consumer dlq list")  # what may be asked again until it is so
BROKER, PAGE = "9092", "8080"  # the ports on the page; a test takes free ones


def free_port() -> str:
    """One that nobody listens at."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def told() -> list[tuple[str, Step]]:
    """Every step of the page with its terminal, in order."""
    found: list[Fence] = [fence for fence in fences(TUTORIAL) if fence.language == "console"]
    assert [fence.name for fence in found if fence.terminal is None] == []
    return [(str(fence.terminal), step) for fence in found for step in steps(fence)]


def lasting(course: list[tuple[str, Step]], at: int) -> bool:
    """Whether a step goes on: the next one in its terminal is Ctrl-C."""
    terminal = course[at][0]
    following = next((step for name, step in course[at + 1 :] if name == terminal), None)
    return following is not None and following.command == "^C"


@pytest.mark.broker
@pytest.mark.timeout(900)
def test_the_tutorial_from_its_first_line_to_its_last(tmp_path: Path) -> None:
    """Who types what it says sees what it shows: a tweet labelled, a dead letter put back, all stopped."""
    ports = {BROKER: free_port(), PAGE: free_port()}
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{ports[BROKER]}",
        "HTTP_PORT": ports[PAGE],
        "STATE_DIR": str(tmp_path / "state"),
    }

    def here(step: Step) -> Step:
        """With the test's ports, and without making .venv, in which the test runs."""
        command = step.command.replace(". .venv/bin/activate", "true")
        command = command.replace("make kafka", f"python -m deploy.local_kafka --port {ports[BROKER]}")
        prints = (line.replace(BROKER, ports[BROKER]) for line in step.prints)
        return Step(command.replace(f"localhost:{PAGE}", f"localhost:{ports[PAGE]}"), tuple(prints))

    course = told()
    with ExitStack() as after:
        terminals = {
            name: after.enter_context(closing(Terminal(tmp_path / f"{name}.log", environment)))
            for name in dict.fromkeys(name for name, _ in course)
        }
        for at, (name, step) in enumerate(course):
            if step.command == "^C":
                terminals[name].interrupt(step)
            elif lasting(course, at):
                terminals[name].start(here(step))
            else:
                terminals[name].run(here(step), again=step.command.startswith(LOOKS))


def test_what_the_tutorial_shows_is_compared() -> None:
    """Times and probabilities may differ; a count, a word, a label or the order may not."""
    shown = [
        "2026-11-29T18:24:30.033Z INFO    up …",
        'p "label": "positive", 0.943827',
        "…",
        "put back 1, failed 0",
    ]
    said = '2027-01-02T03:04:05Z INFO up 7\nmore\np "label": "positive", 0.9\nput back 1, failed 0\n'
    assert missing(shown, said) is None
    assert missing(shown, said.replace("put back 1", "put back 0")) == shown[3]
    assert missing(shown, said.replace("positive", "negative")) == shown[1]
    assert missing(shown[::-1], said) == shown[1]


def test_the_tutorial_is_whole() -> None:
    """What it promises is among its steps."""
    typed = "\n".join(step.command for _, step in told())
    wanted = (
        "make kafka",
        "consumer topics",
        "publish.py",
        "consumer watch",
        "dlq list",
        "dlq replay",
        "/metrics",
    )
    assert [word for word in wanted if word not in typed] == []
    assert typed.count("^C") == 3
