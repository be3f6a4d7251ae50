"""The house's rules that no linter knows."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from tests.imports import PACKAGES, ROOT, imports, modules
from tests.not_run import not_run

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PINS = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)

MACHINE_PATH = re.compile(r"(?<![\w.~}-])/(?:(?:home|Users)/[A-Za-z]\w*|root|work)/")
REGISTRY = re.compile(
    r"pypi\.org|files\.pythonhosted|repo\d*\.maven|registry\.npmjs|proxy\.golang|deb\.debian"
)


@pytest.fixture(scope="module")
def kept(pytestconfig: pytest.Config) -> list[Path]:
    """The text files that git keeps or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        not_run(pytestconfig, "this is not a git checkout")
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["machine-path", "registry"])
def test_no_file_names_one_machine_or_one_registry(kept: list[Path], pattern: re.Pattern[str]) -> None:
    """The checkout works in any folder, behind any package mirror."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in kept
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_every_exception_from_a_rule_has_its_reason(kept: list[Path]) -> None:
    """A reader of a `noqa` or a `type: ignore` learns why, on the same line."""
    bare = re.compile(r"#\s*(?:noqa(?::\s*[A-Z0-9, ]+)?|type:\s*ignore(?:\[[\w, -]+\])?)\s*$")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in kept
        if path.suffix == ".py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if bare.search(line)
    ]
    assert found == []


def names(requirements: list[str]) -> set[str]:
    """The packages that a list of requirements names, without us."""
    return {normal(re.split(r"[\[<>=~!;]", item)[0]) for item in requirements} - {PROJECT["project"]["name"]}


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


LIGHT = names(PROJECT["project"]["dependencies"])
EXTRA = {name: names(items) for name, items in PROJECT["project"]["optional-dependencies"].items()}
ASKED_BY = {
    "consumer": LIGHT,
    "producer_sim": LIGHT,
    "docs": LIGHT | EXTRA["docs"] | {"confluent-kafka"},  # an example's client
    "deploy": LIGHT | EXTRA["broker"] | EXTRA["dashboards"],
    "training": LIGHT | EXTRA["training"] | EXTRA["tensorflow"] | EXTRA["hub"],
    "tests": LIGHT.union(*EXTRA.values()),
}

# Loaded only when asked for; where the extra is missing, the error names it.
ASK_BY_NAME = ("consumer.scoring.tensorflow", "consumer.model.download", "consumer.monitoring.tracing")


def test_every_declared_package_is_pinned() -> None:
    """An installation of today and one of next year get the same versions."""
    assert LIGHT.union(*EXTRA.values()) - {normal(name) for name, _ in PINS} == set()


def test_every_imported_package_is_declared() -> None:
    """Nothing works only because something else happens to bring a package along."""
    carriers = packages_distributions()
    undeclared = {
        f"{module} imports {top}"
        for module, path in modules().items()
        for top in {named.partition(".")[0] for named in imports(module, path)} - sys.stdlib_module_names
        if top not in PACKAGES and module not in ASK_BY_NAME
        if not ASKED_BY[module.partition(".")[0]] & {normal(name) for name in carriers.get(top, [])}
    }
    assert undeclared == set()


def test_tensorflow_and_pytorch_are_never_installed_together() -> None:
    """In one process they crash."""
    assert {"torch", "pytorch"} & {name.lower() for name, _ in PINS} == set()


def test_the_main_commands_exist() -> None:
    """The targets that people and pipelines call are there, and `make help` explains each."""
    targets = set(re.findall(r"^([a-z-]+):.*## \S", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    wanted = "help setup lint type test test-all demo demo-compose bench kafka train clean"
    assert set(wanted.split()) - targets == set()
