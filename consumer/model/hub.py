"""A model from the Hugging Face Hub: fetched once, before the start, only when asked for by name.

``MODEL_PATH=hub:org/name@revision`` names a commit or a tag, never a branch, which moves. What was fetched
lies in a folder named after its commit and is not asked for again: a start with a filled cache needs no
network, and a tag that somebody moved is not noticed. Only what the manifest lists is fetched, as plain
files (the Hub's own cache is made of links that lead out of the folder), and nothing is there under its
final name before every hash was found right.
"""

from __future__ import annotations

import fcntl
import importlib
import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consumer.errors import ConfigurationError, ModelRefusedError
from consumer.model.folder import open_model
from consumer.model.manifest import NAME as MANIFEST
from consumer.model.manifest import inside, read_manifest

_COMMIT = re.compile(r"[0-9a-f]{40}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which model, and how the Hub is reached."""

    repo: str  # org/name
    revision: str  # a commit's hash or a tag
    token: str | None = None
    endpoint: str | None = None  # None: the public Hub

    def __repr__(self) -> str:
        """Without the token: it may stand in no log."""
        return f"hub:{self.repo}@{self.revision}"


def fetch(wanted: Wanted, cache: Path) -> Path:
    """The folder ``cache/<org>--<name>/<commit>``, fetched where it is not there yet.

    Several replicas may ask at the same time: one fetches, the others wait for it.

    Raises:
        ConfigurationError: not found, not authorised, not reachable, a branch, or the library is missing.
        ModelRefusedError: what was fetched is damaged or does not fit this consumer; nothing of it is kept.
    """
    shelf = cache / wanted.repo.replace("/", "--")
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        with _locked(shelf / ".lock"):
            commit = _known_commit(shelf, wanted.revision) or _fetch(wanted, shelf)
    except OSError as error:  # of our own files: the Hub's are told by `download`
        raise ConfigurationError(f"{wanted!r}: cannot be kept in {shelf}: {error.strerror}") from error
    _tell("model_from_hub", wanted, commit)
    return shelf / commit


def _tell(event: str, wanted: Wanted, commit: str) -> None:
    fields = {"repo": wanted.repo, "revision": wanted.revision, "commit": commit}
    _log.info(event, extra={"fields": fields})


def _known_commit(shelf: Path, revision: str) -> str | None:
    """The commit of a revision that was fetched before."""
    commit = revision
    if not _COMMIT.fullmatch(revision):
        tag = shelf / "tags" / revision
        commit = tag.read_text(encoding="ascii", errors="replace").strip() if tag.is_file() else ""
    return commit if _COMMIT.fullmatch(commit) and (shelf / commit / MANIFEST).is_file() else None


def _fetch(wanted: Wanted, shelf: Path) -> str:
    download = _download_module()
    commit: str = download.commit_of(wanted)
    if not (shelf / commit).exists():
        _tell("model_fetching", wanted, commit)
        partial = shelf / f"{commit}.partial"
        try:
            _fill(download, wanted, commit, partial)
        except ModelRefusedError:
            shutil.rmtree(partial, ignore_errors=True)  # else a second start would go on with the damage
            raise
        partial.replace(shelf / commit)
    if wanted.revision != commit:
        _remember(shelf / "tags" / wanted.revision, commit)
    return commit


def _fill(download: Any, wanted: Wanted, commit: str, partial: Path) -> None:
    """Every file the manifest lists; the manifest itself first."""
    download.get(wanted, commit, MANIFEST, partial)
    manifest = read_manifest(partial / MANIFEST)
    for name in manifest.files:
        inside(partial, name)
        download.get(wanted, commit, name, partial)
    shutil.rmtree(partial / ".cache", ignore_errors=True)  # the library's notes, for going on when cut off
    open_model(partial)


def _remember(tag: Path, commit: str) -> None:
    tag.parent.mkdir(exist_ok=True)
    temporary = tag.with_name(f".{tag.name}.tmp")
    temporary.write_text(commit + "\n", encoding="ascii")
    temporary.replace(tag)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The kernel lets go when the process ends, however it ends."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download_module() -> Any:
    try:
        return importlib.import_module("consumer.model.download")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"MODEL_PATH=hub:… needs {error.name}: pip install 'tweet-sentiment[hub]'"
        ) from error
