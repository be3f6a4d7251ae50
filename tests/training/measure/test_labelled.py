"""Labelled files as sets to measure on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from consumer.errors import ModelRefusedError
from consumer.scoring.scorer import Logits
from consumer.tokenise import Tokeniser
from tests.models.tiny import write_tokeniser
from training.data.rows import BadInputError
from training.measure.labelled import read_labelled, read_together, score


@pytest.fixture
def tokeniser(tmp_path: Path) -> Tokeniser:
    """A small vocabulary."""
    write_tokeniser(tmp_path)
    return Tokeniser(tmp_path / "tokenizer.json", 16)


class Lengths:
    """Scores a text by its length; one of ``broken`` pieces is no number."""

    padded_tokens = 0

    def __init__(self, broken: int = -1) -> None:
        self.broken = broken

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """A logit a text."""
        return np.array([np.nan if len(t) == self.broken else len(t) for t in ids], np.float32)

    def close(self) -> None:
        """Nothing to free."""


def test_rows_by_what_they_are(tmp_path: Path, tokeniser: Tokeniser) -> None:
    """Binary rows with label, text as it came and source; neutral ones apart; empty ones left out."""
    path = tmp_path / "mixed.csv"
    path.write_text(
        'target,text,source\n4,"good, day",a\n2,the day,b\n0,@bob bad,b\n0,http://t.co/x,a\n2,,b\n'
    )
    rows = read_labelled(path, tokeniser)
    assert rows.name == "mixed"
    assert rows.labels.tolist() == [1, 0]
    assert rows.texts == ["good, day", "@bob bad"]
    assert rows.sources == ["a", "b"]
    assert len(rows.neutral_ids) == 1
    assert rows.sample(1, seed=0).texts == [
        rows.texts[rows.labels.tolist().index(rows.sample(1, 0).labels[0])]
    ]


def test_sample_keeps_rows_together(tmp_path: Path, tokeniser: Tokeniser) -> None:
    """Ids, label, text and source of a sampled row are one row's, in file order."""
    path = tmp_path / "many.csv"
    lines = [f"{4 * (i % 2)},{'good ' * (i + 1)},{i}" for i in range(9)]
    path.write_text("target,text,source\n" + "\n".join(lines) + "\n")
    sample = read_labelled(path, tokeniser).sample(5, seed=2)
    for ids, label, text, source in zip(sample.ids, sample.labels, sample.texts, sample.sources, strict=True):
        assert len(ids) - 2 == len(text.split()) == int(source) + 1
        assert label == int(source) % 2
    assert sample.sources == sorted(sample.sources)
    assert len(sample.ids) == 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("target,text\n2,fine\n", "no row labelled 0 or 4"),
        ("target,text\n4,http://t.co/x\n", "no row"),
    ],
)
def test_nothing_to_measure_is_named(text: str, reason: str, tmp_path: Path, tokeniser: Tokeniser) -> None:
    """An empty file, only neutral rows, only rows that cleaning empties."""
    path = tmp_path / "none.csv"
    path.write_text(text)
    with pytest.raises(BadInputError, match=rf"none\.csv.*{reason}"):
        read_labelled(path, tokeniser)


def test_scores_in_order() -> None:
    """More texts than one call takes, in their order; none at all are none."""
    ids = [[1] * (i % 7 + 1) for i in range(5000)]
    assert score(Lengths(), ids).tolist() == [len(text) for text in ids]
    assert len(score(Lengths(), [])) == 0


def test_score_that_is_no_number_is_refused() -> None:
    """A broken model is not measured as if it were a bad one."""
    with pytest.raises(ModelRefusedError, match="no number for 1 of 3 texts"):
        score(Lengths(broken=2), [[1], [1, 2], [1, 2, 3]])


def test_of_several_files_each_counts_alike(tmp_path: Path, tokeniser: Tokeniser) -> None:
    """Rows in the files' order; those of a small file weigh more, the mean is 1."""
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_text("target,text\n4,good\n2,the day\n")
    large.write_text("target,text\n" + "0,bad\n" * 2 + "4,love\n")
    rows, weights = read_together([small, large], tokeniser)
    assert (rows.name, rows.texts) == ("small+large", ["good", "bad", "bad", "love"])
    assert rows.labels.tolist() == [1, 0, 0, 1]
    assert weights.tolist() == pytest.approx([2.0, 2 / 3, 2 / 3, 2 / 3])
