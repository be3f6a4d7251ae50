"""A scorer that hangs ends its process; one that answers, or raises, does not."""

from __future__ import annotations

import subprocess
import sys

from tests.imports import ROOT

BEGINNING = """
import re, time
from consumer.scoring.watchdog import Watched
from tests.doubles import ConstantScorer, FailingScorer
"""


def run(code: str) -> tuple[int, str]:
    """Exit code and standard error of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_call_that_hangs_with_the_interpreters_lock_ends_the_process() -> None:
    """With 1, and with every thread's stack: no thread of ours could run any more to say so."""
    code, said = run("""
class Clutching(ConstantScorer):
    def logits(self, ids):
        re.match(r"(a+)+$", "a" * 60 + "b")

Watched(Clutching(), 0.5).logits([[1]])
""")
    assert code == 1
    assert said.startswith("Timeout (0:00:00.500000)!")
    assert "in logits" in said


def test_an_answer_in_time_calls_the_watchdog_off() -> None:
    """Also where it is an exception; what comes after takes as long as it takes."""
    code, said = run("""
assert Watched(ConstantScorer(3.0), 0.5).logits([[1]]).tolist() == [3.0]
try:
    Watched(FailingScorer({1}), 0.5).logits([[1]])
except RuntimeError:
    time.sleep(1.5)
    raise SystemExit(7)
""")
    assert (code, said) == (7, "")


def test_padded_tokens_and_the_end_are_the_scorers() -> None:
    """Whoever holds it need not know."""
    code, said = run("""
from unittest.mock import Mock
scorer = Mock(padded_tokens=9)
watched = Watched(scorer, 60)
assert watched.padded_tokens == 9
watched.close()
scorer.close.assert_called_once_with()
""")
    assert (code, said) == (0, "")
