"""An upgrade of a release that runs: what the chart asks the cluster about it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.rendering import BROKERS, NAME, merged, render

KINDS = "/apis/apps/v1"
LIVE = f"{KINDS}/namespaces/default/statefulsets/{NAME}"
pytestmark = pytest.mark.needs_tool("helm")


@contextmanager
def cluster(replicas: int | None) -> Iterator[str]:
    """An API server, as far as Helm asks one for a StatefulSet: with so many replicas, or without it."""
    kind = {"name": "statefulsets", "namespaced": True, "kind": "StatefulSet", "verbs": ["get"]}
    answers: dict[str, Mapping[str, Any]] = {
        KINDS: {"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [kind]}
    }
    if replicas is not None:
        answers[LIVE] = {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"replicas": replicas}}

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(found or {"kind": "Status", "code": 404}).encode())

        def log_message(self, *_: object) -> None:
            """Nothing on a test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def upgraded(folder: Path, values: Mapping[str, Any], replicas: int | None) -> dict[str, Any]:
    """The StatefulSet's specification where so many replicas run; None: where it is not there yet."""
    with cluster(replicas) as address:
        config = folder / "kubeconfig"
        there = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": {"server": address}}],
            "users": [{"name": "test", "user": {}}],
        }
        config.write_text(json.dumps(there), "utf-8")
        flags = ("--dry-run=server", "--kubeconfig", str(config))
        found: dict[str, Any] = render(folder, values, *flags).one("StatefulSet")["spec"]
        return found


@pytest.mark.parametrize("replicas", [5, 1, 0])
def test_autoscaling_begins_with_what_runs(tmp_path: Path, replicas: int) -> None:
    """Turned on during a backlog, or upgraded later: no replica goes for it, and none wakes up."""
    scaled = merged(BROKERS, {"autoscaling": {"enabled": True}})
    assert upgraded(tmp_path, scaled, replicas)["replicas"] == replicas


def test_a_new_release_leaves_the_number_to_autoscaling(tmp_path: Path) -> None:
    """There is none yet to keep; so it is for who renders without a cluster."""
    scaled = merged(BROKERS, {"autoscaling": {"enabled": True}})
    assert "replicas" not in upgraded(tmp_path, scaled, None)
    assert "replicas" not in render(tmp_path, scaled).one("StatefulSet")["spec"]


def test_without_autoscaling_the_value_counts(tmp_path: Path) -> None:
    """Whatever runs."""
    assert upgraded(tmp_path, merged(BROKERS, {"replicas": 2}), 5)["replicas"] == 2
