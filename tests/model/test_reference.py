"""``drift-reference.json``: read back as written, or refused with the field that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from consumer.errors import ModelRefusedError
from consumer.model.reference import NAME, Histogram, Reference, read_reference, write_reference

MADE = Reference(
    rows=10,
    set="drift_reference",
    signals={"score": Histogram((0.5, 1.0), (4, 6, 0)), "length_tokens": Histogram((8.0,), (7, 3))},
    positive_share=0.6,
    truncated_share=0.0,
    accuracy=0.8,
    mean_confidence=0.75,
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Bins, counts and shares come back as they were."""
    write_reference(tmp_path, MADE)
    assert read_reference(tmp_path) == MADE


def test_a_model_without_one(tmp_path: Path) -> None:
    """Older models and the original's have none; that is no fault."""
    assert read_reference(tmp_path) is None


def _set(*path: str, to: object) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_set("schema_version", to=2), "schema_version is 2, this consumer reads 1"),
        (_set("rows", to=0), "rows must be a whole number above 0"),
        (_set("rows", to=True), "rows must be a whole number above 0"),
        (_set("rows", to=11), "counts of score add up to 10, rows is 11"),
        (_set("set", to=None), "set must be a string"),
        (_set("signals", to={}), "signals an object with entries"),
        (_set("signals", "score", to=[]), "bins of score must be numbers"),
        (_set("signals", "score", "bins", to=[0.5, "1"]), "bins of score must be numbers"),
        (_set("signals", "score", "bins", to=[1.0, 0.5]), "bins of score must rise"),
        (_set("signals", "score", "counts", to=[4, 6]), "score needs 3 counts"),
        (_set("signals", "score", "counts", to=[4, 7, -1]), "score needs 3 counts"),
        (_set("positive_share", to=1.2), "positive_share must lie between 0 and 1"),
        (_set("accuracy", to=None), "accuracy must lie between 0 and 1"),
    ],
)
def test_each_field_is_checked(tmp_path: Path, change: Callable[[dict[str, Any]], None], reason: str) -> None:
    """A monitor that compared with nonsense would alarm on nothing, or on everything."""
    write_reference(tmp_path, MADE)
    content = json.loads((tmp_path / NAME).read_text())
    change(content)
    (tmp_path / NAME).write_text(json.dumps(content))
    with pytest.raises(ModelRefusedError, match=reason):
        read_reference(tmp_path)
