"""Cleaning: what is done to a tweet before the tokeniser sees it.

One list of small pure functions, ``STEPS``, applied in order. Training and serving call the same
copy. ``CLEANING_VERSION`` is written into every model's manifest, and a model made with another
version is refused: change a step, raise the version, retrain.

Every step is linear in the length of the text, also on hostile input. Most texts have nothing for most
steps to do: each looks for a sign of its work first, which makes the whole three times as fast.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

import emoji
import ftfy

CLEANING_VERSION = "2"

# Entities in real tweets are escaped at most twice or three times; a bound keeps hostile input linear.
_MAX_UNESCAPES = 3
# No character has so high a number, and Python refuses to read one of thousands of digits.
_NO_CHARACTER = re.compile(r"&#[0-9]{40,};?")
# Latin-1 or Windows-1252 readings of UTF-8 always hold one of these lead characters.
_MOJIBAKE_HINT = re.compile("[\u00c2-\u00f4\u0402-\u045f]")
_INVISIBLE = re.compile(
    "["
    "\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f"  # controls that are not white space
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"  # zero width, direction
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb"  # variation selectors, byte order mark, annotations
    "\ud800-\udfff"  # lone surrogates: not encodable as UTF-8
    "\U000e0000-\U000e007f"  # tags
    "]"
)
# The blocks that hold pictures; typographic quotes and dashes lie below them.
_EMOJI_HINT = re.compile("[\u00a9\u00ae\u203c-\u32ff\U0001f000-\U0001faff]")
# The emoji library takes time by the square of the joiners in one text, so a text far longer than any tweet
# is given to it in pieces.
_EMOJI_PIECE = 512
_PLAIN_QUOTES = str.maketrans({**dict.fromkeys("‘’‚‛′", "'"), **dict.fromkeys("“”„‟″", '"')})
_URL = re.compile(
    r"(?:https?://|\bwww\.)\S*|\b(?:t\.co|bit\.ly|goo\.gl|tinyurl\.com|pic\.twitter\.com)/\S+",
    re.IGNORECASE,
)
_MENTION = re.compile(r"(?<![A-Za-z0-9_])@[A-Za-z0-9_]+")
_HASHTAG = re.compile(r"(?<![\w&#])#+(?=\w)")


def unescape_html(text: str) -> str:
    """HTML entities become the characters they stand for, also when escaped twice.

    >>> unescape_html("Tom &amp; Jerry &amp;lt;3 &#39;90s")
    "Tom & Jerry <3 '90s"
    """
    for _ in range(_MAX_UNESCAPES):
        if "&" not in text:
            return text
        unescaped = html.unescape(_NO_CHARACTER.sub("\ufffd", text))
        if unescaped == text:
            return text
        text = unescaped
    return text


def repair_mojibake(text: str) -> str:
    """UTF-8 that somebody read as Latin-1 or Windows-1252 is read as UTF-8 again.

    >>> repair_mojibake("cafÃ© itâ€™s")
    'café it’s'
    >>> repair_mojibake("café")
    'café'
    """
    if text.isascii() or not _MOJIBAKE_HINT.search(text):
        return text
    return ftfy.fix_encoding(text)


def spell_out_emoji(text: str) -> str:
    """Emoji become their names: the uncased vocabulary knows the words, not the pictures.

    >>> spell_out_emoji("so good 😂👍🏽")
    'so good  face with tears of joy  thumbs up medium skin tone '
    """
    if text.isascii() or not _EMOJI_HINT.search(text):
        return text
    pieces = (text[at : at + _EMOJI_PIECE] for at in range(0, len(text), _EMOJI_PIECE))
    return "".join(emoji.replace_emoji(piece, _emoji_name) for piece in pieces)


def _emoji_name(_symbol: str, data: dict[str, str]) -> str:
    return " " + data["en"].strip(":").replace("_", " ") + " "


def remove_invisible(text: str) -> str:
    r"""Zero-width, direction and control characters and lone surrogates go.

    >>> remove_invisible("so\u200b h\x00appy\ufeff \ud83d!")
    'so happy !'
    """
    if text.isascii() and text.isprintable():
        return text
    return _INVISIBLE.sub("", text)


def normalise_unicode(text: str) -> str:
    """Compatibility forms become plain ones (NFKC), typographic quotes straight ones.

    >>> normalise_unicode("𝓵𝓸𝓿𝓮 ｉｔ, it’s ﬁne…")
    "love it, it's fine..."
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text.translate(_PLAIN_QUOTES))


def remove_urls(text: str) -> str:
    """Links go.

    >>> remove_urls("look http://t.co/abc and www.example.com/x?y=1 now")
    'look   and   now'
    """
    if "/" not in text and "www." not in text.lower():
        return text
    return _URL.sub(" ", text)


def replace_mentions(text: str) -> str:
    """Names of users become ``@user``; e-mail addresses are not mentions.

    >>> replace_mentions(".@Bob_99 thanks, mail me@example.com")
    '.@user thanks, mail me@example.com'
    """
    if "@" not in text:
        return text
    return _MENTION.sub("@user", text)


def unwrap_hashtags(text: str) -> str:
    """A hashtag becomes its word.

    >>> unwrap_hashtags("#winning at ##life #1 C# a#b")
    'winning at life 1 C# a#b'
    """
    if "#" not in text:
        return text
    return _HASHTAG.sub("", text)


def normalise_whitespace(text: str) -> str:
    r"""Any run of white space becomes one blank; none at the ends.

    >>> normalise_whitespace("  so\t\n much\u3000space ")
    'so much space'
    """
    return " ".join(text.split())


STEPS: tuple[Callable[[str], str], ...] = (
    unescape_html,
    repair_mojibake,
    spell_out_emoji,
    remove_invisible,
    normalise_unicode,
    remove_urls,
    replace_mentions,
    unwrap_hashtags,
    normalise_whitespace,
)


def clean(text: str) -> str:
    """The text as the model reads it; empty when nothing was left.

    >>> clean("@bob I &lt;3 #python 😍 https://t.co/x")
    '@user I <3 python smiling face with heart-eyes'
    """
    for step in STEPS:
        text = step(text)
    return text
