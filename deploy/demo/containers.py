"""The stage in containers: `docker compose` runs broker, topics, consumer and producer; we look on.

It is a project of its own on ports of its own, so that a `docker compose up` of yours, its data included,
is not touched.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.demo.observed import Sight
from deploy.demo.stage import DemoError, Names, Program, Stage
from deploy.local_kafka import free_port
from deploy.local_kafka.child import Child

PROJECT = "tweet-sentiment-demo"
ROOT = Path(__file__).parents[2]
BUILD_SECONDS = 1_800.0  # the first time every package is downloaded
UP_SECONDS = 300.0
READY_SECONDS = 120.0
STOP_SECONDS = 15
_LOOK_SECONDS = 0.1
_KINDS = {"container": ("ps", "--all"), "network": ("network", "ls"), "volume": ("volume", "ls")}
# The exit code of the container is that of the child; what it logs is the child's output.
_WATCH = 'docker logs --follow "$0" & exit "$(docker wait "$0")"'


@dataclass(slots=True)
class Container(Program):
    """A service's container, watched by a child; stopped by Docker."""

    ask_to_stop: Callable[[], None] = field(default=lambda: None)

    def stop(self) -> None:
        """Ask it to end, and see that it does so well."""
        if self.exit_code is None:
            self.ask_to_stop()
        self.finish(2 * STOP_SECONDS)


@dataclass(slots=True)
class ContainerStage(Stage):
    """Every program of the stage is a service of docker-compose.yml."""

    kafka_port: int = 0
    partitions: int = 4
    up_at: float = float("nan")  # seconds since 1970: the images were at hand, nothing ran yet

    def make_topics(self, partitions: int) -> None:
        """Build the image, start the broker, and the one-shot that creates the topics."""
        self.partitions = partitions
        self._compose("build", "build", "topics").finish(BUILD_SECONDS)
        self.up_at = time.time()
        self._compose("up-topics", "up", "--detach", "topics").finish(UP_SECONDS)

    def start_consumer(self) -> Program:
        """Start the consumer once the topics are there, and wait until it says it is ready."""
        self._compose("up-consumer", "up", "--detach", "--no-recreate", "consumer").finish(UP_SECONDS)
        container = docker(*self._words(), "ps", "--quiet", "consumer", by=self._settings()).strip()
        log = self.logs / "consumer.log"

        def ask_to_stop() -> None:
            self._compose("stop", "stop", "--timeout", str(STOP_SECONDS), "consumer").finish(UP_SECONDS)

        consumer = Container("consumer", Child(["sh", "-c", _WATCH, container], log), log, ask_to_stop)
        self.programs.append(consumer)
        self.wait_until_ready(consumer, READY_SECONDS)
        return consumer

    def start(self, name: str, *command: str) -> Program:
        """Run the service of that name's module with these flags, in a container that goes when it ends."""
        service, *flags = command
        return self._compose(name, "run", "--rm", "--no-deps", "-T", service, *flags)

    def notes(self, sights: Sequence[Sight]) -> list[str]:
        """How long a reader waited for the first result, the build left out."""
        if not sights:
            return []
        seconds = min(sight.seen_at for sight in sights) - self.up_at
        return [f"from `docker compose up` to the first result: {seconds:.1f} s, images at hand"]

    def down(self) -> None:
        """Remove containers, network and volumes; DemoError where something is left of them."""
        self._compose("down", "down", "--volumes", "--remove-orphans").finish(UP_SECONDS)
        if left := leftovers():
            raise DemoError(f"left behind by `docker compose down`: {', '.join(left)}")

    def _compose(self, name: str, *words: str) -> Program:
        log = self.logs / f"{name}.log"
        settings = [f"{key}={value}" for key, value in self._settings().items()]
        program = Program(name, Child(["env", *settings, "docker", *self._words(), *words], log), log)
        self.programs.append(program)
        return program

    def _words(self) -> tuple[str, ...]:
        file = str(ROOT / "docker-compose.yml")
        return ("compose", "--file", file, "--project-name", PROJECT, "--profile", "demo")

    def _settings(self) -> dict[str, str]:
        return {
            "KAFKA_PORT": str(self.kafka_port),
            "HTTP_PORT": str(self.http_port),
            "PARTITIONS": str(self.partitions),
            # Read back by these names, whatever a .env says of them.
            "KAFKA_INPUT_TOPIC": self.names.input,
            "KAFKA_OUTPUT_TOPIC": self.names.output,
            "KAFKA_DLQ_TOPIC": self.names.dlq,
        }


def docker(*words: str, by: dict[str, str] | None = None) -> str:
    """What `docker` prints; DemoError with its own words where it fails."""
    settings = [f"{key}={value}" for key, value in (by or {}).items()]
    done = subprocess.run(["env", *settings, "docker", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoError(f"docker {words[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def leftovers() -> list[str]:
    """What Docker still holds of the demonstration, such as ``volume abc``."""
    label = f"label=com.docker.compose.project={PROJECT}"
    return [
        f"{kind} {name}"
        for kind, words in _KINDS.items()
        for name in docker(*words, "--quiet", "--filter", label).split()
    ]


@contextmanager
def set_containers(say: Callable[[str], None]) -> Iterator[ContainerStage]:
    """A stage in containers, brought down after, whatever happens; what a killed run left goes first."""
    try:
        docker("compose", "version")
        docker("version", "--format", "{{.Server.Version}}")
    except (OSError, DemoError) as error:
        raise DemoError(f"Docker with its compose plugin is needed: {error}") from error
    kafka_port, http_port = free_port(), free_port()
    logs = Path(tempfile.mkdtemp(prefix="sentiment-demo-"))
    stage = ContainerStage(
        f"localhost:{kafka_port}", Names(), Path("/state"), logs, http_port, kafka_port=kafka_port
    )
    if leftovers():
        say("removing what an earlier run left …")
        stage.down()
    try:
        say("building the image; the first time takes minutes …")
        yield stage
    except DemoError as error:
        raise DemoError(f"{error}\nall logs: {logs}") from error
    finally:
        stage.close()
        say("bringing the containers down …")
        stage.down()
