"""`make demo-compose` where something is wrong: Docker, the account, or what is left behind."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from deploy.demo import __main__ as demo
from deploy.demo import containers
from deploy.demo.containers import ContainerStage, leftovers, set_containers
from deploy.demo.course import Course
from deploy.demo.stage import DemoError, Names


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a `docker` before the real one that does these lines of shell."""

    def put(lines: str) -> None:
        program = tmp_path / "docker"
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return put


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The final word."""
    return capsys.readouterr().out.rstrip().splitlines()[-1]


def test_without_docker_it_says_so(docker: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    """In Docker's own words, and ends with 1."""
    docker("echo 'no daemon here' >&2; exit 1")
    assert demo.main(["--containers"]) == 1
    told = capsys.readouterr().out
    assert "Docker with its compose plugin is needed" in told
    assert "no daemon here" in told
    assert told.rstrip().endswith("DEMO FAILED: the reason stands above")


def test_an_interruption_is_no_pass(
    docker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C brings it down, too, and ends with 130."""

    def interrupt(_: Course) -> int:
        raise KeyboardInterrupt

    docker("true")
    monkeypatch.setattr(Course, "run", interrupt)
    assert demo.main(["--containers"]) == 130
    assert last_line(capsys) == "DEMO STOPPED: nothing is left running"


@pytest.mark.parametrize(
    ("code", "word", "logs"),
    [
        (0, "DEMO PASSED: the account balances, and nothing is left running", 0),
        (1, "DEMO FAILED: the reason stands above", 1),
    ],
)
def test_whatever_the_account_says_it_is_cleared_away(
    docker: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: int,
    word: str,
    logs: int,
) -> None:
    """The containers are brought down; the programs' logs go only where nobody needs them any more."""
    calls = tmp_path / "calls"
    docker(f'echo "$*" >> {calls}')
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Course, "run", lambda _: code)
    assert demo.main(["--containers"]) == code
    assert calls.read_text().count(" down --volumes --remove-orphans") == 1
    assert last_line(capsys) == word
    assert len(list(tmp_path.glob("sentiment-demo-*"))) == logs


def test_what_an_earlier_run_left_goes_first(
    docker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a killed run does not stand in the way of the next."""
    docker('case "$1" in network) echo abc;; esac')
    assert leftovers() == ["network abc"]
    done: list[str] = []
    monkeypatch.setattr(ContainerStage, "down", lambda _: done.append("down"))
    with set_containers(lambda line: done.append(line.split()[0])):
        done.append("stage")
    assert done == ["removing", "down", "building", "stage", "bringing", "down"]


def test_something_left_behind_is_a_failure(docker: Callable[[str], None], tmp_path: Path) -> None:
    """Whatever `down` itself says."""
    docker('case "$1" in volume) echo v1;; esac')
    stage = ContainerStage("localhost:1", Names(), Path("/state"), tmp_path)
    with pytest.raises(DemoError, match="left behind by `docker compose down`: volume v1"):
        stage.down()


def test_it_is_a_project_of_its_own(docker: Callable[[str], None], tmp_path: Path) -> None:
    """On ports of its own: a `docker compose up` of yours is not touched."""
    docker('echo "$* on $KAFKA_PORT and $HTTP_PORT"')
    stage = ContainerStage("localhost:7", Names(), Path("/state"), tmp_path, 8, kafka_port=7)
    stage._compose("up", "up", "topics").finish(10)
    (log,) = tmp_path.glob("up.log")
    assert f"--project-name {containers.PROJECT} " in log.read_text()
    assert "up topics on 7 and 8" in log.read_text()


def test_it_builds_the_service_that_is_built(docker: Callable[[str], None], tmp_path: Path) -> None:
    """The time to the first result begins after it; for another service compose would build nothing."""
    docker('echo "$*"')
    ContainerStage("localhost:7", Names(), Path("/state"), tmp_path).make_topics(4)
    services = yaml.safe_load((containers.ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    (builder,) = [name for name, service in services.items() if "build" in service]
    assert (tmp_path / "build.log").read_text().split()[-2:] == ["build", builder]


def test_its_topics_are_the_ones_it_reads_back(docker: Callable[[str], None], tmp_path: Path) -> None:
    """Whatever a .env says of them: a variable of the environment goes before it."""
    docker('echo "$KAFKA_INPUT_TOPIC $KAFKA_OUTPUT_TOPIC $KAFKA_DLQ_TOPIC"')
    stage = ContainerStage("localhost:7", Names("a", "b", "c"), Path("/state"), tmp_path)
    stage._compose("up", "up", "topics").finish(10)
    assert "a b c" in (tmp_path / "up.log").read_text()
