"""Cleaning in other processes: the same keys in the same order, and no child outlives its parent."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import pytest

from tests.training.data.tables import chunked, many, state
from training.data.chunking import Options
from training.data.keyed import Keys, children, keyed, keys_of, sensible_children
from training.data.rows import Row
from training.data.split import place

BLOCKS = [[Row("0", f"day {n} of block {block}", "a") for n in range(40)] for block in range(7)]
BLOCKS[3][5] = Row("0", " ", "a")


@pytest.fixture(scope="module")
def two() -> Iterator[list[Connection]]:
    """Two children for all tests here."""
    with children(2) as pipes:
        yield pipes


@pytest.mark.parametrize("count", [0, 1, 2])
def test_keys_are_those_of_their_rows_in_order(two: list[Connection], count: int) -> None:
    """However many clean, each block comes back once, in its place, empty texts without a key."""
    found = list(keyed(BLOCKS, two[:count]))
    assert [block for block, _ in found] == BLOCKS
    wanted = [[place(row.text)[0] if row.text.strip() else None for row in block] for block in BLOCKS]
    assert [keys for _, keys in found] == wanted


def test_blocks_do_not_pile_up(two: list[Connection]) -> None:
    """Every child has a block to clean while there are any, and none waits in memory beside those."""
    taken = 0

    def counting() -> Iterator[list[Row]]:
        nonlocal taken
        for block in BLOCKS:
            taken += 1
            yield block

    for given, _ in enumerate(keyed(counting(), two), start=1):
        assert taken == min(given + len(two), len(BLOCKS))


class OneAtATime:
    """A pipe that is full when one block is in it."""

    def __init__(self) -> None:
        self.texts: list[str] | None = None

    def send(self, texts: list[str]) -> None:
        """Into an empty pipe alone."""
        assert self.texts is None
        self.texts = texts

    def recv(self) -> Keys:
        """The answer; the pipe is empty again."""
        texts, self.texts = self.texts, None
        assert texts is not None
        return keys_of(texts)


def test_no_pipe_holds_two_blocks() -> None:
    """Else parent and child could each wait for the other to take what it sends."""
    pipes = cast("list[Connection]", [OneAtATime() for _ in range(3)])
    assert [block for block, _ in keyed(BLOCKS, pipes)] == BLOCKS


def test_workers_do_not_change_the_result(tmp_path: Path) -> None:
    """The same bytes, manifest and all."""
    rows = many(9_000)
    chunked(tmp_path, Options(), 0, a=rows)
    alone = state(tmp_path / "out")
    chunked(tmp_path, Options(), 2, a=rows)
    assert state(tmp_path / "out") == alone


def test_a_child_that_dies_is_told() -> None:
    """Not a result short of a block, and not a wait without end."""
    others = set(multiprocessing.active_children())
    with children(1) as pipes:
        (child,) = set(multiprocessing.active_children()) - others
        found = keyed(iter(BLOCKS), pipes)
        next(found)
        child.kill()
        with pytest.raises(ChildProcessError, match="has died"):
            list(found)
    assert not child.is_alive()


def test_small_inputs_start_no_process() -> None:
    """A second of start-up would be most of the time."""
    assert sensible_children(1_000_000) == 0
