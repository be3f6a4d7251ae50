"""Another version of the code, beside the one that is being worked on."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from tests.chaos.fleet import ROOT

_PARTS = ("consumer", "tests")  # what a replica of the chaos run is made of


class NoHistoryError(Exception):
    """There is no earlier version to be had: no git, no checkout, or a shallow one."""


def earlier() -> str:
    """The commit of the newest release; before the first one, of the consumer before its last change.

    Raises:
        NoHistoryError: there is neither.
    """
    if found := _git("tag", "--list", "v*", "--sort=-version:refname").split():
        return found[0]
    changes = _git("log", "-2", "--format=%h", "--", "consumer").split()
    if len(changes) < 2:
        raise NoHistoryError("git knows no earlier version of the consumer")
    return changes[1]


def unpack(commit: str, folder: Path) -> Path:
    """Its files in a folder of their own; raises ``NoHistoryError``."""
    packed = _run("archive", "--format=tar", commit, *_PARTS)
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def described(commit: str) -> str:
    """Its hash, its day and its first line."""
    return _git("log", "-1", "--format=%h of %as, “%s”", commit).strip()


def _git(*words: str) -> str:
    return _run(*words).decode()


def _run(*words: str) -> bytes:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True)
    except FileNotFoundError:
        raise NoHistoryError("git is not installed") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise NoHistoryError(f"git {words[0]}: {said or error.returncode}") from None
    return done.stdout
