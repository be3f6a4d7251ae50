"""The manifest beside the chunks is read as what it is: data that anything may have happened to."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data.chunk_files import read_manifest, write_manifest
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
