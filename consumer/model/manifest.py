"""``manifest.json``: what a model folder holds, and what it was made with.

Written last when a model is exported; everything in it is checked before anything is loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from consumer.errors import ModelRefusedError

NAME = "manifest.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of ``manifest.json``."""

    schema_version: int
    name: str
    version: str
    cleaning_version: str
    tokeniser_fingerprint: str
    max_length: int  # word pieces, [CLS] and [SEP] included
    created_with: Mapping[str, str]  # package → version
    files: Mapping[str, str]  # path inside the folder, with slashes → sha256


# What each field must be; a manifest is data from outside.
_TYPES: dict[str, type] = {
    "schema_version": int,
    "name": str,
    "version": str,
    "cleaning_version": str,
    "tokeniser_fingerprint": str,
    "max_length": int,
    "created_with": dict,
    "files": dict,
}


def read_manifest(path: Path) -> Manifest:
    """The manifest at ``path``; raises ``ModelRefusedError`` naming the field that is wrong."""
    raw = read_object(path)
    for field, kind in _TYPES.items():
        if not isinstance(raw.get(field), kind) or isinstance(raw.get(field), bool):
            raise ModelRefusedError(f"{path}: {field} must be {_plain(kind)}, is {raw.get(field)!r:.60}")
    if raw["schema_version"] != SCHEMA_VERSION:
        raise ModelRefusedError(
            f"{path}: schema_version is {raw['schema_version']}, this consumer reads {SCHEMA_VERSION}"
        )
    if raw["max_length"] < 3:  # noqa: PLR2004 - [CLS], one word piece, [SEP]
        raise ModelRefusedError(f"{path}: max_length is {raw['max_length']}, must be at least 3")
    return Manifest(**{field: raw[field] for field in _TYPES})


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file of the model folder; raises ``ModelRefusedError``."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelRefusedError(f"{path} is missing") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelRefusedError(f"{path}: not readable as JSON: {error}") from error
    if not isinstance(value, dict):
        raise ModelRefusedError(f"{path}: must hold a JSON object, holds {_plain(type(value))}")
    return value


def _plain(kind: type) -> str:
    words = {int: "a whole number", str: "a string", dict: "an object", list: "a list"}
    return words.get(kind, kind.__name__)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` into ``folder``, to a temporary name first."""
    temporary = folder / (NAME + ".tmp")
    temporary.write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")
    temporary.replace(folder / NAME)


def hash_files(folder: Path) -> dict[str, str]:
    """sha256 of every file in a folder but the manifest, by path with slashes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / NAME)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


def sha256(path: Path) -> str:
    """Hash of a file; about 0.1 s for 80 MB."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_files(folder: Path, manifest: Manifest, loaded: Iterable[str]) -> None:
    """Every listed file is there, unchanged and inside the folder; raises ``ModelRefusedError``.

    A file that is not listed is ignored, unless it is one of ``loaded``, which a back end would read.
    """
    for name, expected in manifest.files.items():
        path = inside(folder, name)
        if not path.is_file():
            raise ModelRefusedError(f"{path} is missing: it is listed in {NAME}; restore or export again")
        found = sha256(path)
        if found != expected:
            raise ModelRefusedError(
                f"{path} is damaged: sha256 {found[:12]}…, {NAME} says {str(expected)[:12]}…"
            )
    for name in loaded:
        if name not in manifest.files and (folder / name).exists():
            raise ModelRefusedError(f"{folder / name} is not listed in {NAME}: remove it or export again")


def inside(folder: Path, name: str) -> Path:
    """The path of a file in the folder; raises ``ModelRefusedError`` where it or a link leads outside."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise ModelRefusedError(f"{folder / NAME}: {name!r} is not a path inside the folder")
    path = folder / pure
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ModelRefusedError(f"{path} is a link that leads out of the model folder")
    return path


def check_links(folder: Path) -> None:
    """No link in the folder, read or not, leads out of it; raises ``ModelRefusedError``.

    Back ends look for files by names of their own, so that a link which no list names may be followed, too.
    """
    for path in folder.rglob("*"):  # does not descend into linked folders
        if path.is_symlink():
            inside(folder, path.relative_to(folder).as_posix())
