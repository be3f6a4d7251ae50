"""The images as they are written: pinned, small, without rights. `test_images.py` builds one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deploy.health import address, alive
from tests.imports import ROOT

CONSUMER = ROOT / "deploy" / "Dockerfile"
TRAINING = ROOT / "deploy" / "training.Dockerfile"
LABELS = {"title", "description", "licenses", "version", "revision", "created"}
both = pytest.mark.parametrize("path", [CONSUMER, TRAINING], ids=lambda path: path.name)


def instructions(path: Path) -> list[tuple[str, str]]:
    """Each with its words, continued lines put together."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ")
    return [(word, rest.strip()) for word, rest in re.findall(r"^([A-Z]+) (.*)$", whole, re.MULTILINE)]


def last_stage(path: Path) -> list[tuple[str, str]]:
    """What the image itself is made of."""
    found = instructions(path)
    start = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


@both
def test_it_runs_as_a_plain_user_in_exec_form(path: Path) -> None:
    """A signal reaches Python itself; the user is a number, which a cluster can verify."""
    final = dict(last_stage(path))
    assert int(final["USER"]) > 0
    assert json.loads(final["ENTRYPOINT"])[:2] == ["python", "-m"]
    assert isinstance(json.loads(final["CMD"]), list)


@both
def test_it_is_built_in_stages_from_the_pins(path: Path) -> None:
    """Build tools stay behind, packages come at their pinned versions, and nothing else is downloaded."""
    found = instructions(path)
    assert [rest for word, rest in found if word == "FROM"] == ["${BASE} AS build", "${BASE}"]
    steps = [step.strip() for word, rest in found if word == "RUN" for step in rest.split("&&")]
    installs = [step for step in steps if step.startswith("pip install")]
    assert len(installs) == 3
    assert all("-c requirements.txt" in step or "--no-deps" in step for step in installs)
    ours = [step for step in installs if re.search(r" '?\.(\[\w+\]')?$", step)]
    assert len(ours) == 2
    assert all("--no-build-isolation" in step for step in ours)
    assert not [step for step in steps if re.match(r"(apt|curl|wget|git)\b", step)]


@both
def test_it_says_what_it_is(path: Path) -> None:
    """By the names that registries read; version, revision and time come from the build."""
    label = next(rest for word, rest in last_stage(path) if word == "LABEL")
    assert set(re.findall(r"org\.opencontainers\.image\.(\w+)=", label)) == LABELS
    arguments = {rest.partition("=")[0] for word, rest in last_stage(path) if word == "ARG"}
    assert arguments == {"VERSION", "REVISION", "CREATED"}


def test_the_consumers_image_holds_no_tensorflow() -> None:
    """Of the extras it has the one that a setting asks for where nothing can be installed any more."""
    text = CONSUMER.read_text("utf-8")
    assert re.findall(r"\[(\w+)\]", "".join(re.findall(r"pip install.*", text))) == ["tracing"]
    assert "COPY training" not in text


def test_its_health_check_asks_whether_it_is_alive() -> None:
    """In exec form, by a program that the image has."""
    check = dict(last_stage(CONSUMER))["HEALTHCHECK"]
    assert json.loads(check.partition("CMD ")[2]) == ["python", "health.py"]
    assert ("COPY", "deploy/health.py /app/health.py") in instructions(CONSUMER)
    assert ("COPY", "--from=build /app /app") in last_stage(CONSUMER)


@both
def test_what_it_holds_can_be_read_by_its_user(path: Path) -> None:
    """Also where the checkout is its owner's alone: files come, once, by a stage that opens them."""
    copied = [rest.split() for word, rest in last_stage(path) if word == "COPY"]
    assert all(words[0] == "--from=build" for words in copied)
    before = instructions(path)[: -len(last_stage(path))]
    opened = {
        rest.split()[-1] for word, rest in before if word == "RUN" and rest.startswith("chmod -R a+rX ")
    }
    written_by_pip = {"/opt/venv"}  # by its own umask, whatever the mode of what it installs
    assert {words[1] for words in copied} - written_by_pip == opened


def test_health_where_nobody_listens() -> None:
    """Not alive; without HTTP it cannot be asked and nothing is held against it."""
    assert alive({"HTTP_PORT": "1", "HTTP_HOST": "127.0.0.1"}) is False
    assert alive({"HTTP_PORT": "0"}) is True


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("fd00::7", "[fd00::7]"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - what a container listens at
        ("10.0.0.7", "10.0.0.7"),
        ("localhost", "localhost"),
    ],
)
def test_health_is_asked_where_it_listens(host: str, place: str) -> None:
    """An IPv6 address stands in brackets before a port; who listens anywhere is found on this machine."""
    assert address({"HTTP_HOST": host, "PORT": "80"}) == f"http://{place}:80/livez"


@both
def test_the_context_holds_what_is_copied_and_little_else(path: Path) -> None:
    """`.dockerignore` lets in by name; data, runs, environments and git stay out."""
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source
        for word, rest in instructions(path)
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert {source for source in copied if not {source, source.partition("/")[0]} & let_in} == set()
    assert let_in & {".", "Data", "runs", ".git", ".venv", "tests", "deploy"} == set()
    assert "**/__pycache__" in rules
