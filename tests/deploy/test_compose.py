"""docker-compose.yml: what every service has, and that .env.example holds what can be set."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from consumer.settings import Settings, flags
from docs import compose, generate
from tests.imports import ROOT
from tests.not_run import not_run

TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOTS = {"topics", "producer_sim"}  # they end by themselves
PROFILES = {"producer_sim": ["demo"], "prometheus": ["observability"], "grafana": ["observability"]}
every_service = pytest.mark.parametrize("name", SERVICES)


@every_service
def test_a_service_is_healthy_or_ends(name: str) -> None:
    """Each has a health check, its image's or its own; a one-shot has none, its exit code counts."""
    service = SERVICES[name]
    check = service.get("healthcheck", {})
    if name in ONE_SHOTS:
        assert check == {"disable": True}
        assert service["restart"] == "no"
    elif service["image"] == "tweet-sentiment:local":
        assert "\nHEALTHCHECK " in (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
        assert check == {}
    else:
        assert check["test"][0] == "CMD"
        assert {"interval", "timeout", "start_period", "retries"} <= set(check)


@every_service
def test_a_service_waits_for_what_it_needs(name: str) -> None:
    """Until that is healthy, or has ended well; all wait for the broker in the end but the broker."""
    needed = SERVICES[name].get("depends_on", {})
    for other, how in needed.items():
        wanted = "service_completed_successfully" if other in ONE_SHOTS else "service_healthy"
        assert how == {"condition": wanted}
    assert "kafka" in {name, *_all_needed(name)}


def _all_needed(name: str) -> set[str]:
    needed = set(SERVICES[name].get("depends_on", {}))
    return needed.union(*(_all_needed(other) for other in needed)) if needed else set()


@every_service
def test_a_service_is_bounded(name: str) -> None:
    """In memory and in cores, without rights, and its ports are this machine's alone."""
    service = SERVICES[name]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["cpus"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@every_service
def test_a_service_is_in_its_profile(name: str) -> None:
    """Plain `docker compose up` is broker, topics and consumer."""
    assert SERVICES[name].get("profiles") == PROFILES.get(name)


@every_service
def test_images_are_of_one_version(name: str) -> None:
    """A tag that moves would be another program tomorrow."""
    assert not SERVICES[name]["image"].endswith(":latest")
    assert ":" in SERVICES[name]["image"]


def test_our_own_containers_write_nowhere_but_where_they_must() -> None:
    """A root that cannot be written; state on a volume with a name, or gone with what ends by itself."""
    for name in ("consumer", *ONE_SHOTS):
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["tmpfs"] == "/tmp"  # noqa: S108 - where the image may write
    assert SERVICES["consumer"]["volumes"] == ["consumer-state:/state"]
    assert "\nVOLUME /state\n" in (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    for name in ONE_SHOTS:  # else each would leave a volume without a name behind
        assert SERVICES[name]["volumes"] == [{"type": "tmpfs", "target": "/state"}]


def test_our_image_is_built_once() -> None:
    """By the first that needs it: two builds of one tag at a time fail, and nobody asks a registry for it."""
    ours = {name for name, service in SERVICES.items() if service["image"] == "tweet-sentiment:local"}
    assert ours == {"consumer", *ONE_SHOTS}
    (builder,) = [name for name, service in SERVICES.items() if "build" in service]
    assert all(builder in {name, *_all_needed(name)} for name in ours)
    assert {SERVICES[name]["pull_policy"] for name in ours} == {"never"}
    assert SERVICES[builder]["build"]["args"] == {"BASE": f"${{BASE:-{_base()}}}"}


def _base() -> str:
    """What the Dockerfile stands on where nobody says otherwise."""
    text = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    (found,) = re.findall(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
    return str(found)


def test_data_outlive_their_container() -> None:
    """Each volume in use has a name."""
    used = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if isinstance(volume, str) and not volume.startswith("./")
    }
    assert used == set(COMPOSE["volumes"])


def test_the_example_holds_what_can_be_set() -> None:
    """Every variable with the default it has without; a setting's line is one to take the mark from."""
    variables = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert example == variables
    assert re.findall(r"(?<!\$)\$\{(?!\w+:-)", TEXT) == []
    marked = {line[2:].partition("=")[0] for line in lines if re.match(r"# [A-Z_]+=", line)}
    assert marked == {name for name, value in COMPOSE["x-settings"].items() if value is None}


def test_what_is_written_of_the_settings_is_current() -> None:
    """`make docs` writes it."""
    assert {path: path.read_text("utf-8") for path in generate.in_containers()} == generate.in_containers()


def test_every_setting_is_either_composes_own_or_can_be_set() -> None:
    """A new setting can be set by .env from its first day; the broker and the port outside are compose's."""
    known = {flags.variable(field) for field in Settings.model_fields}
    given = COMPOSE["x-settings"]
    passed_on = {name for name, value in given.items() if value is None and not name.startswith("OTEL_")}
    assert passed_on | compose.GIVEN == known
    assert passed_on & compose.GIVEN == set()
    assert given["KAFKA_BOOTSTRAP_SERVERS"] == "kafka:19092"
    assert {name for name, value in given.items() if value is not None} <= compose.GIVEN
    for name in ("consumer", "topics"):
        assert SERVICES[name]["environment"] == given
    assert set(SERVICES["producer_sim"]["environment"]) <= known


@pytest.fixture
def configured(tmp_path: Path, pytestconfig: pytest.Config) -> Callable[..., Mapping[str, str]]:
    """What compose itself makes of the file with a .env: a service's environment, unset names left out."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        not_run(pytestconfig, "docker compose is not installed")

    def read(env: str, service: str, **shell: str) -> Mapping[str, str]:
        path = tmp_path / ".env"
        path.write_text(env, "utf-8")
        words = ("--env-file", str(path), "--profile", "demo", "config")
        clean = {name: text for name, text in os.environ.items() if name not in COMPOSE["x-settings"]}
        done = subprocess.run(
            ["docker", "compose", "--file", str(ROOT / "docker-compose.yml"), *words],
            capture_output=True,
            text=True,
            check=False,
            env={**clean, **shell},
        )
        assert done.returncode == 0, done.stderr
        found = yaml.safe_load(done.stdout)["services"][service]["environment"]
        return {name: str(value) for name, value in found.items() if value is not None}

    return read


@pytest.mark.slow  # as all that needs Docker
def test_a_setting_in_env_reaches_the_consumer(configured: Callable[..., Mapping[str, str]]) -> None:
    """As it is typed, quotes and all; the shell goes before it, and what is compose's own stays."""
    bare = configured("", "consumer")
    assert set(bare) == {name for name, value in COMPOSE["x-settings"].items() if value is not None}
    env = (
        "MAX_BATCH_TOKENS=4096\nNEUTRAL_BAND=0.4,0.6\nHTTP_PORT=8090\nKAFKA_BOOTSTRAP_SERVERS=other:9092\n"
        "INPUT_TEXT_POINTER=/payload/body\nKAFKA_INPUT_TOPIC=others\nLOG_FORMAT=text\nDELIVERY=at_least_once\n"
    )
    wanted = {
        "MAX_BATCH_TOKENS": "8192",
        "NEUTRAL_BAND": "0.4,0.6",
        "INPUT_TEXT_POINTER": "/payload/body",
        "KAFKA_INPUT_TOPIC": "others",
        "LOG_FORMAT": "text",
        "DELIVERY": "at_least_once",
    }
    assert configured(env, "consumer", MAX_BATCH_TOKENS="8192") == {**bare, **wanted}
    assert configured(env, "topics")["KAFKA_INPUT_TOPIC"] == "others"
    assert configured(env, "producer_sim")["KAFKA_INPUT_TOPIC"] == "others"


@pytest.mark.slow  # as all that needs Docker
def test_the_example_as_it_stands_changes_nothing(configured: Callable[..., Mapping[str, str]]) -> None:
    """With every mark taken away it says what holds without it."""
    example = (ROOT / ".env.example").read_text("utf-8")
    assert configured(example, "consumer") == configured("", "consumer")
    settings = {name: value for name, value in compose.passed_on() if value}
    found = configured(
        "".join(f"{line}\n" for line in re.findall(r"^# ([A-Z_]+=.*)$", example, re.MULTILINE)), "consumer"
    )
    assert {name: found[name] for name in settings} == settings
