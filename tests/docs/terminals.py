"""The terminals of the tutorial: one shell's commands each, the last of which may go on until Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.docs.fences import Step
from tests.imports import ROOT

WAIT_SECONDS = 200.0  # for a busy machine; nothing waits longer than it must
LOOK_SECONDS = 0.2
# What differs from run to run: times, and fractions such as probabilities.
_VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), r"\d{4}-\d\d-\d\dT[\d:.]+Z"),
    (re.compile(r"\b\d\.\d{3,}\b"), r"\d(?:\.\d+)?"),
    (re.compile(r"…"), ".*"),
    (re.compile(r"\s+"), r"\s+"),
)


def pattern(line: str) -> str:
    """A regular expression for a line as a page prints it; ``…`` stands for anything."""
    found = [""]
    rest = line.strip()
    while rest:
        at, end, put = min(
            ((m.start(), m.end(), put) for varies, put in _VARIES if (m := varies.search(rest))),
            default=(len(rest), len(rest), ""),
        )
        found += [re.escape(rest[:at]), put]
        rest = rest[end:]
    return "".join(found)


def missing(expected: Sequence[str], printed: str) -> str | None:
    """The first expected line that is not printed behind those before it; None where all are."""
    lines = iter(printed.splitlines())
    for line in expected:
        if line.strip() != "…" and not any(re.fullmatch(pattern(line), said.strip()) for said in lines):
            return line
    return None


class Terminal:
    """One of them, in the checkout, with the environment that the test gives it."""

    def __init__(self, log: Path, environment: Mapping[str, str]) -> None:
        """``log`` takes what the command that goes on prints."""
        self._log, self._environment = log, {**os.environ, **environment}
        self._lasting: subprocess.Popen[bytes] | None = None

    def run(self, step: Step, *, again: bool = False) -> None:
        """A command that ends; ``again``: looked at again until it prints what it should."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            done = subprocess.run(
                ["bash", "-c", f"set -eo pipefail; {step.command}"],
                cwd=ROOT,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=WAIT_SECONDS,
                check=False,
            )
            lacks = missing(step.prints, done.stdout)
            if lacks is None or not again or time.monotonic() > deadline:
                break
            time.sleep(LOOK_SECONDS)
        assert (done.returncode, lacks) == (0, None), f"{step.command}\n{done.stdout}"

    def start(self, step: Step) -> None:
        """A command that goes on: returns when it has printed what it should."""
        with self._log.open("wb") as log:
            self._lasting = subprocess.Popen(
                ["bash", "-c", step.command],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches all of it, and nothing else
            )
        self._await(step)

    def interrupt(self, step: Step) -> None:
        """Ctrl-C: it ends in order, and says so."""
        assert self._lasting is not None
        os.killpg(self._lasting.pid, signal.SIGINT)
        assert self._lasting.wait(WAIT_SECONDS) == 0, self._said()
        assert missing(step.prints, self._said()) is None, self._said()
        self._lasting = None

    def close(self) -> None:
        """Nothing is left behind, however the test ended."""
        if self._lasting is not None and self._lasting.poll() is None:
            os.killpg(self._lasting.pid, signal.SIGTERM)
            self._lasting.wait(WAIT_SECONDS)

    def _await(self, step: Step) -> None:
        assert self._lasting is not None
        deadline = time.monotonic() + WAIT_SECONDS
        while missing(step.prints, self._said()) is not None:
            assert self._lasting.poll() is None, f"{step.command} ended:\n{self._said()}"
            assert time.monotonic() < deadline, f"{step.command}:\n{self._said()}"
            time.sleep(LOOK_SECONDS)

    def _said(self) -> str:
        return self._log.read_text("utf-8", "replace")
