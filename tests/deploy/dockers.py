"""Docker's command line, in the checkout."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from tests.imports import ROOT

BASE = "python:3.11-slim"


def docker(*words: str, check: bool = True, settings: Mapping[str, str] | None = None) -> str:
    """What it prints; its own words in the failure."""
    done = subprocess.run(
        ["docker", *words],
        cwd=ROOT,
        env={**os.environ, **(settings or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
