"""Figures are drawn from an evaluation's file alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from PIL import Image

from tests.training.measure.made import TRAINING, content, model_of, write_folder
from training.measure.evaluation_file import plain
from training.measure.figures import curves
from training.measure.figures.album import LOSS, NAMES, SAMPLES, draw_all
from training.measure.samples import samples
from training.measure.view import view


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """An evaluation as its file holds it."""
    found: dict[str, Any] = plain(content(model_of(Path("Models/made"))))
    return found


@pytest.fixture(scope="module")
def album(made: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every figure, drawn once."""
    folder = tmp_path_factory.mktemp("album")
    model = write_folder(folder / "made")
    return draw_all(view(made), TRAINING, samples(model), folder / "Figures")


def test_every_figure_is_drawn(album: dict[str, Path]) -> None:
    """The original's five, the reliability diagram and the histograms."""
    assert set(album) == set(NAMES)
    assert len(NAMES) == 7


@pytest.mark.parametrize("name", NAMES)
def test_figure_is_a_small_picture_of_something(album: dict[str, Path], name: str) -> None:
    """A readable PNG of several colours, at most 150 KB, without a date or a version in it."""
    path = album[name]
    assert path.stat().st_size <= 150_000
    with Image.open(path) as picture:
        picture.load()
        assert picture.format == "PNG"
        assert not picture.info
        assert picture.width > 600
        assert picture.height > 150
        colours = picture.convert("RGB").getcolors(1 << 16) or []
    assert len(colours) > 15
    assert max(count for count, _ in colours) < 0.98 * picture.width * picture.height


def test_same_numbers_same_bytes(album: dict[str, Path], made: dict[str, Any], tmp_path: Path) -> None:
    """Drawn again, under another's settings, a figure is the same file; with another number another."""
    with mpl.rc_context({"axes.edgecolor": "red", "lines.markersize": 20}):  # a matplotlibrc
        again = draw_all(view(made), TRAINING, [], tmp_path)
    assert SAMPLES not in again
    assert all(path.read_bytes() == album[name].read_bytes() for name, path in again.items())
    changed = [dict(entry, train_loss=0.1) for entry in TRAINING["history"]]
    other = draw_all(None, {"history": changed}, [], tmp_path)
    assert set(other) == {LOSS}
    assert other[LOSS].read_bytes() != album[LOSS].read_bytes()


def test_histograms_count_the_neutral_rows_that_they_show(
    made: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows drawn, where the other figures count those with one of the two labels."""
    titles: dict[str, float] = {}
    monkeypatch.setattr(curves, "titled", lambda name, rows: titles.setdefault(name, rows) and name)
    seen = view(made)
    curves.score_histograms(seen, tmp_path / "drawn.png")
    assert titles == {name: sum(map(sum, seen.curves(name)["histogram"].values())) for name in seen.drawn}
    assert any(rows > seen.numbers(name)["n"] for name, rows in titles.items())


def test_sets_without_curves_are_left_out(made: dict[str, Any], tmp_path: Path) -> None:
    """An evaluation of numbers alone draws nothing rather than failing."""
    numbers = {"back_ends": made["back_ends"]}
    assert draw_all(view(numbers), {}, [], tmp_path) == {}


def test_undefined_numbers_draw(tmp_path: Path) -> None:
    """A set of one label has gaps in its curves; the figures show the rest."""
    from tests.training.measure.test_evaluation_file import one_label  # noqa: PLC0415 - one builder for both

    drawn = draw_all(view(plain(one_label())), {}, [], tmp_path)
    assert len(drawn) == 5
