"""Cleaning: real tweets' quirks, and texts that no tweet should be."""

from __future__ import annotations

import string
import unicodedata

import emoji
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumer import clean as cleaning
from consumer.clean import clean

LARGEST = 65_536  # the most characters an input record can bring

# Signs that stand over or around digits and notes: of the category of controls, and yet seen.
SEEN_FORMATS = set(range(0x600, 0x606)) | {0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
SEEN_FORMATS |= {*range(0x13430, 0x13439), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B)}

QUIRKS = "&amp; &lt; &#x41; &# Ã© â€™ 😂 🏽 👍🏽 ❤️ # @ http:// www. t.co/ ｆ ﬁ “ é e\u0301"
quirks = st.sampled_from([*QUIRKS.split(" "), *" \n\x00\u3000\u200b\u200d\ufe0f\ud83d\ude00"])
tweets = st.lists(st.text(max_size=6) | quirks, max_size=30).map("".join)


def invisible(text: str) -> list[str]:
    """Controls, formats and lone surrogates in a text."""
    categories = {"Cc", "Cf", "Cs"}
    return [c for c in text if unicodedata.category(c) in categories and ord(c) not in SEEN_FORMATS]


@given(tweets)
@example("&#" + "1" * 5_000 + ";")
@example("&#x" + "f" * 5_000 + ";")
@example("&amp;#" + "1" * 5_000)
def test_nothing_invisible_is_left(text: str) -> None:
    """No text makes cleaning raise, and the model never reads what a person cannot see."""
    assert invisible(clean(text)) == []


@pytest.mark.parametrize(
    "point", [*range(0x20), *range(0x7F, 0xA0), 0x200B, 0x200D, 0xFE0F, 0xFEFF, 0xD83D, 0xE0041]
)
def test_every_control_and_zero_width_character_goes(point: int) -> None:
    """A word cut by one is one word again, or two words where it was white space."""
    assert clean(f"so{chr(point)}good") in {"sogood", "so good"}


@given(tweets)
def test_white_space_is_single_and_inside(text: str) -> None:
    """Two texts that differ in white space alone are the same text to the model."""
    found = clean(text)
    assert found == " ".join(found.split())
    assert clean(f" \n{text}\t\u3000") == found


@given(st.lists(st.text(string.ascii_letters + string.digits, min_size=1), min_size=1))
def test_plain_words_stay_however_they_are_spaced(words: list[str]) -> None:
    """Cleaning takes away noise, not words."""
    assert clean("  \t".join(words)) == " ".join(words)


@given(tweets)
def test_the_result_can_be_sent(text: str) -> None:
    """It is encodable as UTF-8, whatever half characters came in."""
    clean(text).encode()


HOSTILE = {
    "one letter": "a",
    "ampersands": "&",
    "escaped ampersands": "&amp;",
    "hashes": "#",
    "at signs": "@",
    "links": "http://",
    "joined people": "👨\u200d",
    "joined hearts": "❤\u200d",
    "skin tones": "🏽",
    "flags": "🇩",
    "mojibake": "Ã¢â‚¬â„¢",
    "half mojibake": "â€",
    "marks on one letter": "\u0301",
    "long ligatures": "\ufdfa",
    "direction marks": "\u202e",
    "numbers of entities": "&#1",
    "blanks": " ",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_largest_hostile_text_is_cleaned(unit: str) -> None:
    """64 KiB of anything ends, in a bounded number of characters (a runaway step hits the test's timeout)."""
    text = unit * (LARGEST // len(unit.encode()))
    assert len(clean(text)) <= 64 * LARGEST


def test_the_emoji_library_is_never_given_more_than_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes time by the square of the joiners in a text: one hostile record would hold up the stream."""
    pieces: list[str] = []

    def note(text: str, _name: object) -> str:
        pieces.append(text)
        return text

    monkeypatch.setattr(emoji, "replace_emoji", note)
    text = "❤\u200d" * 9_000
    assert cleaning.spell_out_emoji(text) == text == "".join(pieces)
    assert max(map(len, pieces)) <= 512


def test_a_long_text_is_cleaned_like_a_short_one() -> None:
    """Emoji far into a text become their names as well."""
    assert clean("so good 😂 " * 400) == " ".join(["so good face with tears of joy"] * 400)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        # entities, once, twice and three times escaped
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("I &lt;3 you &gt;.&lt;", "I <3 you >.<"),
        ("Q&amp;amp;A", "Q&A"),
        ("&amp;amp;lt;3", "<3"),
        ("AT&T &c &nosuch; &#39;tis", "AT&T &c &nosuch; 'tis"),
        ("&nbsp;&#8203;x", "x"),
        # mojibake
        ("cafÃ© dÃ©jÃ\xa0 vu", "café déjà vu"),
        ("itâ€™s â€œgoodâ€\x9d", 'it\'s "good"'),
        ("café Ångström Ärger", "café Ångström Ärger"),
        ("привет мир", "привет мир"),
        # mentions and e-mail
        ("@Bob_99: thanks", "@user: thanks"),
        ("@a @b_1 (@d) RT @e:", "@user @user (@user) RT @user:"),
        (".@Bob and -@Ann, thanks.@Eve", ".@user and -@user, thanks.@user"),
        ("mail me.you+x@example.com", "mail me.you+x@example.com"),
        ("@ home @", "@ home @"),
        # hashtags
        ("#Winning #1 #a_b ##x", "Winning 1 a_b x"),
        ("C# a#b # !", "C# a#b # !"),
        ("#größe #日本", "größe 日本"),
        # links
        ("see http://t.co/abc.", "see"),
        ("(https://example.com/a?b=c#d), yes", "( yes"),
        ("HTTPS://EXAMPLE.COM www.example.org/x", ""),
        ("pic.twitter.com/abc bit.ly/x t.co/y", ""),
        ("a not.com/b chat.co/x", "a not.com/b chat.co/x"),
        # emoji
        ("😂", "face with tears of joy"),
        ("ok👍🏽!", "ok thumbs up medium skin tone !"),
        ("👨‍👩‍👧", "family man woman girl"),
        ("❤️ ❤ ♥", "red heart red heart heart suit"),
        ("🏳️‍🌈 🇩🇪", "rainbow flag Germany"),
        ("1️⃣ 5 # *", "keycap 1 5 # *"),
        # direction, width, forms
        ("\u202eevil\u202c \u200fשלום", "evil שלום"),
        ("ｆｕｌｌ ｗｉｄｔｈ！", "full width!"),
        ("𝓵𝓸𝓿𝓮 ﬁne… ²", "love fine... 2"),
        ("‘so’ “quoted” ′ ″", "'so' \"quoted\" ' \""),
        ("e\u0301", "é"),
        # nothing, and next to nothing
        ("", ""),
        ("\x00\x00", ""),
        ("nu\x00ll", "null"),
        (" \t\r\n\u2028\u00a0\u3000", ""),
        ("\u200b\ufeff\u2060\ufe0f", ""),
        ("https://t.co/onlyalink", ""),
        ("\ud83d", ""),
        ("soooo goooood!!!!!", "soooo goooood!!!!!"),
    ],
)
def test_quirks_of_real_tweets(raw: str, wanted: str) -> None:
    """What the model reads of what people write."""
    assert clean(raw) == wanted


def test_every_step_is_named_shown_and_in_the_list() -> None:
    """Each step can be read alone: a docstring with an example."""
    for step in cleaning.STEPS:
        assert ">>> " + step.__name__ in (step.__doc__ or "")


LINKS = "http:// HTTPS://x hTTp\u017f://x www. wWw.x t.co/a BIT.LY/x b\u0130t.ly/x p\u0131c.twitter.com/x /"
MARKS = "@ @a a@b # #a ## &# \t \x7f \u200b a ."
signs = st.sampled_from([*LINKS.split(" "), *MARKS.split(" ")])


@given(st.lists(signs | st.text(max_size=3), max_size=12).map("".join))
@example("see www.x")
@example("see WwW.x")
def test_looking_for_a_sign_first_changes_no_text(text: str) -> None:
    """A step that finds nothing to do at a glance would have found nothing by its pattern either."""
    assert cleaning.remove_invisible(text) == cleaning._INVISIBLE.sub("", text)
    assert cleaning.remove_urls(text) == cleaning._URL.sub(" ", text)
    assert cleaning.replace_mentions(text) == cleaning._MENTION.sub("@user", text)
    assert cleaning.unwrap_hashtags(text) == cleaning._HASHTAG.sub("", text)
