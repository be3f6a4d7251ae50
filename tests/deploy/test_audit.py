"""The audit's verdict: what is known, what is not, and what could not be asked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploy.audit import audit


def stand_in(code: int, says: str, prints: str = "") -> tuple[str, ...]:
    """A pip-audit that ends so."""
    program = f"import sys; print({prints!r}); sys.stderr.write({says!r}); sys.exit({code})"
    return (sys.executable, "-c", program)


@pytest.fixture(autouse=True)
def pins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in CI, unless a test says so."""
    monkeypatch.delenv("CI", raising=False)


def test_nothing_known_passes(capsys: pytest.CaptureFixture[str]) -> None:
    """With pip-audit's own word for it."""
    assert audit(stand_in(0, "No known vulnerabilities found\n")) == 0
    assert capsys.readouterr().out == "AUDIT PASSED: No known vulnerabilities found\n"


def test_a_known_fault_fails_and_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Which package, which version, which fault."""
    assert audit(stand_in(1, "Found 1 known vulnerability in 1 package\n", "h11 0.1 CVE-1")) == 1
    told = capsys.readouterr().out
    assert "h11 0.1 CVE-1" in told
    assert "AUDIT FAILED: Found 1 known vulnerability in 1 package" in told


@pytest.mark.parametrize(
    "command",
    [
        stand_in(1, "ERROR:pip_audit._cli:Could not connect to the vulnerability feed\n"),
        stand_in(2, "no such index"),
        stand_in(1, ""),
        ("/no/such/program",),
    ],
)
def test_what_could_not_be_asked_is_no_success(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """NOT RUN, with the reason; a failure in CI."""
    assert audit(command) == 0
    assert capsys.readouterr().out.startswith("AUDIT NOT RUN, because ")
    monkeypatch.setenv("CI", "true")
    assert audit(command) == 1


def test_one_that_never_ends_is_not_waited_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A database that does not answer."""
    assert audit((sys.executable, "-c", "import time; time.sleep(60)"), tmp_path, seconds=0.2) == 0
    assert "TimeoutExpired" in capsys.readouterr().out
