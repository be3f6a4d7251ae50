"""A model folder without a model: small files and a true manifest, for all that is checked before loading."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from consumer.clean import CLEANING_VERSION
from consumer.model.golden import Golden, write_golden
from consumer.model.manifest import SCHEMA_VERSION, Manifest, hash_files, read_manifest, write_manifest
from consumer.tokenise import fingerprint
from tests.models.tiny import MAX_LENGTH, VOCABULARY, write_tokeniser

GOLDEN = Golden(("I love it", "I hate it", "ok"), (0.5, 0.5, 0.5), {"openvino": 0.1, "tensorflow": 0.01})


def make_folder(folder: Path) -> Path:
    """A valid folder whose golden texts all score even."""
    (folder / "openvino").mkdir(parents=True)
    write_tokeniser(folder)
    (folder / "config.json").write_text(
        json.dumps({"vocab_size": len(VOCABULARY), "max_position_embeddings": 64})
    )
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "openvino" / "model.xml").write_text("<net/>")
    (folder / "openvino" / "model.bin").write_bytes(b"\0" * 100)
    write_golden(folder / "golden.jsonl", GOLDEN)
    write_manifest(folder, _manifest(folder))
    return folder


def _manifest(folder: Path) -> Manifest:
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name="toy",
        version="1.2.3",
        cleaning_version=CLEANING_VERSION,
        tokeniser_fingerprint=fingerprint(folder / "tokenizer.json"),
        max_length=MAX_LENGTH,
        created_with={"made": "by hand"},
        files=hash_files(folder),
    )


def seal(folder: Path, **changes: Any) -> None:
    """Write the manifest anew, with today's hashes and these fields changed."""
    manifest = replace(read_manifest(folder / "manifest.json"), files=hash_files(folder))
    write_manifest(folder, replace(manifest, **changes))
