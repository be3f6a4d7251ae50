"""A tweet without what points at a person: mentions, links, e-mail addresses, telephone and other numbers.

It begins with the cleaning that the model's texts get, so that nothing hides behind an HTML entity, a
full-width digit or an invisible letter. Rather too much goes than too little: a text is kept to be
understood, not to be quoted. What is written in plain words, a name above all, stays.

Every step is linear in the length of the text, also on hostile input.
"""

from __future__ import annotations

import re

from consumer.clean import clean

_LINK = re.compile(r"://|\w\.[^\W\d_]{2,}")  # a scheme, or a name with a dot in it
_NUMBER = re.compile(r"\d[\d().,:/+-]*")
_SAME_AGAIN = re.compile(r"(<number>)(?:[ ().,:/+-]*<number>)+")
_PUT_IN = ("<e-mail>", "<mention>", "<link>", "<number>")
_BRACKETS = str.maketrans("<>", "()")  # or a text could feign what was put in here


def anonymise(text: str) -> str:
    """The text for the sample log.

    >>> anonymise("@ann call 0170 / 123-45 or mail ann.b@example.org, see https://t.co/x example.com/ann")
    '<mention> call <number> or mail <e-mail> see <link>'
    """
    words = [_word(word) for word in clean(text).translate(_BRACKETS).split()]
    joined = " ".join(
        word
        for word, before in zip(words, ["", *words], strict=False)
        if word != before or word not in _PUT_IN
    )
    return _SAME_AGAIN.sub(r"\1", joined)


def _word(word: str) -> str:
    before, at, after = word.partition("@")
    if at:
        return "<e-mail>" if before and after and before[-1].isalnum() else "<mention>"
    if _LINK.search(word):
        return "<link>"
    return _NUMBER.sub("<number>", word)
