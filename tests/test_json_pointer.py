"""JSON Pointers: topics that do not look like Twitter's are read all the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.json_pointer import ABSENT, follow, read_pointer, write_pointer
from consumer.parse import Places, parse
from consumer.records import Reason, Reject, Stage, Tweet
from tests.doubles import record

# The document and the pointers of RFC 6901, section 5.
RFC = json.loads(r"""{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5,
                      "k\"l": 6, " ": 7, "m~n": 8}""")
names = st.text(max_size=4) | st.sampled_from(["0", "1", "-", "01", "a"])
ways = st.lists(names, max_size=3).map(tuple)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_examples_of_the_standard(pointer: str, value: object) -> None:
    """As any other implementation reads them."""
    assert follow(RFC, read_pointer(pointer)) == value


@pytest.mark.parametrize(
    "pointer", ["/foo/2", "/foo/-", "/foo/00", "/foo/-1", "/foo/bar", "/foo/0/x", "/bar"]
)
def test_where_nothing_stands_nothing_is_found(pointer: str) -> None:
    """An index beyond the end, with a zero before it, or into a word, is no value; nor is it a fault."""
    assert follow(RFC, read_pointer(pointer)) is ABSENT


def test_an_escaped_tilde_does_not_make_a_slash() -> None:
    """``~01`` is the name ``~1``."""
    assert read_pointer("/~01") == ("~1",)


@given(ways.filter(bool))
def test_a_pointer_reads_back(way: tuple[str, ...]) -> None:
    """Whatever the names hold."""
    assert read_pointer(write_pointer(way)) == way


@pytest.mark.parametrize("text", ["", "payload", "#/payload", "/a~", "/a~2"])
def test_what_is_no_pointer_is_refused(text: str) -> None:
    """With what would be right."""
    with pytest.raises(ValueError, match="should"):
        read_pointer(text)


PLACES = Places(read_pointer("/payload/lines/0"), read_pointer("/meta/uuid"))


def rejected(value: object, places: Places = PLACES) -> tuple[Reason, str]:
    """Why a document is rejected."""
    found = parse(record(json.dumps(value).encode()), places=places)
    assert isinstance(found, Reject)
    assert found.stage is Stage.PARSE
    return found.reason, found.message


def test_text_and_id_are_read_where_the_pointers_say() -> None:
    """What stands where Twitter has them is of no account then; the other fields are."""
    value = {
        "id": "not this",
        "text": "nor this",
        "lang": "en",
        "meta": {"uuid": 7},
        "payload": {"lines": ["so good", "second"]},
    }
    found = parse(record(json.dumps(value).encode()), places=PLACES)
    assert found == Tweet("7", "so good", lang="en")


def test_one_pointer_leaves_the_other_where_twitter_has_it() -> None:
    """A topic with ids of its own and texts as usual needs one setting."""
    value = b'{"id": "1", "full_text": "so good", "body": "so bad"}'
    assert parse(record(value), places=Places(text=("body",))) == Tweet("1", "so bad")
    assert parse(record(value), places=Places(id=("body",))) == Tweet("so bad", "so good")


def test_pointers_begin_at_the_top_of_an_envelope() -> None:
    """``{"data": …}`` is taken off for Twitter's own fields alone."""
    value = b'{"data": {"id": "1", "text": "so good", "body": "so bad"}, "body": "outside"}'
    assert parse(record(value), places=Places(text=("body",))) == Tweet("1", "outside")
    assert parse(record(value), places=Places(text=("data", "body"))) == Tweet("1", "so bad")


@pytest.mark.parametrize(
    ("value", "reason", "message"),
    [
        ({"meta": {"uuid": "1"}}, Reason.MISSING_TEXT, "nothing is at /payload/lines/0"),
        ({"meta": {"uuid": "1"}, "payload": {"lines": []}}, Reason.MISSING_TEXT, "/payload/lines/0"),
        ({"meta": {"uuid": "1"}, "payload": {"lines": [None]}}, Reason.MISSING_TEXT, "/payload/lines/0"),
        ({"meta": {"uuid": "1"}, "payload": {"lines": [["x"]]}}, Reason.INVALID_TEXT, "is a list"),
        ({"payload": {"lines": ["x"]}}, Reason.MISSING_ID, "nothing is at /meta/uuid"),
        ({"meta": {"uuid": None}, "payload": {"lines": ["x"]}}, Reason.MISSING_ID, "/meta/uuid"),
        ({"meta": {"uuid": " "}, "payload": {"lines": ["x"]}}, Reason.INVALID_ID, "/meta/uuid is blank"),
        ({"meta": {"uuid": True}, "payload": {"lines": ["x"]}}, Reason.INVALID_ID, "is a bool"),
        ([{"meta": {}}], Reason.NOT_AN_OBJECT, "not a list"),
    ],
)
def test_what_is_missing_or_wrong_there_has_its_usual_reason(
    value: object, reason: Reason, message: str
) -> None:
    """The closed list holds; the message names the place, never what stands there."""
    found, told = rejected(value)
    assert found is reason
    assert message in told


@given(documents, ways.filter(bool), ways.filter(bool))
def test_any_document_and_any_pointers_give_one_answer(
    document: object, text: tuple[str, ...], identity: tuple[str, ...]
) -> None:
    """Parsing never raises, and what it gives is what stands there."""
    found = parse(record(json.dumps(document).encode()), places=Places(text, identity))
    if isinstance(found, Tweet):
        assert found.text == follow(document, text)
        assert found.id == str(follow(document, identity))
    else:
        assert isinstance(found, Reject)
