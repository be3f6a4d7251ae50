"""A missing tool is never a quiet pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDY = """
import pytest

@pytest.mark.needs_tool("no-such-program")
@pytest.mark.parametrize("number", range(2))
def test_needy(number):
    raise AssertionError("must not begin")

@pytest.mark.needs_tool("sh")
def test_content():
    pass
"""


def _run(folder: Path, *options: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "test_needy.py").write_text(NEEDY)
    line = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-W", "ignore"]
    line += ["--rootdir", str(folder), "-c", "/dev/null", *options, str(folder)]
    environment = {"PATH": "/usr/bin:/bin", "CI": ci}
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)


def test_a_missing_tool_is_reported_loudly(tmp_path: Path) -> None:
    """The summary counts the tests not run for each reason; the others ran."""
    done = _run(tmp_path)
    assert "NOT RUN: 2, because no-such-program is not installed" in done.stdout
    assert "1 passed, 2 skipped" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(("options", "ci"), [(["--all-tools"], ""), ([], "true")])
def test_a_missing_tool_fails_where_all_must_be_there(tmp_path: Path, options: list[str], ci: str) -> None:
    """With --all-tools, and in CI, the same test fails."""
    done = _run(tmp_path, *options, ci=ci)
    assert "1 passed, 2 errors" in done.stdout
    assert done.returncode == 1
