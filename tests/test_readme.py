"""What the documentation says is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from docs import generate
from tests.imports import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md")])
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def named(pattern: str, page: Path) -> set[str]:
    """All that a pattern finds in a page."""
    return set(re.findall(pattern, page.read_text("utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    """Whoever copies a `make` line out of the documentation gets what it says."""
    assert named(r"(?:`|^|\n)make ([a-z-]+)", page) - TARGETS == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    """Every `python -m package command` has its module."""
    missing = set()
    for package, command in re.findall(
        r"python -m (consumer|training|producer_sim)(?: ([a-z]+))?", page.read_text("utf-8")
    ):
        folder = ROOT / package / "cli" if package == "consumer" else ROOT / package
        module = folder / f"{command}.py" if command else ROOT / package / "__main__.py"
        if not module.is_file() and not (folder / command / "__init__.py").is_file():
            missing.add(f"{package} {command}".strip())
    assert missing == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    """Links between pages, and the files and folders of ours they speak of, are there."""
    linked = {page.parent / link for link in named(r"\]\((?!https?:|#)([^)#]+)", page)}
    spoken = {
        ROOT / path for path in named(r"`((?:consumer|tests|docs|deploy|producer_sim|\.ci)/[\w./-]+)`", page)
    }
    assert [str(path) for path in sorted(linked | spoken) if not path.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    """A promise that names its test is held by it."""
    promised: list[tuple[str, str]] = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", page.read_text("utf-8"))
    missing = [
        f"{path}::{name}" for path, name in promised if f"def {name}(" not in (ROOT / path).read_text("utf-8")
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_in_python_are_python(page: Path) -> None:
    """An example can be pasted into an interpreter."""
    for example in named(r"```python\n([\s\S]*?)```", page):
        ast.parse(example)


def test_the_table_of_settings_is_current() -> None:
    """What `make docs` would write is what stands there."""
    assert generate.SETTINGS.read_text("utf-8") == generate.settings_page()


def test_the_manual_of_the_commands_is_current() -> None:
    """Every command and flag stands in it, in the words of its own help."""
    assert generate.CLI.read_text("utf-8") == generate.cli_page()


def test_the_numbers_of_the_model_are_its_own() -> None:
    """What the README says of the model stands in the folder that is in use."""
    assert generate.README.read_text("utf-8") == generate.readme()


def test_the_readme_fits_one_screen_and_a_bit() -> None:
    """A stranger reads it to the end; what is longer stands under docs/."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 100
