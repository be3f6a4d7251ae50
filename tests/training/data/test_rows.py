"""Labelled files as people have them: read whole, or refused with one line that says where."""

from __future__ import annotations

import csv
import gzip
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.rows import BadInputError, Row, RowReader, read_rows

HEADER = "target,ids,date,flag,user,text\n"
SENTIMENT140 = '"4","1","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","ann","so ""good"",\nreally"\n'
PLAIN = "target,text\n0,bad day\n4,caf\u00e9\n"
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


def read(path: Path) -> list[Row]:
    """All rows."""
    return list(read_rows(path, "mine"))


def write(folder: Path, content: bytes | str, name: str = "rows.csv") -> Path:
    """A file of these bytes."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("header", ["", HEADER], ids=["bare", "header"])
def test_the_layout_of_sentiment140(tmp_path: Path, header: str) -> None:
    """Its train.csv is read with and without a header; quotes, commas and newlines stay in the text."""
    date = "Mon Apr 06 22:19:45 PDT 2009"
    assert read(write(tmp_path, header + SENTIMENT140)) == [Row("4", 'so "good",\nreally', "mine", 1.0, date)]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("latin-1"),
        gzip.compress(PLAIN.encode()),
        gzip.compress(PLAIN.encode("latin-1")),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.removeprefix("target,text\n").encode(),
        PLAIN.replace("target,text", " Target , TEXT ").encode(),
        PLAIN.replace("\n", "\n\n").encode(),
    ],
    ids=["utf-8", "mark", "latin-1", "gz", "gz-latin-1", "crlf", "bare", "capitals", "blank-lines"],
)
def test_encodings_compressions_and_headers(tmp_path: Path, content: bytes) -> None:
    """The same two rows come out of each way to write them, whatever the file is called."""
    assert read(write(tmp_path, content)) == [Row("0", "bad day", "mine"), Row("4", "caf\u00e9", "mine")]


def test_a_row_may_name_its_source_and_weight(tmp_path: Path) -> None:
    """What chunk writes can be read again; a row without a source of its own has the file's."""
    path = write(tmp_path, "target,text,source,weight\n0,a,ours,0.25\n4,b,,\n")
    assert read(path) == [Row("0", "a", "ours", 0.25), Row("4", "b", "mine", 1.0)]


@given(st.lists(st.tuples(st.sampled_from("024"), texts), min_size=1, max_size=8))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    """A file that Python's csv module wrote comes back as it was, whatever the texts hold."""
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([("target", "text"), *rows])
    path = write(tmp_path_factory.getbasetemp(), written.getvalue())
    assert [(row.target, row.text) for row in read(path)] == rows


def test_every_row_of_a_long_file(tmp_path: Path) -> None:
    """No row is lost where one block ends and the next begins, and the reader says how far it is."""
    path = write(tmp_path, "target,text\n" + "".join(f"0,day {n}\n" for n in range(10_000)))
    with RowReader(path, "mine") as reader:
        blocks = list(reader)
        assert reader.bytes_read == path.stat().st_size
    assert len(blocks) > 1
    assert [row.text for block in blocks for row in block] == [f"day {n}" for n in range(10_000)]


GZIPPED = gzip.compress(
    "".join(["target,text\n", *(f"4,{os.urandom(8).hex()}\n" for _ in range(5000))]).encode()
)
CORRUPT = GZIPPED[:40_000] + b"\xff\x00\xff\x00" + GZIPPED[40_004:]
BAD = {
    "empty": (b"", "empty file"),
    "header-only": (b"target,text\n", "a header and no rows"),
    "no-text": (b"target,tweet\n0,a\n", "no column text in its header: target, tweet"),
    "neither": (b"label,tweet\n0,a\n", "no column target and text"),
    "no-header": (b"0,a,b\n", r"row 1 \(line 1\): 3 columns and no header"),
    "label": (b"target,text\n0,a\n7,b\n", r"row 2 \(line 3\): label '7' is not 0, 2 or 4"),
    "bare-label": (b"5,a\n", r"row 1 \(line 1\): label '5'"),
    "few": (b'target,text\n0,"a\nb"\n4\n', r"row 2 \(line 4\): 1 fields where 2 belong"),
    "many": (b"target,text\n4,a,b\n", r"row 1 \(line 2\): 3 fields .* needs quotes"),
    "cut-in-quotes": (
        b'target,text\n0,a\n4,"good da',
        r"row 2 \(line 3\): the file ends within a quoted field",
    ),
    "cut-in-character": ("target,text\n4,é\n4,é".encode()[:-1], "ends within a character: it was cut short"),
    "nul": (b"target,text\n0,a\n4,b\0c\n", r"row 2 \(line 3\): a NUL byte"),
    "huge-field": (
        b"target,text\n0," + b"x" * 200_000 + b"\n",
        r"row 1 \(line 2\): field larger than field limit",
    ),
    "utf-16": ("target,text\n0,a\n".encode("utf-16"), "UTF-16; save it as UTF-8"),
    "false-mark": (b"\xef\xbb\xbftarget,text\n0,caf\xe9 \n", "not UTF-8, as its byte order mark says"),
    "weight": (b"target,text,weight\n0,a,heavy\n", r"row 1 \(line 2\): weight 'heavy'"),
    "negative-weight": (b"target,text,weight\n0,a,-1\n", r"row 1 \(line 2\): weight '-1'"),
    "endless-weight": (b"target,text,weight\n0,a,inf\n", r"row 1 \(line 2\): weight 'inf'"),
    "cut-gz": (GZIPPED[:-20_000], r"after row \d+: the gzip file ends too early"),
    "corrupt-gz": (CORRUPT, r"row \d+.*: the gzip file is corrupt"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_content_is_named_by_file_and_row(tmp_path: Path, name: str) -> None:
    """One line says which file, which row and what is wrong with it."""
    content, message = BAD[name]
    path = write(tmp_path, content, "given.csv")
    with pytest.raises(BadInputError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_bad_paths_are_named(tmp_path: Path) -> None:
    """A file that is not there, and a folder in its place."""
    with pytest.raises(BadInputError, match=r"gone\.csv: no such file"):
        read(tmp_path / "gone.csv")
    with pytest.raises(BadInputError, match="not a file"):
        read(tmp_path)
