"""The examples of docs/, each made ready to run: where its client comes from, and its command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.imports import ROOT
from tests.not_run import not_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from tests.broker.topics import Topics

EXAMPLES = ROOT / "docs" / "examples"
PYTHONS = ("kafka_python", "confluent_kafka")
TOOLS = {"java": ("java", "mvn"), "node": ("node", "npm")}
READY_SECONDS = 400.0  # a build tool fetches what it builds with
RUN_SECONDS = 200.0


class Example:
    """One client's subscriber and publisher."""

    def __init__(self, name: str, folder: Path, config: pytest.Config) -> None:
        self.name, self._folder = name, folder
        if name not in PYTHONS:
            shutil.copytree(EXAMPLES / name, folder)  # what is built is not left in docs/
            self._make_ready(config)

    def publish(self, bootstrap: str, topics: Topics, lines: Sequence[str]) -> None:
        """Run its publisher over these lines."""
        self._run("publish", [], bootstrap, topics, "".join(f"{line}\n" for line in lines))

    def subscribe(self, bootstrap: str, topics: Topics, count: int) -> list[str]:
        """The lines its subscriber prints."""
        told = self._run("subscribe", [str(count)], bootstrap, topics)
        return told.replace("\x1b[0m", "").splitlines()  # Maven resets colours that it never set

    def _make_ready(self, config: pytest.Config) -> None:
        for tool in TOOLS[self.name]:
            if shutil.which(tool) is None:
                not_run(config, f"{tool} is not installed")
        command = {
            "java": ["mvn", "-q", "-B", "compile"],
            "node": ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        }[self.name]
        done = subprocess.run(
            command, cwd=self._folder, capture_output=True, text=True, timeout=READY_SECONDS, check=False
        )
        if done.returncode:
            not_run(config, f"`{' '.join(command)}` does not get the {self.name} example's packages")

    def _run(self, what: str, words: list[str], bootstrap: str, topics: Topics, typed: str = "") -> str:
        done = subprocess.run(
            self._command(what, words),
            cwd=self._folder if self.name not in PYTHONS else EXAMPLES,
            env={
                **os.environ,
                "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
                "KAFKA_INPUT_TOPIC": topics.tweets,
                "KAFKA_OUTPUT_TOPIC": topics.out,
                "GROUP": f"{topics.out}-{self.name}",
            },
            input=typed,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{self.name} {what}: {done.stdout[-1000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def _command(self, what: str, words: list[str]) -> list[str]:
        if self.name == "java":
            main = [f"-Dexec.mainClass={what.title()}", *(f"-Dexec.args={word}" for word in words)]
            return ["mvn", "-q", "-B", "-Dstyle.color=never", "exec:java", *main]
        if self.name == "node":
            return ["node", f"{what}.mjs", *words]
        return [sys.executable, str(EXAMPLES / self.name / f"{what}.py"), *words]
