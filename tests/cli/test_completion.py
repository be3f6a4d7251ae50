"""Completion: what a shell offers is what the command line takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from consumer.__main__ import main
from consumer.cli.commands import COMMANDS, INSTALLED
from consumer.cli.completion import SHELLS
from consumer.settings import Settings, flags

_ASK = """
source "$1"
shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_shtab_tweet_sentiment "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `completion bash` prints, in a file."""
    path = tmp_path_factory.mktemp("completion") / "bash"
    done = subprocess.run(
        [sys.executable, "-m", "consumer", "completion", "bash"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    path.write_text(done.stdout, "utf-8")
    return str(path)


def offered(script: str, *words: str) -> set[str]:
    """What a real bash offers for the last word."""
    done = subprocess.run(
        ["bash", "-c", _ASK, "bash", script, INSTALLED, *words], stdout=subprocess.PIPE, text=True, check=True
    )
    return set(done.stdout.split())


def test_bash_offers_commands_and_their_actions(script: str) -> None:
    """All of them, and after some letters those that fit."""
    assert set(COMMANDS) <= offered(script, "")
    assert offered(script, "sc") == {"score", "schema"}
    assert offered(script, "dlq", "") >= {"list", "show", "replay"}


def test_bash_offers_flags_and_their_words(script: str) -> None:
    """A command's own, a flag a setting, and the words a flag takes."""
    assert "--replication-factor" in offered(script, "topics", "--re")
    assert {flags.flag(name) for name in Settings.model_fields} <= offered(script, "check", "--")
    assert {flags.flag(name) for name in Settings.model_fields} <= offered(script, "--")
    assert offered(script, "schema", "--json-schema", "output") == {"output", "output-headers"}
    assert offered(script, "completion", "") >= set(SHELLS)


@pytest.mark.parametrize("shell", [pytest.param(name, marks=pytest.mark.needs_tool(name)) for name in SHELLS])
def test_each_shell_takes_in_what_is_printed(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the manual says, without a word of complaint; afterwards it knows the command."""
    assert main(["completion", shell]) == 0
    (tmp_path / "printed").write_text(capsys.readouterr().out, "utf-8")
    taken = SHELLS[shell].replace(f"{INSTALLED} completion {shell}", "cat printed")
    before, known = {
        "bash": ("", f"complete -p {INSTALLED}"),
        "zsh": ("autoload -U compinit; compinit -u -D", f"echo $_comps[{INSTALLED}]"),
    }[shell]
    done = subprocess.run(
        [shell, "-c", f"{before}\n{taken}\n{known}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "_shtab_tweet_sentiment" in done.stdout


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the ones there are."""
    assert main(["completion", "fish"]) == 2
    assert "'bash', 'zsh'" in capsys.readouterr().err
