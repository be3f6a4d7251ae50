"""What ended the process while it was scored is remembered, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from consumer.batch import Item, StageClock
from consumer.caution import label_with_care
from consumer.label import LabelRule
from consumer.records import Outcome, Position, Prepared, Reason, Record, Reject, Stage, Tokens, Tweet
from consumer.suspicion import Suspicion
from tests.doubles import Clock, FirstIdScorer, record


class Death(BaseException):
    """The end of the process, as far as a test can have it."""


class Deadly(FirstIdScorer):
    """Ends the process where it is given a marked id; notes the size of each call."""

    def __init__(self, marked: int | None) -> None:
        super().__init__()
        self.marked = marked
        self.sizes: list[int] = []

    def logits(self, ids: Sequence[Sequence[int]]) -> Any:
        """As the others, but for the marked."""
        self.sizes.append(len(ids))
        if any(text[0] == self.marked for text in ids):
            raise Death
        return super().logits(ids)


def item(offset: int, value: bytes = b"{}") -> Item:
    """A prepared record whose first id is its offset."""
    return Prepared(record(value, offset), Tweet(str(offset), "x"), Tokens([offset, 1], truncated=False))


def batch(first: int, last: int) -> list[Item]:
    """Prepared records, and in between one that is rejected already."""
    return [
        Reject(record(b"", n), Stage.PARSE, Reason.INVALID_JSON, "x") if n == 3 else item(n)
        for n in range(first, last + 1)
    ]


class Life:
    """One process: it reads the file at its start; a death in it leaves the file as it is."""

    def __init__(self, path: Path, marked: int | None) -> None:
        self.scorer = Deadly(marked)
        self.suspicion = Suspicion(path)

    def label(self, items: Sequence[Item]) -> Outcome:
        """Score a batch; a death leaves no time to tidy up."""
        watch, after = StageClock(Clock()), self.suspicion._hold

        def hold(in_hand: Any) -> None:
            if in_hand is not None or not self.dead:
                after(in_hand)

        self.suspicion._hold = hold  # type: ignore[method-assign] # nothing is tidied up after a death
        return label_with_care(items, self.scorer, LabelRule(), watch, self.suspicion)

    @property
    def dead(self) -> bool:
        """Whether the last call was the last."""
        return (
            self.scorer.marked is not None
            and bool(self.scorer.sizes)
            and self.scorer.calls < len(self.scorer.sizes)
        )

    def dies(self, items: Sequence[Item]) -> list[int]:
        """Score a batch and die of it; the sizes of the calls on the way."""
        with pytest.raises(Death):
            self.label(items)
        return self.scorer.sizes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the memory lies."""
    return tmp_path / "state" / "scoring.json"


def offsets(found: Sequence[Any]) -> list[int]:
    """Of results or rejects."""
    return [one.record.offset for one in found]


def test_the_guilty_record_is_found_in_four_ends(path: Path) -> None:
    """Twice as a batch, twice record by record; then it is dead-lettered unscored, its mates are labelled."""
    items = batch(0, 9)
    assert Life(path, 6).dies(items) == [9]
    assert Life(path, 6).dies(items) == [9]
    assert Life(path, 6).dies(items) == [1, 1, 1, 1, 1, 1]  # 0 1 2 4 5 6
    assert Life(path, 6).dies(items) == [1, 1, 1, 1, 1, 1]
    last = Life(path, 6)
    found = last.label(items)
    assert offsets(found.results) == [0, 1, 2, 4, 5, 7, 8, 9]
    assert offsets(found.rejects) == [3, 6]
    (guilty,) = [reject for reject in found.rejects if reject.record.offset == 6]
    assert (guilty.stage, guilty.reason) == (Stage.SCORE, Reason.SCORER_FAILED)
    assert last.scorer.sizes == [1] * 8
    last.suspicion.committed([i.record.position for i in items])
    assert not path.exists()
    assert not Suspicion(path).any


def test_only_what_both_ends_have_in_common_is_scored_alone(path: Path) -> None:
    """Batches are cut anew at each start; the guilty record lies in all of them."""
    Life(path, 6).dies(batch(4, 8))
    Life(path, 6).dies(batch(5, 20))
    assert Life(path, 6).dies(batch(4, 20)) == [17 - 4, 1, 1]  # the others together; then 5, 6


def test_one_end_may_be_anything(path: Path) -> None:
    """A process that was killed once in the middle of scoring scores the batch whole again."""
    Life(path, 6).dies(batch(4, 8))
    again = Life(path, None)
    assert offsets(again.label(batch(4, 8)).results) == [4, 5, 6, 7, 8]
    assert again.scorer.sizes == [5]


def test_results_stay_in_order_and_are_the_same(path: Path) -> None:
    """Suspects that are scored after the others stand where they stood."""
    for _ in range(2):
        Life(path, 6).dies(batch(5, 6))
    careful = Life(path, None)
    found = careful.label(batch(4, 9))
    assert careful.scorer.sizes == [4, 1, 1]
    assert found.results == Life(path.with_name("none.json"), None).label(batch(4, 9)).results


def test_the_guilty_is_remembered_until_its_commit(path: Path) -> None:
    """A process that ends between the label and the commit does not have to find it again."""
    for _ in range(4):
        Life(path, 6).dies(batch(6, 7))
    assert offsets(Life(path, 6).label(batch(6, 7)).rejects) == [6]
    again = Life(path, 6)
    assert offsets(again.label(batch(6, 7)).rejects) == [6]
    again.suspicion.committed([Position("tweets", 1, 100)])  # another partition's
    assert again.suspicion.condemns(record(b"{}", 6))
    again.suspicion.committed([Position("tweets", 0, 6)])
    assert not again.suspicion.condemns(record(b"{}", 6))


def test_one_end_alone_convicts_nobody(path: Path) -> None:
    """Something else killed the process while a suspect was scored: it is scored again, and labelled."""
    for _ in range(3):
        Life(path, 6).dies(batch(6, 7))
    again = Life(path, None)
    assert offsets(again.label(batch(6, 7)).results) == [6, 7]
    assert again.scorer.sizes == [1, 1]


def test_another_record_at_the_same_place_is_not_condemned(path: Path) -> None:
    """A topic that is made anew begins anew at 0: what is there now has done nothing."""
    for _ in range(4):
        Life(path, 6).dies(batch(6, 6))
    new = Life(path, None)
    assert offsets(new.label([item(6, b'{"other": 1}')]).results) == [6]


def test_a_commit_does_not_rub_out_the_note_of_what_is_being_scored(path: Path) -> None:
    """Under a backlog one batch is committed while the next is scored."""
    Life(path, 6).dies(batch(6, 6))
    life = Suspicion(path)
    with life.scoring([record(b"{}", 8)]):
        life.committed([Position("tweets", 0, 6)])
        found = Suspicion(path)
    assert found.any
    assert not found.suspects(record(b"{}", 8))


def test_an_end_in_order_suspects_nothing(path: Path) -> None:
    """A stop, a broker that is gone: whatever is being scored meanwhile is not to blame."""
    suspicion = Suspicion(path)
    with suspicion.scoring([record()]):
        assert path.exists()
        suspicion.withdraw()
        assert not path.exists()
        with suspicion.scoring([record(b"{}", 1)]):
            assert not path.exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"ends": 1, "in_hand": null}', '{"ends": [{"ranges": [[]]}]}', "\x00"]
)
def test_a_file_that_cannot_be_read_says_nothing(
    path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The stream starts, and the log says so."""
    path.parent.mkdir()
    path.write_text(content, "utf-8")
    assert not Suspicion(path).any
    assert [r.message for r in caplog.records] == ["suspicion_unreadable"]


def test_a_disk_that_is_full_costs_the_memory_not_the_stream(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Said once; the batch is labelled all the same."""
    (tmp_path / "file").write_text("", "utf-8")  # a folder cannot be made below it, for root neither
    life = Life(tmp_path / "file" / "scoring.json", None)
    caplog.clear()
    for _ in range(2):
        assert offsets(life.label([item(1)]).results) == [1]
    assert [r.message for r in caplog.records] == ["suspicion_not_written"]


def test_records_that_are_not_scored_leave_no_note(path: Path) -> None:
    """A batch of rejects asks no scorer, so it cannot end the process."""
    suspicion = Suspicion(path)
    with suspicion.scoring(list[Record]()):
        assert not path.exists()
