"""What one pass takes, and in which order, follows from seed and pass alone."""

from __future__ import annotations

import csv
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from consumer.tokenise import Tokeniser
from tests.models.tiny import write_labelled, write_tokeniser
from training.data import mixture
from training.data.batches import Example, bucketed
from training.data.mixture import Labelled, Mixture, Position, endless, held_out, read_slice, survey
from training.data.rows import BadInputError
from training.data.split import place, split_of


def files(*rows: int) -> tuple[Labelled, ...]:
    """Files that are nowhere, of so many rows."""
    return tuple(Labelled(Path(f"{number}.csv"), count, "") for number, count in enumerate(rows))


def taken(one: Mixture, seed: int = 0, epoch: int = 0) -> Counter[tuple[Path, int]]:
    """How often each row is taken in a pass."""
    groups = one.groups(seed, epoch)
    return Counter((part.file.path, row) for group in groups for part in group for row in part.rows)


def test_without_new_files_a_pass_takes_every_row_once() -> None:
    """In another order in every pass and for every seed, the same for the same."""
    one = Mixture(files(*[1000] * 30))
    assert len(taken(one)) == 30_000
    assert set(taken(one).values()) == {1}
    assert one.groups(7, 0) == one.groups(7, 0)
    assert one.groups(7, 0) != one.groups(7, 1)
    assert one.groups(7, 0) != one.groups(8, 0)


def test_rows_in_memory_at_a_time_are_bounded() -> None:
    """However many there are."""
    sizes = [sum(len(p.rows) for p in group) for group in Mixture(files(*[1000] * 1600)).groups(0, 0)]
    assert max(sizes) <= mixture.ROWS_TOGETHER + 1000


@pytest.mark.parametrize(("share", "old"), [(0.5, 3000), (0.25, 1000), (0.0, 0), (0.9, 8000)])
def test_new_rows_are_all_taken_and_old_ones_by_their_share(share: float, old: int) -> None:
    """The share of the whole; all old rows where there are not enough."""
    new = (Labelled(Path("new.csv"), 3000, ""),)
    rows = taken(Mixture(files(*[1000] * 8), new, share))
    assert sum(count for (path, _), count in rows.items() if path == Path("new.csv")) == 3000
    assert sum(count for (path, _), count in rows.items() if path != Path("new.csv")) == old
    assert set(rows.values()) == {1}


def test_every_group_has_new_and_old_rows() -> None:
    """So that what is new and what is old is learnt together, not one after the other."""
    new = (Labelled(Path("new.csv"), 30_000, ""),)
    for group in Mixture(files(*[1000] * 60), new, 0.5).groups(0, 0):
        names = [part.file.path.name == "new.csv" for part in group]
        assert any(names)
        assert not all(names)


def test_other_passes_bring_other_old_rows_to_mind() -> None:
    """A share of one pass is not the same hundred rows for ever."""
    one = Mixture(files(*[100] * 50), (Labelled(Path("new.csv"), 300, ""),), 0.5)
    assert taken(one, epoch=0) != taken(one, epoch=1)


def test_new_rows_of_a_held_out_split_do_not_train(tmp_path: Path) -> None:
    """The same text never stands on both sides, whichever file it comes in."""
    path = write_labelled(tmp_path / "new.csv", 400, seed=3)
    found = survey(path, checked=True)
    kept = read_slice(mixture.Slice(found, range(found.rows)))
    left = list(held_out(path))
    assert len(kept) == found.rows < 400
    assert len(kept) + len(left) == 400
    assert {split_of(place(row.text)[1]) for row in kept} == {"train"}
    assert "train" not in {split_of(place(row.text)[1]) for row in left}


def test_neutral_rows_are_not_counted(tmp_path: Path) -> None:
    """They have no label to learn."""
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("target", "text"), ("0", "a"), ("2", "b"), ("4", "c")])
    found = survey(path)
    assert found.rows == 2
    assert [row.text for row in read_slice(mixture.Slice(found, range(1, 2)))] == ["c"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Before training."""
    with pytest.raises(BadInputError, match=r"none\.csv: no such file"):
        survey(tmp_path / "none.csv")


@pytest.fixture
def chunks(tmp_path: Path) -> Mixture:
    """Five small chunks, three of which fit in memory at a time."""
    return Mixture(tuple(survey(write_labelled(tmp_path / f"{n}.csv", 20, seed=n)) for n in range(5)))


def test_a_position_leads_to_the_same_batches(
    chunks: Mixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From any place of the order on, over the ends of groups and passes."""
    monkeypatch.setattr(mixture, "ROWS_TOGETHER", 40)
    write_tokeniser(tmp_path)
    batches = endless(chunks, Tokeniser(tmp_path / "tokenizer.json", 32), 6, seed=1)
    way = [item for item, _ in zip(batches(Position()), range(40), strict=False)]
    assert max(position.epoch for position, _ in way) >= 2
    assert max(position.group for position, _ in way) >= 1
    for start in range(0, 39, 5):
        position, (batch,) = next(batches(way[start][0]))
        (expected,) = way[start + 1][1]
        assert position == way[start + 1][0]
        assert (batch.input_ids == expected.input_ids).all()
        assert (batch.labels == expected.labels).all()


def test_files_without_a_usable_row_are_refused_not_looped_over(tmp_path: Path) -> None:
    """Rows that are empty after cleaning make no batch, pass after pass."""
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("target", "text"), ("0", " "), ("4", "\u200b")])
    write_tokeniser(tmp_path)
    batches = endless(Mixture((survey(path),)), Tokeniser(tmp_path / "tokenizer.json", 32), 2, seed=1)
    with pytest.raises(BadInputError, match="nothing to train on"):
        next(batches(Position()))


def examples(count: int) -> list[Example]:
    """Examples told apart by their first id, of one to forty ids."""
    rng = random.Random(5)
    return [Example([n, *([1] * rng.randint(0, 39))], n % 2, 1.0 + n) for n in range(count)]


def test_a_batch_holds_texts_of_like_length_with_their_labels_and_weights() -> None:
    """Little padding, and every row keeps what belongs to it."""
    given = examples(320)
    padded = 0
    for (batch,) in bucketed(given, 32, random.Random(0)):
        padded += batch.input_ids.size
        for row, number in enumerate(batch.input_ids[:, 0]):
            one = given[number]
            assert batch.attention_mask[row].sum() == len(one.ids)
            assert (batch.labels[row], batch.weights[row]) == (one.label, one.weight)
    assert padded < 1.3 * sum(len(one.ids) for one in given)


def test_what_fills_no_batch_is_left_out_by_chance_not_by_length() -> None:
    """The longest texts would otherwise never train."""
    given = examples(70)
    longest = max(range(70), key=lambda n: len(given[n].ids))
    seen = [
        {int(n) for (batch,) in bucketed(given, 32, random.Random(seed)) for n in batch.input_ids[:, 0]}
        for seed in range(20)
    ]
    assert {len(one) for one in seen} == {64}
    assert sum(longest in one for one in seen) > 10


def test_fewer_rows_than_a_batch_make_one() -> None:
    """A tiny set trains too."""
    assert [len(batch.labels) for (batch,) in bucketed(examples(5), 32, random.Random(0))] == [5]


def test_a_batch_of_many_tokens_comes_in_parts_that_count_for_their_share() -> None:
    """No part has more padded tokens than asked for; the batches are the same, each with all its rows."""
    given = examples(320)
    plain = [batch for (batch,) in bucketed(given, 32, random.Random(0))]
    cut = list(bucketed(given, 32, random.Random(0), 512))
    parts = [part for batch in cut for part in batch]
    assert max(batch.input_ids.size for batch in plain) > 512 >= max(part.input_ids.size for part in parts)
    assert len(parts) > len(cut) == len(plain) == 10
    for whole, batch in zip(plain, cut, strict=True):
        rows = [int(n) for part in batch for n in part.input_ids[:, 0]]
        assert sorted(rows) == sorted(whole.input_ids[:, 0].tolist())
    for part in parts:
        share = len(part.labels) / 32
        expected = [given[int(n)].weight * share for n in part.input_ids[:, 0]]
        np.testing.assert_allclose(part.weights, expected, rtol=1e-6)


def test_a_text_longer_than_asked_for_is_a_part_of_its_own() -> None:
    """It trains all the same."""
    given = examples(8)
    batches = list(bucketed(given, 4, random.Random(0), 1))
    assert [[len(part.labels) for part in parts] for parts in batches] == [[1] * 4] * 2
