"""The audit's verdict: what is known, what is not, and what could not be asked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploy.audit import audit

NONE = (0, "No known vulnerabilities found\n")
SOME = (1, "Found 1 known vulnerability in 1 package\n")


def stand_in(canary: tuple[int, str], pins: tuple[int, str]) -> tuple[str, ...]:
    """A pip-audit that ends so, asked about the version with a fault and about the pins."""
    program = (
        "import sys; asked = sys.argv[sys.argv.index('--requirement') + 1]; print('h11 0.1 CVE-1'); "
        f"code, says = {canary!r} if asked.endswith('canary.txt') else {pins!r}; "
        "sys.stderr.write(says); sys.exit(code)"
    )
    return (sys.executable, "-c", program)


@pytest.fixture(autouse=True)
def outside_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a test says so."""
    monkeypatch.delenv("CI", raising=False)


def test_nothing_known_passes(capsys: pytest.CaptureFixture[str]) -> None:
    """With pip-audit's own word for it."""
    assert audit(stand_in(SOME, NONE)) == 0
    assert capsys.readouterr().out == "AUDIT PASSED: No known vulnerabilities found\n"


def test_a_known_fault_fails_and_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Which package, which version, which fault."""
    assert audit(stand_in(SOME, SOME)) == 1
    told = capsys.readouterr().out
    assert told.startswith("AUDIT FAILED\nFound 1 known vulnerability in 1 package")
    assert "h11 0.1 CVE-1" in told


@pytest.mark.parametrize(
    "command",
    [
        stand_in(NONE, NONE),  # a mirror that knows packages but no faults
        stand_in(SOME, (1, "ERROR:pip_audit._cli:Could not connect to the vulnerability feed\n")),
        stand_in(SOME, (0, "")),
        stand_in((2, "no such index"), NONE),
        stand_in((1, ""), NONE),
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
