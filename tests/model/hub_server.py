"""A small hub on loopback: enough of the Hugging Face Hub's HTTP interface for one push and one fetch.

Written against what ``huggingface_hub`` 0.36 sends. It keeps what was pushed and gives the same bytes back,
and can be told to misbehave.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]
_LARGE = 1000  # bytes from which a file goes the way of large files


@dataclass
class Repository:
    """Commits by hash, and the names that point to them."""

    private: bool = False
    commits: dict[str, Files] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: Files) -> str:
        """Make a commit of all ``files`` on main; returns its hash."""
        content = json.dumps({name: hashlib.sha1(data).hexdigest() for name, data in files.items()})  # noqa: S324 - as git does
        commit = hashlib.sha1(f"{len(self.commits)}{content}".encode()).hexdigest()  # noqa: S324 - as git does
        self.commits[commit] = files
        self.branches["main"] = commit
        return commit

    def find(self, revision: str) -> str | None:
        """The hash that a revision names."""
        named = self.tags.get(revision) or self.branches.get(revision) or revision
        return named if named in self.commits else None


@dataclass
class Hub:
    """What the server holds, what it was asked, and how it is to misbehave."""

    url: str = ""
    token: str | None = None  # where set, asked for at every write and for private repositories
    repositories: dict[str, Repository] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)  # by sha256
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)  # method, path, authorisation
    damaged: set[str] = field(default_factory=set)  # files given back with one bit turned
    cut: set[str] = field(default_factory=set)  # files whose transfer always breaks off half way
    status: int | None = None  # answered to everything
    full: bool = False  # takes no large file

    def repository(self, name: str, files: Files, tag: str = "v1") -> str:
        """Hold a repository with one tagged commit; returns the commit's hash."""
        repository = self.repositories.setdefault(name, Repository())
        repository.tags[tag] = commit = repository.commit(files)
        return commit


class _Refused(Exception):  # noqa: N818 - an answer, not a fault
    def __init__(self, status: int, code: str = "") -> None:
        super().__init__(status)
        self.status, self.code = status, code


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.asked.append((self.command, path, self.headers.get("Authorization")))
        try:
            self._route(path, body)
        except _Refused as refused:
            self._send(b"{}", refused.status, {"X-Error-Code": refused.code} if refused.code else {})

    def _route(self, path: str, body: bytes) -> None:
        if self.hub.status:
            raise _Refused(self.hub.status)
        for method, pattern, handle in _ROUTES:
            if self.command in method.split() and (match := re.fullmatch(pattern, path)):
                handle(self, body, *match.groups())
                return
        raise _Refused(404)

    do_GET = do_HEAD = do_POST = do_PUT = _answer  # noqa: N815 - http.server's names

    def _send(self, data: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _json(self, content: Any) -> None:
        self._send(json.dumps(content).encode(), headers={"Content-Type": "application/json"})

    def _may_write(self) -> None:
        if self.hub.token and self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            raise _Refused(401)

    def _repository(self, name: str) -> Repository:
        found = self.hub.repositories.get(name)
        if found is None or (
            found.private and self.headers.get("Authorization") != f"Bearer {self.hub.token}"
        ):
            raise _Refused(404, "RepoNotFound")
        return found

    def _commit(self, name: str, revision: str) -> tuple[str, Files]:
        repository = self._repository(name)
        commit = repository.find(revision)
        if commit is None:
            raise _Refused(404, "RevisionNotFound")
        return commit, repository.commits[commit]

    def info(self, _body: bytes, name: str, revision: str | None) -> None:
        if not self._repository(name).commits:
            self._json({"id": name, "sha": None, "siblings": []})
            return
        commit, files = self._commit(name, revision or "main")
        self._json({"id": name, "sha": commit, "siblings": [{"rfilename": path} for path in files]})

    def refs(self, _body: bytes, name: str) -> None:
        found = self._repository(name)
        kinds = (("branches", "heads", found.branches), ("tags", "tags", found.tags))
        listed = {
            key: [
                {"name": n, "ref": f"refs/{kind}/{n}", "targetCommit": commit} for n, commit in refs.items()
            ]
            for key, kind, refs in kinds
        }
        self._json({**listed, "converts": []})

    def tree(self, _body: bytes, name: str, revision: str) -> None:
        files = self._commit(name, revision)[1] if self._repository(name).commits else {}
        self._json(
            [
                {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}  # noqa: S324 - as git does
                for path, data in files.items()
            ]
        )

    def resolve(self, _body: bytes, name: str, revision: str, path: str) -> None:
        commit, files = self._commit(name, revision)
        if path not in files:
            raise _Refused(404, "EntryNotFound")
        data = files[path]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{hashlib.sha256(data).hexdigest()}"'}
        if path in self.hub.damaged:
            data = bytes([data[0] ^ 1]) + data[1:]
        if path in self.hub.cut and self.command == "GET":
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
            return
        self._send(data, headers=headers)

    def create(self, body: bytes) -> None:
        self._may_write()
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.hub.repositories:
            raise _Refused(409)
        self.hub.repositories[name] = Repository(private=bool(asked.get("private")))
        self._json({"url": f"{self.hub.url}/{name}"})

    def valid(self, _body: bytes) -> None:
        self._json({"errors": [], "warnings": []})

    def preupload(self, body: bytes, name: str, _revision: str) -> None:
        self._may_write()
        self._repository(name)
        modes = [
            {"path": f["path"], "uploadMode": "lfs" if f["size"] >= _LARGE else "regular"}
            for f in json.loads(body)["files"]
        ]
        self._json({"files": [{**mode, "shouldIgnore": False} for mode in modes]})

    def batch(self, body: bytes, _name: str) -> None:
        self._may_write()
        objects = [
            {**one, "actions": {"upload": {"href": f"{self.hub.url}/large/{one['oid']}"}}}
            for one in json.loads(body)["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def put_large(self, body: bytes, oid: str) -> None:
        if self.hub.full:
            raise _Refused(403)
        if hashlib.sha256(body).hexdigest() != oid:
            raise _Refused(400)
        self.hub.large[oid] = body
        self._send(b"")

    def commit(self, body: bytes, name: str, _revision: str) -> None:
        self._may_write()
        repository = self._repository(name)
        files = dict(repository.commits.get(repository.branches.get("main", ""), {}))
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.hub.large[value["oid"]]
            elif entry["key"] == "deletedFile":
                del files[value["path"]]
        commit = repository.commit(files)
        self._json({"commitUrl": f"{self.hub.url}/{name}/commit/{commit}", "commitOid": commit})

    def tag(self, body: bytes, name: str, revision: str) -> None:
        self._may_write()
        repository, tag = self._repository(name), json.loads(body)["tag"]
        if tag in repository.tags:
            raise _Refused(409)
        repository.tags[tag] = self._commit(name, revision)[0]
        self._json({})

    def log_message(self, *_args: object) -> None:
        """Silence."""


_NAME = r"([^/]+/[^/]+)"
_ROUTES: tuple[tuple[str, str, Callable[..., None]], ...] = (
    ("GET", rf"/api/models/{_NAME}/refs", _Handler.refs),
    ("GET", rf"/api/models/{_NAME}/tree/([^/]+)/?", _Handler.tree),
    ("GET", rf"/api/models/{_NAME}(?:/revision/(.+))?", _Handler.info),
    ("GET HEAD", rf"/{_NAME}/resolve/([^/]+)/(.+)", _Handler.resolve),
    ("POST", r"/api/repos/create", _Handler.create),
    ("POST", r"/api/validate-yaml", _Handler.valid),
    ("POST", rf"/api/models/{_NAME}/preupload/([^/]+)", _Handler.preupload),
    ("POST", rf"/{_NAME}\.git/info/lfs/objects/batch", _Handler.batch),
    ("PUT", r"/large/([0-9a-f]+)", _Handler.put_large),
    ("POST", rf"/api/models/{_NAME}/commit/([^/]+)", _Handler.commit),
    ("POST", rf"/api/models/{_NAME}/tag/([^/]+)", _Handler.tag),
)


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub that answers until the context ends."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
