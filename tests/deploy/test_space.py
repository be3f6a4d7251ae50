"""The how-to for a host of one port: what such a host reads is what it expects."""

from __future__ import annotations

import re

import yaml

from tests.imports import ROOT

PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}  # of a Space's card


def test_the_head_of_the_readme_is_a_docker_spaces() -> None:
    """Kind, port and card, by the names and values that Spaces know; the port is the image's own."""
    (head,) = re.findall(r"^---\n(title:.*?)^---$", PAGE, re.MULTILINE | re.DOTALL)
    found = yaml.safe_load(head)
    assert set(found) == {"title", "emoji", "colorFrom", "colorTo", "sdk", "app_port", "pinned"}
    assert found["sdk"] == "docker"
    assert {found["colorFrom"], found["colorTo"]} <= COLOURS
    assert re.search(
        rf"^EXPOSE {found['app_port']}$", (ROOT / "deploy/Dockerfile").read_text("utf-8"), re.MULTILINE
    )


def test_its_dockerfile_serves() -> None:
    """The image as it was pushed, with another command."""
    (lines,) = re.findall(r"^(FROM .*\nCMD .*)$", PAGE, re.MULTILINE)
    assert lines.splitlines()[1] == 'CMD ["serve"]'
