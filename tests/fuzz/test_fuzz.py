"""Any bytes become a result or a dead letter with a true reason, soon; and the judge of that is not blind."""

from __future__ import annotations

import importlib.util
import itertools
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.batch import Rules, label
from consumer.parse import MAX_VALUE_BYTES, parse
from consumer.records import Reason, Record, Reject, Tweet
from tests.doubles import FirstIdScorer, small_tokeniser
from tests.fuzz import course, judge
from tests.fuzz.course import FaultError, Tally, run
from tests.fuzz.ugly import UNITS, filled, inputs
from tests.imports import ROOT
from tests.not_run import not_run

SEED, COUNT = 5, 4_000
WHOLE = {"result", "empty_after_cleaning", "too_large"} | {
    r for r in Reason if r.name.startswith(("IN", "MISS", "NOT"))
}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """With a small tokeniser."""
    return Rules(small_tokeniser(tmp_path_factory.mktemp("tokeniser")))


def test_ugly_inputs_of_every_kind(rules: Rules) -> None:
    """None raises, none takes a second, each is what it must be; and every outcome there is occurs."""
    tally = Tally()
    run(itertools.islice(inputs(SEED), COUNT), rules, FirstIdScorer(), tally)
    assert tally.inputs == COUNT == tally.outcomes.total()
    assert tally.outcomes.keys() == WHOLE


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
def test_64_kib_of_one_thing(rules: Rules, unit: str) -> None:
    """What costs time by the square shows here."""
    run([filled(unit, MAX_VALUE_BYTES)], rules, FirstIdScorer(), Tally())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
tweets = st.fixed_dictionaries(
    {},
    optional={"id": json_values, "id_str": json_values, "text": st.text() | json_values, "data": json_values},
)
characters = st.text(st.characters(), max_size=200)  # lone surrogates, too


@given(
    value=st.one_of(
        st.binary(max_size=300),
        json_values.map(lambda v: json.dumps(v).encode()),
        tweets.map(lambda v: json.dumps(v).encode()),
        characters.map(lambda t: json.dumps({"id": 1, "text": t}).encode()),
        characters.map(
            lambda t: json.dumps({"id": 1, "text": t}, ensure_ascii=False).encode("utf-8", "surrogatepass")
        ),
    )
)
def test_whatever_hypothesis_thinks_of(rules: Rules, value: bytes) -> None:
    """The same of inputs that nobody thought of, cut down to the smallest that fails."""
    run([value], rules, FirstIdScorer(), Tally())


def test_the_same_seed_gives_the_same_inputs() -> None:
    """A run that fails can be run again."""
    first, again, other = (list(itertools.islice(inputs(seed), 200)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (b"x" * 65_537, {"too_large"}),
        (b"\xff", {"invalid_utf8"}),
        (b"{", {"invalid_json"}),
        (b"[" * 60_000, {"invalid_json"}),
        (b"[]", {"not_an_object"}),
        (b'{"id_str": null, "text": "x"}', {"missing_id"}),
        (b'{"id": 1.0, "text": "x"}', {"invalid_id"}),
        (b'{"id": 1, "full_text": null}', {"missing_text"}),
        (b'{"data": {"id": 1, "text": []}}', {"invalid_text"}),
        (b'{"id": 1, "text": "so good"}', {"result"}),
        (b'{"id": 1, "text": "https://t.co/x \\u200b"}', {"result", "empty_after_cleaning"}),
    ],
)
def test_the_judge_knows_what_must_be(value: bytes, wanted: set[str]) -> None:
    """Worked out by hand, once for each outcome."""
    assert judge.allowed(value) == wanted


def judged(rules: Rules, value: bytes, scorer: Any = None) -> FaultError:
    """The fault that is found in what becomes of an input."""
    with pytest.raises(FaultError) as found:
        run([value], rules, scorer or FirstIdScorer(), Tally())
    assert found.value.value == value
    return found.value


def broken(wrong: Any) -> Any:
    """Parsing with a fault in it."""
    return mock.patch("consumer.batch.parse", lambda record, *rest: wrong(record, parse(record, *rest)))


def test_an_untrue_reason_is_found(rules: Rules) -> None:
    """A dead letter that says something else than what is wrong."""

    def wrong(_record: Record, found: Any) -> Any:
        return replace(found, reason=Reason.INVALID_ID) if isinstance(found, Reject) else found

    with broken(wrong):
        assert "became invalid_id, not invalid_utf8" in str(judged(rules, b"\xff"))


def test_a_crash_a_leak_and_a_mix_up_are_found(rules: Rules) -> None:
    """Parsing that raises, that quotes its input, and that gives another tweet."""

    def raises(_record: Record, _found: Any) -> Any:
        raise RecursionError

    def leaks(_record: Record, found: Any) -> Any:
        return replace(found, message="not JSON: confidential")

    def mixes(_record: Record, found: Any) -> Any:
        return Tweet(found.id, found.text + "!")

    sound = b'{"id": 1, "text": "so good"}'
    for wrong, value, said in (
        (raises, sound, "raised RecursionError"),
        (leaks, b"confidential", "repeats what the record says"),
        (mixes, sound, "of another tweet"),
    ):
        with broken(wrong):
            assert said in str(judged(rules, value))


def test_a_stall_is_found(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    """By processor time, so that a busy machine is none."""
    monkeypatch.setattr(course, "STALL_SECONDS", 0.2)

    def slow(_record: Record, found: Any) -> Any:
        began = time.process_time()
        while time.process_time() - began < 0.25:
            pass
        return found

    run([b"{}"], rules, FirstIdScorer(), Tally())
    with broken(slow):
        assert "took 0.2" in str(judged(rules, b"{}"))


def test_a_probability_that_cannot_be_is_found(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result is judged by its numbers, too."""
    monkeypatch.setattr("consumer.batch.confidence", lambda _label, _p: 1.5)
    assert "no sound label" in str(judged(rules, b'{"id": 1, "text": "so good"}'))


def test_a_record_that_gets_lost_is_found(rules: Rules) -> None:
    """Every input is accounted for."""

    def lossy(*arguments: Any) -> Any:
        return replace(label(*arguments), results=())

    with (
        mock.patch("tests.fuzz.course.label", lossy),
        pytest.raises(AssertionError, match="1 inputs became 0 results and 0 letters"),
    ):
        run([b'{"id": 1, "text": "so good"}'], rules, FirstIdScorer(), Tally())


@pytest.mark.slow
def test_guided_fuzzing_runs(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """A few thousand inputs that are led by the code they reach."""
    if importlib.util.find_spec("atheris") is None:
        not_run(pytestconfig, "atheris is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", "-runs=3000", "-seed=1", f"-artifact_prefix={tmp_path}/"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "Done 3000 runs" in done.stderr
