"""What the demonstration plays on: a broker, three topics, and the programs as child processes."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from kafka.admin import KafkaAdminClient

from deploy.demo.observed import Sight
from deploy.demo.readers import client_options
from deploy.demo.scrape import is_ready
from deploy.local_kafka import LocalKafka, free_port
from deploy.local_kafka.child import Child

_READY_SECONDS = 60.0
_TOPICS_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.05
_TAIL_LINES = 30


class DemoError(Exception):
    """The demonstration cannot go on; the message says why, with the log's tail where a program failed."""


@dataclass(frozen=True, slots=True)
class Names:
    """Topics and group; on a broker that others use too they are this run's alone."""

    input: str = "tweets"
    output: str = "tweets.sentiment"
    dlq: str = "tweets.dlq"
    group: str = "sentiment-demo"

    @property
    def topics(self) -> tuple[str, str, str]:
        """All three."""
        return (self.input, self.output, self.dlq)


@dataclass(slots=True)
class Program:
    """One of our programs, running as a child; its output goes to a log of its own."""

    name: str
    child: Child
    log: Path

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.child.exit_code

    def check(self) -> None:
        """Raise DemoError when it ended otherwise than well."""
        if self.exit_code:
            raise DemoError(
                f"{self.name} ended with exit code {self.exit_code}; its log ends:\n{self.tail()}"
            )

    def finish(self, wait_seconds: float, on_wait: Callable[[], None] = lambda: None) -> None:
        """Wait for it to end by itself; DemoError when it does not, or not well."""
        until = time.monotonic() + wait_seconds
        while self.exit_code is None:
            if time.monotonic() > until:
                raise DemoError(
                    f"{self.name} did not end in {wait_seconds:g} s; its log ends:\n{self.tail()}"
                )
            on_wait()
            time.sleep(_LOOK_SECONDS)
        self.check()

    def stop(self) -> None:
        """Ask it to end, and see that it does so well."""
        if self.exit_code is None:
            self.child.stop(_STOP_SECONDS)
        self.check()

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-_TAIL_LINES:])

    def last_json(self) -> dict[str, Any]:
        """The last line of its output that is a JSON object."""
        for line in reversed(self.log.read_text("utf-8", "replace").splitlines()):
            if line.startswith("{"):
                value: dict[str, Any] = json.loads(line)
                return value
        raise DemoError(f"{self.name} printed no summary; its log ends:\n{self.tail()}")


@dataclass(slots=True)
class Stage:
    """The broker's address, the names, and what runs."""

    bootstrap: str
    names: Names
    state_dir: Path
    logs: Path
    http_port: int = field(default_factory=free_port)
    programs: list[Program] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the consumer answers over HTTP."""
        return f"http://127.0.0.1:{self.http_port}"

    def start(self, name: str, *command: str) -> Program:
        """Start ``python -m`` with that command, under this stage's settings."""
        log = self.logs / f"{name}.log"
        # `env` hands over the settings, which are no secrets; those come through our own environment.
        settings = [f"{key}={value}" for key, value in self._settings().items()]
        child = Child(["env", *settings, sys.executable, "-m", *command], log)
        program = Program(name, child, log)
        self.programs.append(program)
        return program

    def make_topics(self, partitions: int) -> None:
        """Create the three topics, as an operator would."""
        self.start("topics", "consumer", "topics", "--partitions", str(partitions)).finish(_TOPICS_SECONDS)

    def start_consumer(self) -> Program:
        """Start the stream and wait until it says it is ready."""
        consumer = self.start("consumer", "consumer", "run")
        self.wait_until_ready(consumer, _READY_SECONDS)
        return consumer

    def wait_until_ready(self, consumer: Program, seconds: float) -> None:
        """Raises DemoError where it ends before, or is not in that time."""
        until = time.monotonic() + seconds
        while not is_ready(self.address):
            consumer.check()
            if time.monotonic() > until:
                raise DemoError(f"the consumer is not ready after {seconds:g} s:\n{consumer.tail()}")
            time.sleep(_LOOK_SECONDS)

    def check(self) -> None:
        """Raise DemoError when a program ended badly."""
        for program in self.programs:
            program.check()

    def notes(self, _sights: Sequence[Sight]) -> list[str]:
        """What this kind of stage has to say in the closing account."""
        return []

    def close(self) -> None:
        """Stop what still runs, the last started first."""
        for program in reversed(self.programs):
            if program.exit_code is None:
                program.child.stop(_STOP_SECONDS)

    def _settings(self) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "KAFKA_INPUT_TOPIC": self.names.input,
            "KAFKA_OUTPUT_TOPIC": self.names.output,
            "KAFKA_DLQ_TOPIC": self.names.dlq,
            "KAFKA_CONSUMER_GROUP": self.names.group,
            "STATE_DIR": str(self.state_dir),
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(self.http_port),
            "LOG_FORMAT": "text",
            "PYTHONUNBUFFERED": "1",
        }


@contextmanager
def set_stage(state_dir: Path, say: Callable[[str], None], *, keep: bool) -> Iterator[Stage]:
    """A stage on the broker of KAFKA_BOOTSTRAP_SERVERS, else on one of its own; cleared away after."""
    with ExitStack() as stack:
        external = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
        if external:
            bootstrap, names = external, _own_names(uuid4().hex[:8])
        else:
            bootstrap, names = stack.enter_context(LocalKafka(progress=say)).bootstrap, Names()
        logs = Path(tempfile.mkdtemp(prefix="sentiment-demo-"))
        stage = Stage(bootstrap, names, state_dir, logs)
        if external and not keep:
            stack.callback(_delete_topics, bootstrap, names)
        stack.callback(stage.close)
        try:
            yield stage
        except DemoError as error:
            raise DemoError(f"{error}\nall logs: {logs}") from error
        except KeyboardInterrupt:
            shutil.rmtree(logs, ignore_errors=True)
            raise


def _own_names(run: str) -> Names:
    prefix = f"demo-{run}"
    return Names(
        f"{prefix}.tweets", f"{prefix}.tweets.sentiment", f"{prefix}.tweets.dlq", f"sentiment-{prefix}"
    )


def _delete_topics(bootstrap: str, names: Names) -> None:
    admin = KafkaAdminClient(**client_options(bootstrap))
    try:
        existing = set(admin.list_topics())
        if topics := [topic for topic in names.topics if topic in existing]:
            admin.delete_topics(topics)
    finally:
        admin.close()
