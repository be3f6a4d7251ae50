"""Which rows stand in which slice."""

from __future__ import annotations

import numpy as np
import pytest

from training.measure.slices import slices

CASES = {
    "link": "see http://t.co/x1?y=2 there",
    "mention": "@ann hello there",
    "hashtag": "so #happy today",
    "emoji": "what a day 😂",
    "question": "is it over",
    "capitals": "I LOVE it",
    "none of these": "SO it IS me@example.com &#39;ok&#39;",
}


@pytest.mark.parametrize("name", [name for name in CASES if name != "question"])
def test_a_text_is_in_the_slice_of_its_mark_alone(name: str) -> None:
    """One mark, one slice: neither link's question mark nor an entity's # nor ``SO`` counts."""
    found = set(slices([CASES[name]], ["made"]))
    assert {part for part in found if not part.startswith("length")} == {name}


def test_question_and_mention_and_capitals() -> None:
    """A text with several marks stands in several slices; capitals of a name or a hashtag are not shouted."""
    marks = {part for part in slices(["@BBC why? #NBA"], ["made"]) if not part.startswith("length")}
    assert marks == {"mention", "question", "hashtag"}
    assert "mention" in slices(["@user hi"], ["made"])


def test_broken_encodings_are_judged_as_meant() -> None:
    """An emoji that was read as Latin-1 is an emoji, an entity is one character."""
    assert "emoji" in slices(["\u00f0\u0178\u02dc\u201a fun"], ["made"])
    assert "length 1 to 40" in slices(["&amp;" * 40], ["made"])


@pytest.mark.parametrize(
    ("length", "band"),
    [(1, "1 to 40"), (40, "1 to 40"), (41, "41 to 80"), (120, "81 to 120"), (121, "over 120")],
)
def test_bands_of_length(length: int, band: str) -> None:
    """The last length of a band belongs to it."""
    assert f"length {band}" in slices(["a" * length], ["made"])


def test_every_row_has_one_length_and_one_source() -> None:
    """Bands and sources part the rows; one source alone is no slice."""
    texts = list(CASES.values()) * 3
    sources = ["a", "b", "c"] * len(CASES)
    found = slices(texts, sources)
    for kind in ("length", "source"):
        together = np.sum([mask for name, mask in found.items() if name.startswith(kind)], axis=0)
        assert (together == 1).all()
    assert found["source b"].tolist() == [source == "b" for source in sources]
    assert not [name for name in slices(texts, ["a"] * len(texts)) if name.startswith("source")]


def test_set_without_texts_has_no_slices() -> None:
    """Where nobody kept the texts there is nothing to slice."""
    assert slices([], []) == {}
