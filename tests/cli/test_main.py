"""The command line: what it refuses, in which words, with which code."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from consumer import __main__ as entry
from consumer import __version__, settings
from consumer.cli.commands import COMMANDS, Parser, find
from consumer.errors import BrokerGoneError, ConfigurationError, FencedError, ModelRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable


def command(run: Callable[[argparse.Namespace], int]) -> SimpleNamespace:
    """A command's file with nothing but this in it."""
    return SimpleNamespace(SUMMARY="a command", add_arguments=lambda _parser: None, run=run)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which commands were loaded; none of them does anything."""
    names: list[str] = []

    def load(name: str) -> SimpleNamespace:
        names.append(name)
        return command(lambda _args: 0)

    monkeypatch.setattr(entry, "find", load)
    return names


@pytest.mark.parametrize("words", [[], ["--scorer", "openvino"], ["run"]])
def test_without_a_command_the_stream_runs(asked: list[str], words: list[str]) -> None:
    """`python -m consumer` is `python -m consumer run`, also with flags."""
    assert entry.main(words) == 0
    assert asked == ["run"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["chek"], "did you mean check?"),
        (["nonsense"], "unknown command 'nonsense'"),
        (["run", "--max-batch-mesages", "5"], "did you mean --max-batch-messages?"),
        (["run", "--max-batch-mesages=5"], "did you mean --max-batch-messages?"),
        (["run", "--max-batch-mess", "5"], "did you mean --max-batch-messages?"),
        (["run", "stray"], "unexpected argument 'stray'"),
        (["run", "--scorer"], "expected one argument"),
    ],
)
def test_a_wrong_word_is_refused_with_the_right_one(
    asked: list[str], capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    """Exit 2 and one line; abbreviations are refused, since a new flag would break them."""
    assert entry.main(words) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigurationError, 2), (ModelRefusedError, 3), (BrokerGoneError, 4), (FencedError, 5)],
)
def test_an_error_is_one_line_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: type[Exception], code: int
) -> None:
    """A supervisor reads the code, a person the line; a traceback is for the unforeseen."""

    def fail(_args: argparse.Namespace) -> int:
        raise error("what happened")

    monkeypatch.setattr(entry, "find", lambda _name: command(fail))
    assert entry.main(["check"]) == code
    assert capsys.readouterr().err == "error: what happened\n"


def test_the_unforeseen_is_told_without_what_it_quotes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 and one line: class, place and cause. A message may quote a tweet or a secret."""

    def fail(_args: argparse.Namespace) -> int:
        known: dict[str, int] = {}
        try:
            return known["a tweet of mine"]
        except KeyError as error:
            raise RuntimeError("cannot use 'a tweet of mine'") from error

    monkeypatch.setattr(entry, "find", lambda _name: command(fail))
    assert entry.main(["check"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: not foreseen: builtins.RuntimeError at test_main.py:")
    assert line.endswith("; caused by builtins.KeyError")
    assert "tweet" not in line


def test_an_interrupt_is_silent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C on a command leaves no traceback."""

    def interrupt(_args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "find", lambda _name: command(interrupt))
    assert entry.main(["check"]) == 130
    assert capsys.readouterr().err == ""


def test_the_version_and_the_overview_need_no_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They work where everything else is misconfigured."""
    monkeypatch.setenv("HTTP_PORT", "x")
    assert entry.main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out
    assert entry.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in COMMANDS)


def test_the_manual_of_a_command_holds_all_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """--help is the manual."""
    with pytest.raises(SystemExit) as done:
        entry.main(["topics", "--help"])
    assert done.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')}" in shown for name in settings.Settings.model_fields)


def test_the_settings_command_prints_the_table_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    """What the README embeds comes from one place."""
    assert entry.main(["settings", "--markdown"]) == 0
    assert capsys.readouterr().out == settings.table()


def test_a_reader_that_has_seen_enough_is_no_fault() -> None:
    """`| head` ends the command quietly, with 0."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "consumer", "settings", "--markdown"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


RESULTLESS = {"run", "serve", "completion"}  # they write logs, or what a shell reads


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in RESULTLESS])
def test_what_has_a_result_can_say_it_to_a_program(name: str) -> None:
    """Every such command, and every action of one, takes --json."""
    parser = Parser(prog=name)
    find(name).add_arguments(parser)
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    parsers = [own for action in actions for own in action.choices.values()] or [parser]
    assert all("--json" in own._option_string_actions for own in parsers)
