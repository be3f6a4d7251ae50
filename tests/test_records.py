"""The nouns keep the contract with those who read our topics."""

from __future__ import annotations

import dataclasses

import pytest

from consumer.records import Label, Position, Reason, Stage, Tokens
from tests.doubles import record


def test_the_reasons_of_dead_letters_are_the_documented_ones() -> None:
    """Operators filter on these words: the list is closed."""
    assert {reason.value for reason in Reason} == {
        "invalid_utf8",
        "invalid_json",
        "not_an_object",
        "missing_id",
        "invalid_id",
        "missing_text",
        "invalid_text",
        "too_large",
        "empty_after_cleaning",
        "scorer_failed",
        "result_too_large",
    }


def test_stages_and_labels_are_the_documented_ones() -> None:
    """Both stand in what we publish."""
    assert {stage.value for stage in Stage} == {"parse", "clean", "tokenise", "score", "publish"}
    assert {label.value for label in Label} == {"positive", "negative", "neutral"}


def test_a_position_is_topic_partition_and_offset() -> None:
    """It identifies a result for ever."""
    assert record(offset=42, partition=1).position == Position("tweets", 1, 42)


def test_a_record_does_not_change_on_its_way() -> None:
    """What goes to the dead-letter topic is what came in."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        record().value = b""  # type: ignore[misc] # the promise is that this fails


def test_tokens_are_as_long_as_their_ids() -> None:
    """Batches are bounded by this length."""
    assert len(Tokens([101, 5, 102], truncated=False)) == 3
