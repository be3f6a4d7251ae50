"""The manual of the offline package: one style, the consumer's."""

from __future__ import annotations

import argparse
import importlib

import pytest

from training.__main__ import COMMANDS, main

SAY_RESULTS = {
    "evaluate",
    "promote",
    "rollback",
    "list",
    "push",
}  # the others' results are the files they write


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is broken within a word."""
    monkeypatch.setenv("COLUMNS", "1000")


def manual(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `COMMAND --help` prints, on one line."""
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.tensorflow  # most commands load it
@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_it_does_and_its_defaults(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What its file says, on top; a default in brackets, and no word where there is none."""
    told = manual(name, capsys)
    assert f"`training {name}" in told
    assert "(default" not in told
    assert "``" not in told
    assert "[None]" not in told
    assert "[False]" not in told


def test_a_default_stands_in_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    """As in the consumer's help."""
    assert "the folder that holds CURRENT [Models]" in manual("list", capsys)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", sorted(SAY_RESULTS))
def test_what_prints_a_result_can_say_it_to_a_program(name: str) -> None:
    """By --json, as the consumer's commands do."""
    parser = argparse.ArgumentParser()
    importlib.import_module(f"training.{name}").add_arguments(parser)
    assert "--json" in parser._option_string_actions
