"""Which rows of a set are alike: by length, by what stands in them, by where they came from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from consumer.clean import (
    remove_urls,
    repair_mojibake,
    replace_mentions,
    spell_out_emoji,
    unescape_html,
    unwrap_hashtags,
)
from training.measure.weighted import Booleans

ALL = "all"
NOTHING = "none of these"
_LAST_OF_BAND = (40, 80, 120)  # characters as they came; a tweet had at most 140 when these were written
_SHOUTED = re.compile(r"\b[A-Z]{3,}\b")


def has_link(text: str) -> bool:
    """Whether cleaning would remove a link."""
    return remove_urls(text) != text


def has_mention(text: str) -> bool:
    """Whether a user is named; also where the name was replaced already.

    >>> has_mention("thanks @bob"), has_mention("@user hi"), has_mention("me@example.com")
    (True, True, False)
    """
    return replace_mentions(text.replace("@user", "@someone")) != text.replace("@user", "@someone")


def has_hashtag(text: str) -> bool:
    """Whether cleaning would unwrap a hashtag."""
    return unwrap_hashtags(text) != text


def has_emoji(text: str) -> bool:
    """Whether cleaning would spell out an emoji."""
    return spell_out_emoji(text) != text


def has_question(text: str) -> bool:
    """Whether there is a question mark outside a link.

    >>> has_question("really?"), has_question("http://t.co/?a=1")
    (True, False)
    """
    return "?" in remove_urls(text)


def has_capitals(text: str) -> bool:
    """Whether a word of at least three letters is in capitals, outside links, names and hashtags.

    >>> has_capitals("I am SO tired"), has_capitals("LOVE it"), has_capitals("@BBC says hi #NBA")
    (False, True, False)
    """
    spoken = re.sub(r"[@#]\w+", " ", remove_urls(text))
    return _SHOUTED.search(spoken) is not None


MARKS: dict[str, Callable[[str], bool]] = {
    "link": has_link,
    "mention": has_mention,
    "hashtag": has_hashtag,
    "emoji": has_emoji,
    "question": has_question,
    "capitals": has_capitals,
}


def slices(texts: Sequence[str], sources: Sequence[str]) -> dict[str, Booleans]:
    """Name → mask (n,), of the slices that have rows; texts are judged as they were meant.

    A source is a slice only where there are several.
    """
    meant = [repair_mojibake(unescape_html(text)) for text in texts]
    found = dict(_bands([len(text) for text in meant]))
    marks = {name: np.array([test(text) for text in meant], bool) for name, test in MARKS.items()}
    found |= marks | {NOTHING: ~np.logical_or.reduce(list(marks.values()))}
    names = np.array(sources, dtype=object)
    if len(set(sources)) > 1:
        found |= {f"source {name}": names == name for name in sorted(set(sources))}
    return {name: mask for name, mask in found.items() if mask.any()}


def _bands(lengths: Sequence[int]) -> Iterator[tuple[str, Booleans]]:
    band = np.searchsorted(_LAST_OF_BAND, lengths)  # 40 belongs to the first band
    first = 1
    for number, last in enumerate(_LAST_OF_BAND):
        yield f"length {first} to {last}", band == number
        first = last + 1
    yield f"length over {_LAST_OF_BAND[-1]}", band == len(_LAST_OF_BAND)
