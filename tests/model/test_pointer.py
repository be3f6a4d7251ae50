"""The pointer to the model: whether it moved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.model.pointer import Pointer
from training.ship.current import point


def _renamed(models: Path) -> None:
    point(models, "b")


def _renamed_to_the_same(models: Path) -> None:
    point(models, "a")


def _written_in_place(models: Path) -> None:
    (models / "CURRENT").write_text("another\n")


def _removed(models: Path) -> None:
    (models / "CURRENT").unlink()


@pytest.mark.parametrize("move", [_renamed, _renamed_to_the_same, _written_in_place, _removed])
def test_every_way_of_moving_it_shows(tmp_path: Path, move: Callable[[Path], None]) -> None:
    """By `promote`, by hand, or gone; and then it stands again."""
    point(tmp_path, "a")
    pointer = Pointer(tmp_path / "CURRENT")
    before = pointer.mark()
    assert pointer.mark() == before
    move(tmp_path)
    after = pointer.mark()
    assert after != before
    assert pointer.mark() == after


def test_a_link_is_as_good_as_what_it_leads_to(tmp_path: Path) -> None:
    """A mounted configuration is changed by turning a link to another folder."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        point(tmp_path / name, "a")
    (tmp_path / "now").symlink_to("one")
    (tmp_path / "CURRENT").symlink_to("now/CURRENT")
    pointer = Pointer(tmp_path / "CURRENT")
    before = pointer.mark()
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(tmp_path / "now")
    assert pointer.mark() != before


def test_what_it_says_is_short_enough_for_a_log(tmp_path: Path) -> None:
    """Whatever stands in it, or nothing."""
    pointer = Pointer(tmp_path / "CURRENT")
    assert pointer.names() == ""
    pointer.path.write_bytes(b"\xff" * 1_000)
    assert len(pointer.names()) == 80
    point(tmp_path, "a")
    assert pointer.names() == "a"
