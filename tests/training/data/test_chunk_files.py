"""The manifest beside the chunks is read as what it is: data that anything may have happened to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.model.manifest import sha256
from tests.training.data.tables import chunked, many
from training.data.chunk_files import CHUNKS, check_chunks, read_manifest, write_manifest
from training.data.chunking import Options
from training.data.rows import BadInputError


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """And nothing where nothing was."""
    assert read_manifest(tmp_path) is None
    write_manifest(tmp_path, {"chunks": {}, "seed": 7})
    assert read_manifest(tmp_path) == {"chunks": {}, "seed": 7}


@pytest.mark.parametrize("content", [b'{"chunks": {', b"[]", b"", b"\xff"])
def test_a_damaged_manifest_is_named(tmp_path: Path, content: bytes) -> None:
    """By its path, in one line."""
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(BadInputError, match=rf"^{tmp_path / 'manifest.json'}: not ") as caught:
        read_manifest(tmp_path)
    assert "\n" not in str(caught.value)


def check(chunks: Path) -> None:
    """As ``train`` does."""
    check_chunks(chunks, {path.name: sha256(path) for path in chunks.glob("chunk_*.csv")})


def cut_at_a_line(chunks: Path) -> Path:
    """The second half of a chunk goes: what is left is a labelled file like any other."""
    path = chunks / "chunk_0002.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[: len(lines) // 2]))
    return path


def deleted(chunks: Path) -> Path:
    """One chunk goes."""
    (chunks / "chunk_0002.csv").unlink()
    return chunks / "chunk_0002.csv"


def added(chunks: Path) -> Path:
    """One comes that chunking did not make."""
    (chunks / "chunk_9999.csv").write_text("target,text\n0,sad\n")
    return chunks / "chunk_9999.csv"


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (cut_at_a_line, "is not the file that {} lists: changed, or cut short"),
        (deleted, "is missing: {} lists it"),
        (added, "is not listed in {}"),
    ],
)
def test_chunks_are_held_to_their_manifest(tmp_path: Path, harm: Callable[[Path], Path], told: str) -> None:
    """One that was cut where a line ends, one too few, one too many: named, in one line."""
    chunked(tmp_path, Options(rows_per_chunk=40), ours=many(400))
    chunks = tmp_path / "out" / CHUNKS
    check(chunks)
    path = harm(chunks)
    with pytest.raises(BadInputError) as caught:
        check(chunks)
    assert str(caught.value).startswith(f"{path} {told.format(tmp_path / 'out' / 'manifest.json')}")
    assert "\n" not in str(caught.value)


def test_a_manifest_that_says_nothing_of_a_chunk_is_no_proof(tmp_path: Path) -> None:
    """An entry of another form is not taken for a hash that fits."""
    chunks = tmp_path / CHUNKS
    chunks.mkdir()
    (chunks / "chunk_0001.csv").write_text("target,text\n0,sad\n")
    write_manifest(tmp_path, {"chunks": {"chunk_0001.csv": None}})
    with pytest.raises(BadInputError, match="is not the file"):
        check(chunks)


def test_chunks_from_elsewhere_are_taken_as_they_are(tmp_path: Path) -> None:
    """Without a manifest, in a folder of one's own beside the chunks, or under a manifest of another kind."""
    for name in (CHUNKS, "some of them"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "chunk_0001.csv").write_text("target,text\n0,sad\n")
        check(tmp_path / name)
    write_manifest(tmp_path, {"chunks": {}})
    check(tmp_path / "some of them")
    write_manifest(tmp_path, {"files": {}})
    check(tmp_path / CHUNKS)
