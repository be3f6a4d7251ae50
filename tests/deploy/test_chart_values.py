"""The chart's values: each documented, each held to its kind, each name real."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from consumer.settings import Settings, flags
from docs import chart, generate

VALUES = list(chart.values(chart.VALUES.read_text("utf-8")))
GROUPED = yaml.safe_load(chart.VALUES.read_text("utf-8"))
# Groups of the file; every other map is a value of its own.
GROUPS = {value.path[:depth] for value in VALUES for depth in range(1, len(value.path))}


def leaves(tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each value with its path, as a YAML reader has it."""
    for name, value in tree.items():
        if (*path, name) in GROUPS:
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value


def test_the_file_is_read_as_helm_reads_it() -> None:
    """The table knows every value, with its default, and no other."""
    assert [(value.path, value.default) for value in VALUES] == list(leaves(GROUPED))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.name)
def test_every_value_is_explained(value: chart.Value) -> None:
    """In a sentence that ends."""
    assert value.meaning.endswith(".")


def test_table_and_schema_are_current() -> None:
    """`make docs` writes them."""
    assert generate.CHART_VALUES.read_text("utf-8") == chart.table()
    assert chart.SCHEMA.read_text("utf-8") == chart.schema()


def test_every_setting_is_either_the_charts_own_or_can_be_given() -> None:
    """A new setting can be set in a cluster from its first day; a secret never stands in a ConfigMap."""
    offered = set(json.loads(chart.schema())["properties"]["settings"]["properties"])
    fields = Settings.model_fields.items()
    secret = {flags.variable(name) for name, field in fields if flags.is_secret(field)}
    assert chart.GIVEN - secret <= {flags.variable(name) for name in Settings.model_fields}
    assert offered | chart.GIVEN | secret == {flags.variable(name) for name in Settings.model_fields}
    assert offered & (chart.GIVEN | secret) == set()


def test_a_line_that_the_table_would_miss_is_told() -> None:
    """Rather than left out of it."""
    with pytest.raises(ValueError, match="line 2"):
        list(chart.values("a: 1\n- b\n"))
