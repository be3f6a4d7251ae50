"""docker-compose.yml: what every service has, and that .env.example holds what can be set."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from consumer.settings import Settings, flags
from tests.imports import ROOT

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
    """A root that cannot be written; state on a volume with a name."""
    for name in ("consumer", *ONE_SHOTS):
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["tmpfs"] == "/tmp"  # noqa: S108 - where the image may write
    assert SERVICES["consumer"]["volumes"] == ["consumer-state:/state"]


def test_data_outlive_their_container() -> None:
    """Each volume in use has a name."""
    used = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith("./")
    }
    assert used == set(COMPOSE["volumes"])


def test_the_example_holds_what_can_be_set() -> None:
    """Every variable with the default it has without."""
    variables = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert example == variables
    assert re.findall(r"(?<!\$)\$\{(?!\w+:-)", TEXT) == []


@pytest.mark.parametrize("name", ["consumer", *sorted(ONE_SHOTS)])
def test_settings_exist(name: str) -> None:
    """What is given to our programs is a setting of theirs."""
    known = {flags.variable(field) for field in Settings.model_fields}
    assert set(SERVICES[name]["environment"]) <= known
