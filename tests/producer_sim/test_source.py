"""Files replayed."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from producer_sim.errors import UsageError
from producer_sim.source import read_source
from producer_sim.tweets import Tweet

SENTIMENT140 = (
    '"0","1467810369","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","someone","a bad, bad day"\n'
    '"4","1467810370","Mon Apr 06 22:19:46 PDT 2009","NO_QUERY","someone","a good one"\n'
)


def test_sentiment140_is_read_without_a_header(tmp_path: Path) -> None:
    """Its labels, ids and users come along; a user is the same author every time."""
    path = tmp_path / "train.csv"
    path.write_text(SENTIMENT140)
    first, second = read_source(path)
    assert (first.text, first.label, first.id) == ("a bad, bad day", "negative", "1467810369")
    assert (second.text, second.label) == ("a good one", "positive")
    assert first.author_id
    assert first.author_id == second.author_id


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    """In any order; neutral and unlabelled rows carry no label, blank ids are none."""
    path = tmp_path / "some.csv"
    path.write_text("text,target,ids\nmeh,2,\nbad,0,12\nunknown,,13\n")
    assert list(read_source(path)) == [
        Tweet("meh"),
        Tweet("bad", "negative", id="12"),
        Tweet("unknown", id="13"),
    ]


def test_two_columns_without_header_are_label_and_text(tmp_path: Path) -> None:
    """Also when the text holds a line break."""
    path = tmp_path / "two.csv"
    path.write_text('4,"two\nlines"\n0,one\n')
    assert list(read_source(path)) == [Tweet("two\nlines", "positive"), Tweet("one", "negative")]


def test_json_lines_and_gzip(tmp_path: Path) -> None:
    """Plain objects and v2 envelopes; blank lines are passed over."""
    path = tmp_path / "some.jsonl.gz"
    lines = (
        '{"id": 5, "text": "short", "full_text": "the whole", "label": "positive", "lang": "nl"}',
        "",
        '{"data": {"id": "6", "text": "inside", "author_id": "77"}}',
    )
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert list(read_source(path)) == [
        Tweet("the whole", "positive", lang="nl", id="5"),
        Tweet("inside", id="6", author_id="77"),
    ]


def test_latin1_is_read_where_utf8_is_not(tmp_path: Path) -> None:
    """Sentiment140 is distributed so."""
    path = tmp_path / "old.csv"
    path.write_bytes("target,text\n4,caf\xe9\n".encode("latin-1"))
    assert [tweet.text for tweet in read_source(path)] == ["café"]


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        ("x.csv", "target,text\n4,fine\n7,what label\n", "row 3"),
        ("x.csv", "target,text\n4,fine,surplus\n", "row 2"),
        ("x.csv", "target,text\n4,\n", "row 2"),
        ("x.csv", "a,b,c\n", "row 1"),
        ("x.jsonl", '{"text": "fine"}\n{"text": \n', "row 2"),
        ("x.jsonl", "[1]\n", "row 1"),
        ("x.jsonl", '{"id": 1}\n', "row 1"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, name: str, content: str, row: str) -> None:
    """With file and number: nothing is left out of a replay in silence."""
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(UsageError, match=f"{name}, {row}: "):
        list(read_source(path))


@pytest.mark.parametrize("name", ["missing.csv", "notes.txt", "broken.csv.gz"])
def test_a_file_that_cannot_be_read_is_named_at_once(tmp_path: Path, name: str) -> None:
    """Before anything is published."""
    if name == "broken.csv.gz":
        (tmp_path / name).write_bytes(gzip.compress(b"target,text\n4,fine\n")[:-9])
    with pytest.raises(UsageError, match=name):
        read_source(tmp_path / name)
