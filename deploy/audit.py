"""`make audit`: known faults of the pinned packages, by pip-audit; NOT RUN, loudly, where it cannot be told.

pip-audit runs in an environment of its own, which `uv` makes and keeps: it is no part of ours. A mirror of a
package index may answer without the faults, so a version that has some is asked about first.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PINS = Path(__file__).parents[1] / "requirements.txt"
COMMAND = (sys.executable, "-m", "uv", "tool", "run", "pip-audit", "--progress-spinner", "off")
SECONDS = 300.0
CANARY = "requests==2.19.0"  # CVE-2018-18074
_FOUND = "known vulnerabilit"  # in what pip-audit says when it found some, one or several
_NONE = "no known vulnerabilit"


class NotRunError(Exception):
    """Nothing is known of the pins; the message says why."""


def audit(command: tuple[str, ...] = COMMAND, pins: Path = PINS, seconds: float = SECONDS) -> int:
    """Ask about each pin; 0 none known, 1 some known, else it was not run: a failure in CI alone."""
    try:
        _try_database(command, seconds)
        faulty, told = _ask(command, pins, seconds)
    except NotRunError as error:
        print(f"AUDIT NOT RUN, because pip-audit or its database was not reached: {str(error)[:300]}")
        return 1 if os.environ.get("CI", "").lower() not in {"", "0", "false"} else 0
    print(f"AUDIT FAILED\n{told}" if faulty else f"AUDIT PASSED: {told}")
    return int(faulty)


def _try_database(command: tuple[str, ...], seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        canary = Path(folder, "canary.txt")
        canary.write_text(f"{CANARY}\n", "utf-8")
        if not _ask(command, canary, seconds)[0]:
            raise NotRunError(f"its database knows no fault of {CANARY}, so it is none")


def _ask(command: tuple[str, ...], pins: Path, seconds: float) -> tuple[bool, str]:
    """Whether faults are known of these, and pip-audit's words; raises ``NotRunError``."""
    asked = [*command, "--requirement", str(pins), "--no-deps", "--disable-pip", "--strict"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotRunError(type(error).__name__) from error
    words = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    last = words[-1] if words else f"pip-audit ended with {done.returncode}"
    if done.returncode == 0 and _NONE in last.lower():
        return False, last
    if done.returncode == 1 and _FOUND in last.lower():
        return True, f"{last}\n{done.stdout.strip()}"
    raise NotRunError(last)


if __name__ == "__main__":
    sys.exit(audit())
