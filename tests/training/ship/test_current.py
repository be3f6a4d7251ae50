"""``CURRENT`` and its history."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.ship.current import PROMOTE, ROLLBACK, Entry, in_use, point, read_history, record, way_here


def entry(before: str | None, after: str, action: str = PROMOTE) -> Entry:
    """A change of the model in use."""
    return Entry("2026-01-02T03:04:05Z", action, before, after, (None, "1.0.0"), "better")


def test_what_was_recorded_is_read(tmp_path: Path) -> None:
    """In order, with reasons in any script."""
    entries = [entry(None, "one"), entry("one", "two")]
    for one in entries:
        record(tmp_path, one)
    assert read_history(tmp_path) == (entries, [])


@pytest.mark.parametrize("broken", ["{", "[]", '{"time": 3}', "\udcff", '{"after": 1}'])
def test_a_broken_line_is_told_and_passed_over(tmp_path: Path, broken: str) -> None:
    """The rest of the history still counts."""
    record(tmp_path, entry(None, "one"))
    with (tmp_path / "HISTORY.jsonl").open("ab") as file:
        file.write(broken.encode("utf-8", "surrogateescape") + b"\n")
    record(tmp_path, entry("one", "two"))
    entries, faults = read_history(tmp_path)
    assert [one.after for one in entries] == ["one", "two"]
    assert len(faults) == 1
    assert "line 2: not an entry" in faults[0]


def test_a_line_cut_short_does_not_take_the_next_along(tmp_path: Path) -> None:
    """A process killed while it wrote leaves a line without its end."""
    record(tmp_path, entry(None, "one"))
    with (tmp_path / "HISTORY.jsonl").open("ab") as file:
        file.write(b'{"time": "2026')
    record(tmp_path, entry("one", "two"))
    assert [one.after for one in read_history(tmp_path)[0]] == ["one", "two"]


@pytest.mark.parametrize(
    ("entries", "current", "way"),
    [
        ([], None, []),
        ([], "one", ["one"]),
        ([entry("zero", "one")], "one", ["zero", "one"]),
        ([entry(None, "a"), entry("a", "b"), entry("b", "c")], "c", ["a", "b", "c"]),
        ([entry(None, "a"), entry("a", "b"), entry("b", "a", ROLLBACK)], "a", ["a"]),
        (
            [entry(None, "a"), entry("a", "b"), entry("b", "a", ROLLBACK), entry("a", "c")],
            "c",
            ["a", "c"],
        ),
        ([entry(None, "a"), entry("a", "b"), entry("b", "a"), entry("a", "b", ROLLBACK)], "b", ["a", "b"]),
        ([entry(None, "a"), entry("a", "b")], "by_hand", ["a", "b", "by_hand"]),
        ([entry(None, "a"), entry("lost", "c")], "c", ["a", "lost", "c"]),
        # Entries whose move did not happen: of a promotion, of two, of the first, of a rollback.
        ([entry(None, "a"), entry("a", "b")], "a", ["a"]),
        ([entry(None, "a"), entry("a", "b"), entry("a", "c"), entry("a", "d")], "d", ["a", "d"]),
        ([entry(None, "a"), entry(None, "b")], "b", ["b"]),
        ([entry(None, "a"), entry("a", "b"), entry("b", "a", ROLLBACK)], "b", ["a", "b"]),
        (
            [entry(None, "a"), entry("a", "b"), entry("b", "a"), entry("a", "b", ROLLBACK)],
            "a",
            ["a", "b", "a"],
        ),
        # Moves without an entry: one back, and one back after a rollback that has one.
        ([entry(None, "a"), entry("a", "b"), entry("b", "c")], "b", ["a", "b"]),
        ([entry(None, "a"), entry("a", "b"), entry("b", "c"), entry("c", "b", ROLLBACK)], "a", ["a"]),
    ],
)
def test_the_way_here(entries: list[Entry], current: str | None, way: list[str]) -> None:
    """Rollbacks take promotions back; what did not happen does not count, what left no entry does."""
    assert way_here(entries, current) == way


def test_pointing_leaves_nothing_beside(tmp_path: Path) -> None:
    """One file, one line."""
    assert in_use(tmp_path) is None
    point(tmp_path, "one")
    point(tmp_path, "two")
    assert in_use(tmp_path) == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["CURRENT"]
