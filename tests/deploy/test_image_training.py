"""The training image, built and run for real by Docker."""

from __future__ import annotations

import subprocess

import pytest

from tests.deploy.dockers import docker
from tests.imports import ROOT

NAME = "tweet-sentiment-test"
TAG = f"{NAME}-training"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def image(engine: None) -> str:
    """Built as `make image-training` does."""
    done = subprocess.run(
        ["make", "image-training", f"IMAGE={NAME}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return TAG


def test_its_user_trains_without_a_network(image: str) -> None:
    """User 10001, no rights: a small model from what ships to its numbers, written where it may write."""
    held = ("run", "--rm", "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    assert docker(*held, "--entrypoint", "id", image, "--user") == "10001"
    assert "commands:" in docker(*held, image, "--help")
    told = docker(*held, image, "small", "--epochs", "1")
    assert [line.split()[0] for line in told.splitlines()[-2:]] == ["weights", "numbers"]
