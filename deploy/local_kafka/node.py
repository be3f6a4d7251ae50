"""One node in a folder: its settings written, its data formatted, the broker started and waited for."""

from __future__ import annotations

import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deploy.local_kafka.answering import answers
from deploy.local_kafka.child import Child
from deploy.local_kafka.errors import LocalKafkaError
from deploy.local_kafka.properties import as_text, server_properties

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from deploy.local_kafka.java import Java

LOOK_SECONDS = 0.05
START_SECONDS = 180.0  # a node may take, on a busy machine
TAIL_LINES = 20


def new_cluster_id() -> str:
    """As Kafka makes them."""
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


@dataclass(frozen=True)
class Node:
    """What one node is made of; nothing of it runs."""

    folder: Path
    port: int
    controller_port: int
    properties: Mapping[str, str] = field(default_factory=dict)  # added to the broker's settings; they win
    client_options: Mapping[str, Any] = field(default_factory=dict)  # kafka-python's, to reach it
    cluster_id: str = field(default_factory=new_cluster_id)

    @property
    def log(self) -> Path:
        """Where the broker's output is appended."""
        return self.folder / "kafka.log"

    @property
    def data(self) -> Path:
        """Kafka's own data folder."""
        return self.folder / "data"

    @property
    def settings(self) -> Path:
        """The broker's settings as it reads them."""
        return self.folder / "server.properties"

    def start(self, java: Java, seconds: float, *, remove_when_orphaned: bool) -> Child:
        """Start the broker on the data that are there, and return it when it answers.

        Raises:
            LocalKafkaError: it ended, or did not answer within `seconds`; with the end of its log.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        values = server_properties(self.data, self.port, self.controller_port, self.properties)
        self.settings.write_text(as_text(values), "utf-8")
        if not (self.data / "meta.properties").exists():
            self._format(java, seconds)
        command = java.command("kafka.Kafka", str(self.settings))
        child = Child(command, self.log, self.folder if remove_when_orphaned else None)
        try:
            self._await_answer(child, seconds)
        except BaseException:  # Ctrl-C, too: nobody else knows the child yet
            child.kill()
            raise
        return child

    def log_tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines of the log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def _format(self, java: Java, seconds: float) -> None:
        """Give the empty data folder its cluster id, which a broker wants to find there."""
        tool = java.command(
            "kafka.tools.StorageTool", "format", f"--cluster-id={self.cluster_id}", "-c", str(self.settings)
        )
        try:
            with self.log.open("ab") as output:
                subprocess.run(tool, stdout=output, stderr=output, timeout=seconds, check=True)
        except subprocess.SubprocessError as error:  # with the reason in the log, or out of time
            raise self._failure("its data folder could not be formatted") from error

    def _await_answer(self, child: Child, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not answers(f"127.0.0.1:{self.port}", self.client_options):
            if child.exit_code is not None:
                raise self._failure(f"it ended with exit code {child.exit_code}")
            if time.monotonic() > deadline:
                raise self._failure(f"it did not answer within {seconds:g} s")
            time.sleep(LOOK_SECONDS)

    def _failure(self, what: str) -> LocalKafkaError:
        return LocalKafkaError(
            f"the local broker did not start: {what}; the end of its log:\n{self.log_tail()}"
        )
