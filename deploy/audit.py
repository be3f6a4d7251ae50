"""`make audit`: known faults of the pinned packages, by pip-audit; NOT RUN, loudly, where it cannot be told.

pip-audit runs in an environment of its own, which `uv` makes and keeps: it is no part of ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).parents[1] / "requirements.txt"
COMMAND = (sys.executable, "-m", "uv", "tool", "run", "pip-audit", "--progress-spinner", "off")
SECONDS = 300.0
_FOUND = "known vulnerabilit"  # in what pip-audit says, singular and plural, when it found some


def audit(command: tuple[str, ...] = COMMAND, pins: Path = PINS, seconds: float = SECONDS) -> int:
    """Ask about each pin; 0 none known, 1 some known, else it was not run: a failure in CI alone."""
    asked = [*command, "--requirement", str(pins), "--no-deps", "--disable-pip"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return _not_run(type(error).__name__)
    if done.returncode == 0:
        print(f"AUDIT PASSED: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''}")
        return 0
    if _FOUND in done.stderr.lower():
        print(done.stdout)
        print(f"AUDIT FAILED: {done.stderr.strip().splitlines()[-1]}")
        return 1
    words = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return _not_run(words[-1] if words else f"pip-audit ended with {done.returncode}")


def _not_run(because: str) -> int:
    print(f"AUDIT NOT RUN, because pip-audit or its database was not reached: {because[:300]}")
    return 1 if os.environ.get("CI", "").lower() not in {"", "0", "false"} else 0


if __name__ == "__main__":
    sys.exit(audit())
