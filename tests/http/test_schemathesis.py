"""The interface keeps what its OpenAPI document promises, as schemathesis sees it from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doubles import ConstantScorer
from tests.http.asking import served
from tests.not_run import not_run

PROGRAM = Path(sys.executable).with_name("schemathesis")
CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = "40"


def test_schemathesis_finds_no_fault(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """All its checks, on every operation: good data and bad, wrong methods, each answer's status and form."""
    if not PROGRAM.exists():
        not_run(pytestconfig, "schemathesis is not installed")
    with served(tmp_path, ConstantScorer()) as web:
        done = subprocess.run(
            [
                *(
                    PROGRAM,
                    "--config-file",
                    CONFIG,
                    "run",
                    f"http://127.0.0.1:{web.server.port}/openapi.json",
                ),
                *("--checks", "all", "--max-examples", EXAMPLES, "--seed", "7", "--no-color"),
            ],
            cwd=tmp_path,  # it keeps what it found there
            env=os.environ | {"PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-6000:]
    assert "Tested: 6" in told
