"""A real Prometheus for a test: it scrapes what it is told, evaluates our rules, and is asked by HTTP."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from deploy.local_kafka import free_port
from deploy.observability.objectives import JOB

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules"
ASSETS = ROOT / "docs"  # where a folder of runbooks is
WAIT_SECONDS = 120.0  # for a busy machine; nothing waits longer than it must
_CONFIG = """\
global: {{scrape_interval: {every}, scrape_timeout: {every}, evaluation_interval: 1s}}
rule_files: ["{rules}/*.yml"]
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: {targets}}}]
"""

Series = tuple[Mapping[str, str], float]


class Prometheus:
    """Runs as long as the ``with``; evaluates every second.

    Args:
        folder: for its configuration, log and data.
        targets: host and port of what to scrape.
        every: how often, as Prometheus writes it.
    """

    def __init__(self, folder: Path, targets: Sequence[str], every: str = "1s") -> None:
        self._folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        config = folder / "prometheus.yml"
        words = {"rules": RULES, "job": JOB, "targets": json.dumps(list(targets)), "every": every}
        config.write_text(_CONFIG.format(**words), "utf-8")
        with (folder / "prometheus.log").open("wb") as log:
            self._child = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={config}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address={self.address}",
                    f"--web.external-url=http://{self.address}",
                    f"--web.user-assets={ASSETS}",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        self.wait_until(self._ready, "Prometheus is ready")
        return self

    def __exit__(self, *_exception: object) -> None:
        self._child.kill()
        self._child.wait()

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def wait_until(self, condition: Callable[[], object], what: str, seconds: float = WAIT_SECONDS) -> None:
        """Look again and again until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self._child.poll() is None, f"Prometheus ended:\n{self.tail()}"
            assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for: {what}\n{self.tail()}"
            time.sleep(0.2)

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join((self._folder / "prometheus.log").read_text("utf-8").splitlines()[-20:])

    def ask(self, expr: str) -> list[Series]:
        """The series an expression gives now; fails on one that cannot be evaluated."""
        data = self._get("query", query=expr)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(one["metric"], float(one["value"][1])) for one in data["result"]]

    def ask_over(self, expr: str, step_seconds: int, minutes: int = 10) -> list[Series]:
        """Its series over the last minutes, each with its last number."""
        now = time.time()
        words = {"start": f"{now - 60 * minutes:.3f}", "end": f"{now:.3f}", "step": str(step_seconds)}
        data = self._get("query_range", query=expr, **words)
        return [(one["metric"], float(one["values"][-1][1])) for one in data["result"]]

    def value(self, expr: str) -> float | None:
        """The one number an expression gives now, or none."""
        found = self.ask(expr)
        assert len(found) <= 1, found
        return found[0][1] if found else None

    def rules(self) -> list[Mapping[str, Any]]:
        """Every rule with its health."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def alerts(self) -> list[Mapping[str, Any]]:
        """Every alert whose expression holds, with its words filled in."""
        found: list[Mapping[str, Any]] = self._get("alerts")["alerts"]
        return found

    def scraped(self) -> int:
        """How many targets answered their last scrape."""
        return sum(target["health"] == "up" for target in self._get("targets")["activeTargets"])

    def _get(self, what: str, **query: str) -> Any:
        url = f"http://{self.address}/api/v1/{what}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{query}: {refused.read().decode()}") from None
