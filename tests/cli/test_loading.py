"""What every command does before it has a model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from consumer.__main__ import main


def test_a_state_dir_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 with the setting's name, not a traceback from deep inside the runtime."""
    file = tmp_path / "a file"
    file.write_text("in the way")
    monkeypatch.setenv("STATE_DIR", str(file))
    assert main(["score", "hello"]) == 2
    assert "STATE_DIR" in capsys.readouterr().err


def test_score_without_texts_and_without_input_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A closed standard input is said so."""
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["score"]) == 2
    assert "no texts" in capsys.readouterr().err
