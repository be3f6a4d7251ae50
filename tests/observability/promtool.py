"""Prometheus' own tool, as a check."""

from __future__ import annotations

import subprocess


def promtool(*words: str) -> None:
    """Run it; its own words in the failure."""
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
