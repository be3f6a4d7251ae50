"""The examples' packages: each at one version, from whatever registry the reader uses."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

from tests.imports import ROOT

EXAMPLES = ROOT / "docs" / "examples"
EXACT = re.compile(r"\d+(\.\d+)+")
POM = "{http://maven.apache.org/POM/4.0.0}"


@pytest.mark.parametrize("name", ["kafka_python", "confluent_kafka"])
def test_a_python_example_has_the_version_it_is_tested_with(name: str) -> None:
    """The pin of `requirements.txt`, and nothing else."""
    (pin,) = (EXAMPLES / name / "requirements.txt").read_text("utf-8").split()
    assert pin.partition("==")[0] == name.replace("_", "-")
    pins = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert pin in [line.partition(" ;")[0] for line in pins]


def test_the_node_example_is_locked() -> None:
    """Every package by version and hash; no registry's address, so that `npm ci` asks the reader's own."""
    wanted = json.loads((EXAMPLES / "node" / "package.json").read_text("utf-8"))["dependencies"]
    text = (EXAMPLES / "node" / "package-lock.json").read_text("utf-8")
    locked = json.loads(text)["packages"]
    assert locked.pop("")["dependencies"] == wanted
    assert {name.removeprefix("node_modules/") for name in locked} >= set(wanted)
    for package in locked.values():
        assert EXACT.fullmatch(package["version"])
        assert package["integrity"].startswith("sha512-")
    assert "://" not in text
    assert "omit-lockfile-registry-resolved=true" in (EXAMPLES / "node" / ".npmrc").read_text("utf-8")


def test_the_java_example_names_every_version() -> None:
    """Dependencies and the plugins that run; a range, or a plugin left to Maven, would move."""
    pom = ET.parse(EXAMPLES / "java" / "pom.xml").getroot()  # noqa: S314 - our own file
    pinned = [*pom.iter(f"{POM}dependency"), *pom.iter(f"{POM}plugin")]
    versions = {one.findtext(f"{POM}artifactId"): one.findtext(f"{POM}version") or "" for one in pinned}
    assert {name for name, version in versions.items() if not EXACT.fullmatch(version)} == set()
    ran = {
        "maven-resources-plugin",
        "maven-compiler-plugin",
        "exec-maven-plugin",
    }  # by `compile`, `exec:java`
    assert ran <= set(versions)
