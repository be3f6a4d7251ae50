"""The consumer's image, built and run for real by Docker."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from consumer import __version__
from deploy.demo.__main__ import main as demo
from deploy.demo.containers import leftovers
from deploy.local_kafka import free_port
from tests.deploy.dockers import docker
from tests.imports import ROOT
from tests.not_run import not_run

TAG = "tweet-sentiment:test"
MOST_BYTES = 700_000_000
FIRST_RESULT_SECONDS = 60.0
HEALTHY_SECONDS = 60.0
# As a cluster runs it: nothing can be written but /tmp, no rights, no network where none is needed.
TMP = "/tmp"  # noqa: S108 - inside the container
HELD = ("--read-only", "--tmpfs", TMP, "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]


def private(folder: Path) -> Path:
    """What an image is built from, as a checkout made under umask 077 has it: its owner's alone."""
    let_in = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    for name in [*let_in, ".dockerignore", "Makefile", "deploy/Dockerfile"]:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile)(ROOT / name, target)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return folder


@pytest.fixture(scope="module")
def image(engine: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Built as `make image` does, where its files are hardest to read; what Docker tells of it."""
    checkout = private(tmp_path_factory.mktemp("private"))
    history = {**os.environ, "GIT_DIR": str(ROOT / ".git")}
    subprocess.run(
        ["make", "image", f"IMAGE={TAG}"], cwd=checkout, env=history, capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(docker("image", "inspect", TAG))[0]
    return found


def test_its_size_and_user(image: dict[str, Any], record_property: Callable[[str, object], None]) -> None:
    """At most 700 MB, the model included; a plain user, named by number."""
    record_property("the image's megabytes", round(image["Size"] / 1e6))
    assert image["Size"] <= MOST_BYTES
    assert image["Config"]["User"] == "10001"


def test_it_tells_which_version_it_is(image: dict[str, Any]) -> None:
    """By labels that were filled in when it was built."""
    labels = {name.rpartition(".")[2]: value for name, value in image["Config"]["Labels"].items()}
    assert labels["version"] == __version__
    assert "unknown" not in labels.values()


def test_it_holds_no_more_than_it_needs(image: dict[str, Any]) -> None:
    """No TensorFlow, nothing that installs packages, and all that is installed at its pinned version."""
    frozen = docker(
        *("run", "--rm", *HELD, "--network", "none", "--entrypoint", "python", TAG, "-c"),
        "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()))",
    )
    names = {line.partition("==")[0].lower().replace("_", "-"): line for line in frozen.split()}
    assert {"tensorflow", "transformers", "torch", "pip", "setuptools"} & set(names) == set()
    assert "opentelemetry-sdk" in names  # for TRACING: nothing can be added to what cannot be written
    pins = (ROOT / "requirements.txt").read_text("utf-8").lower().replace("_", "-")
    ours = {name: line for name, line in names.items() if name != "tweet-sentiment"}
    assert [line for line in ours.values() if line.lower().replace("_", "-") not in pins] == []


@pytest.mark.parametrize("user", ["10001", "1000", "4711:0"])
def test_any_plain_user_can_run_it(image: dict[str, Any], user: str) -> None:
    """Hosts choose their own; the model is inside, nothing is downloaded."""
    held = ("run", "--rm", *HELD, "--network", "none", "--user", user)
    result = json.loads(docker(*held, TAG, "score", "What a lovely morning"))
    assert result["label"] == "positive"


def test_a_model_can_be_mounted(image: dict[str, Any]) -> None:
    """At /app/Models/NAME, read-only."""
    shipped = ROOT / "Models" / (ROOT / "Models" / "CURRENT").read_text("utf-8").strip()
    mount = ("--volume", f"{shipped}:/app/Models/other:ro", "--env", "MODEL_PATH=Models/other")
    held = ("run", "--rm", *HELD, "--network", "none")
    assert json.loads(docker(*held, *mount, TAG, "score", "What a lovely morning"))["label"] == "positive"
    gone = ("--env", "MODEL_PATH=Models/missing")
    done = subprocess.run(["docker", *held, *gone, TAG, "score", "a"], capture_output=True, check=False)
    assert done.returncode == 3


# What a container is asked from within: a path, and a body where it is a POST.
ASK = """
import sys, urllib.error, urllib.request
url, *body = sys.argv[1:]
data = body[0].encode() if body else None
asked = urllib.request.Request(url, data, {"Content-Type": "application/json"})
try:
    with urllib.request.urlopen(asked, timeout=10) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
except OSError as error:
    print(0, error)
"""


class Serving:
    """`serve` in a container of a host that says by PORT where to listen."""

    def __init__(self, *words: str) -> None:
        self.name = docker(
            "run", "--detach", *HELD, "--user", "1000", "--env", "PORT=7860", *words, TAG, "serve"
        )

    def ask(self, path: str, *body: str) -> tuple[int, str]:
        """Status and answer of a request made inside; 0 where nobody listens."""
        told = docker("exec", self.name, "python", "-c", ASK, f"http://localhost:7860{path}", *body)
        status, _, answer = told.partition(" ")
        return int(status), answer

    def await_ready(self) -> None:
        """Until the health check says that it lives, and it that its model is loaded."""
        until = time.monotonic() + HEALTHY_SECONDS
        while (state := docker("inspect", "--format", "{{.State.Health.Status}}", self.name)) != "healthy":
            assert time.monotonic() < until, f"{state}: {docker('logs', self.name)}"
            time.sleep(0.5)
        while (ready := self.ask("/readyz"))[0] != 200:
            assert time.monotonic() < until, f"{ready}: {docker('logs', self.name)}"
            time.sleep(0.5)


@pytest.fixture
def serve(image: dict[str, Any]) -> Iterator[Callable[..., Serving]]:
    """Starts one, with words of one's own for `docker run`; gone afterwards."""
    started: list[Serving] = []

    def start(*words: str) -> Serving:
        started.append(Serving(*words))
        return started[-1]

    yield start
    for one in started:
        docker("rm", "--force", "--volumes", one.name)


def test_a_host_of_one_port_can_run_it(serve: Callable[..., Serving]) -> None:
    """It becomes healthy, answers where PORT says once it is ready, and a signal ends it in order."""
    port = free_port()
    serving = serve("--publish", f"127.0.0.1:{port}:7860")
    serving.await_ready()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/tweet",
        json.dumps({"text": "What a lovely morning"}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - our own http://
        assert json.load(answer)["sentiment"] == "positive"
    docker("stop", "--time", "10", serving.name)
    assert docker("inspect", "--format", "{{.State.ExitCode}}", serving.name) == "0"


def test_it_serves_without_any_network(serve: Callable[..., Serving]) -> None:
    """Nothing is fetched and nobody is told: both ways of asking are answered where there is no network."""
    serving = serve("--network", "none")
    serving.await_ready()
    status, answer = serving.ask("/tweet", json.dumps({"text": "What a lovely morning"}))
    assert (status, json.loads(answer)["sentiment"]) == (200, "positive")
    status, answer = serving.ask("/predict", json.dumps({"texts": ["What a lovely morning", "I hate this"]}))
    assert status == 200
    assert [one["label"] for one in json.loads(answer)["results"]] == ["positive", "negative"]
    assert docker("logs", serving.name).count('"level": "error"') == 0


def test_all_of_it_in_containers(
    engine: None,
    pytestconfig: pytest.Config,
    capfd: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    """`make demo-compose`: every tweet accounted for, nothing left, a first result in time."""
    if not docker("images", "--quiet", "apache/kafka:4.1.1"):
        not_run(pytestconfig, "the image apache/kafka:4.1.1 is not there, and fetching it is not timed")
    assert demo(["--containers", "--seconds", "5", "--burst", "200"]) == 0
    told = capfd.readouterr().out
    assert "BALANCED: " in told
    assert told.rstrip().splitlines()[-1].startswith("DEMO PASSED")
    assert leftovers() == []
    (line,) = [line for line in told.splitlines() if "to the first result" in line]
    seconds = float(line.split(": ")[1].split()[0])
    record_property("seconds from `docker compose up` to the first result", seconds)
    assert seconds <= FIRST_RESULT_SECONDS
