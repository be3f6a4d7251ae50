"""``training push``: a verified model folder → a repository of the Hugging Face Hub, under a tag.

A consumer takes it from there with ``MODEL_PATH=hub:org/name@tag``. The token comes from ``HF_TOKEN`` alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from consumer.model.download import TIMEOUT_SECONDS, told
from consumer.model.folder import ModelFolder
from consumer.model.manifest import NAME as MANIFEST
from consumer.model.manifest import sha256
from training.ship.verify import verify

_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9][\w.+-]{0,95}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """Where to."""

    repo: str  # org/name
    tag: str
    private: bool = False
    token: str | None = None
    endpoint: str | None = None  # None: the public Hub


def files_of(model: ModelFolder) -> list[Path]:
    """What is pushed: the manifest and all it lists."""
    names = [MANIFEST, *(model.manifest.files if model.manifest else ())]
    return [model.path / name for name in sorted(names)]


def push(model: ModelFolder, target: Target) -> str:
    """Push a verified folder as one commit and tag it; returns the commit's hash.

    Files of an earlier push that this model does not have are deleted. Nothing is sent where the tag is
    taken.

    Raises:
        ValueError: the tag is taken.
        ConfigurationError: not authorised or not reachable.
    """
    api = HfApi(target.endpoint, token=target.token or False)
    names = [path.relative_to(model.path).as_posix() for path in files_of(model)]
    with told(target.repo, target.endpoint):
        _make_room(api, target)
        done = api.upload_folder(
            repo_id=target.repo,
            folder_path=model.path,
            allow_patterns=[escape(name) for name in names],
            delete_patterns="*",
            commit_message=f"{model.name} {model.version}",
        )
        api.create_tag(target.repo, tag=target.tag, revision=done.oid)
    return str(done.oid)


def _make_room(api: HfApi, target: Target) -> None:
    """The repository is there, and the tag is not."""
    try:
        api.model_info(target.repo, timeout=TIMEOUT_SECONDS)  # the one call that gives up within seconds
    except RepositoryNotFoundError:
        api.create_repo(target.repo, private=target.private, exist_ok=True)
        return
    if target.tag in {tag.name for tag in api.list_repo_refs(target.repo).tags}:
        raise ValueError(f"{target.repo} has a tag {target.tag} already: give another --revision")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``training push``."""
    parser.add_argument("model", type=Path, help="a model folder, such as Models/distilbert-mini")
    parser.add_argument("--repo", required=True, metavar="ORG/NAME", help="made where it is not there")
    parser.add_argument("--revision", metavar="TAG", help="a new tag; else v and the model's version")
    parser.add_argument("--private", action="store_true", help="where the repository has to be made")
    parser.add_argument("--dry-run", action="store_true", help="list what would be pushed; no network")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Entry point of ``training push``."""
    if not _REPO.fullmatch(args.repo):
        raise ValueError(f"--repo {args.repo!r} should be ORG/NAME")
    model = verify(args.model)
    tag = args.revision or f"v{model.version}"
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{tag!r} is not a name for a tag")
    target = Target(args.repo, tag, args.private, os.environ.get("HF_TOKEN"), os.environ.get("HF_ENDPOINT"))
    if not args.dry_run and not target.token:
        raise ValueError("HF_TOKEN is not set: a token that may write to the repository")
    files = [_facts(path, model) for path in files_of(model)]
    if not args.json:
        print(*(f"{one['bytes']:>12,} {one['sha256']} {one['path']}" for one in files), sep="\n")
    commit = None if args.dry_run else push(model, target)
    told = {"repo": args.repo, "tag": tag, "commit": commit, "model_path": f"hub:{args.repo}@{tag}"}
    print(json.dumps({**told, "files": files}, indent=1) if args.json else _words(told, files))
    return 0


def _facts(path: Path, model: ModelFolder) -> dict[str, Any]:
    name = path.relative_to(model.path).as_posix()
    return {"path": name, "bytes": path.stat().st_size, "sha256": sha256(path)}


def _words(told: dict[str, str | None], files: list[dict[str, Any]]) -> str:
    size = f"{sum(one['bytes'] for one in files) / 1e6:.1f} MB"
    if told["commit"] is None:
        return f"{size} would go to {told['repo']}, tag {told['tag']}; nothing was sent"
    return f"{size} pushed, commit {told['commit']}\nMODEL_PATH={told['model_path']}"
