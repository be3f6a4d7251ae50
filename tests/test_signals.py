"""What is watched of a tweet, and the bins it is counted in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.signals import SIGNALS, count, read_pieces
from consumer.tokenise import Tokeniser
from tests.models.tiny import VOCABULARY, write_tokeniser


@given(st.sampled_from(sorted(SIGNALS)), st.lists(st.floats(0, 200, allow_nan=False), max_size=30))
def test_every_value_is_counted_once_and_under_its_bound(signal: str, values: list[float]) -> None:
    """As Prometheus counts: in the first bin whose bound is not exceeded, above all bounds in the last."""
    bounds = SIGNALS[signal]
    counts = count(values, bounds)
    assert len(counts) == len(bounds) + 1
    for place, bound in enumerate(bounds):
        assert sum(counts[: place + 1]) == sum(value <= bound for value in values)
    assert sum(counts) == len(values)


def test_bounds_rise() -> None:
    """A bin has a lower and an upper end."""
    for bounds in SIGNALS.values():
        assert list(bounds) == sorted(set(bounds))


def test_shares_leave_out_the_ends(tmp_path: Path) -> None:
    """Of good + [UNK] + day + ##s, with [CLS] and [SEP]: one in four unknown, one in four goes on."""
    write_tokeniser(tmp_path)
    ids = Tokeniser(tmp_path / "tokenizer.json", 32)(["good π days"])[0].ids
    assert [VOCABULARY[i] for i in ids] == ["[CLS]", "good", "[UNK]", "day", "##s", "[SEP]"]
    assert read_pieces(tmp_path / "tokenizer.json").shares(ids) == (0.25, 0.25)


def test_an_empty_text_has_no_shares(tmp_path: Path) -> None:
    """Nothing is divided by nothing."""
    write_tokeniser(tmp_path)
    assert read_pieces(tmp_path / "tokenizer.json").shares([2, 3]) == (0.0, 0.0)


@pytest.mark.parametrize("content", ["{}", "[]", '{"model": {"vocab": 3}}'])
def test_a_tokeniser_without_a_vocabulary_is_named(tmp_path: Path, content: str) -> None:
    """The file stands in the message."""
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"tokenizer\.json: lists no vocabulary"):
        read_pieces(path)


def test_pieces_know_the_whole_vocabulary(tmp_path: Path) -> None:
    """Every id has an answer."""
    write_tokeniser(tmp_path)
    pieces = read_pieces(tmp_path / "tokenizer.json")
    vocabulary = json.loads((tmp_path / "tokenizer.json").read_text())["model"]["vocab"]
    assert len(pieces.unknown) == len(pieces.continued) == len(vocabulary)
    assert pieces.unknown.sum() == 1
