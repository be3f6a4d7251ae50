"""The same broker as a container, through testcontainers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.local_kafka import free_port
from deploy.local_kafka.answering import answers
from deploy.local_kafka.jars import KAFKA_VERSION
from deploy.local_kafka.properties import server_properties

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGE = f"apache/kafka:{KAFKA_VERSION}"
BROKER_PORT = 9092
CONTROLLER_PORT = 9093
INSIDE_PORT = 9094
DATA = Path("/tmp/kraft-combined-logs")  # noqa: S108 - the image's own place, inside the container
START_SECONDS = 60.0
STOP_SECONDS = 15
LOOK_SECONDS = 0.1


def as_environment(properties: Mapping[str, str]) -> dict[str, str]:
    """Server properties as the image's variables: `node.id` is `KAFKA_NODE_ID`."""
    rules = str.maketrans({".": "_", "_": "__", "-": "___"})
    return {f"KAFKA_{key.translate(rules).upper()}": value for key, value in properties.items()}


def why_no_docker() -> str | None:
    """None when containers can be run, else the reason in one line."""
    try:
        from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415 - only where asked for

        DockerClient().client.ping()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the reason
        return f"Docker cannot be used: {error}".splitlines()[0]
    return None


class ContainerKafka:
    """A broker in a container, on a port of the host that stays the same over a restart.

    The port is chosen by us and told to the broker as the address it advertises, so nothing has to be
    copied into a container that already runs.
    """

    def __init__(self, properties: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self._properties = dict(properties or {})
        self._host = "localhost"
        self._container: Any = None

    @property
    def bootstrap(self) -> str:
        """The address clients are given, HOST:PORT."""
        return f"{self._host}:{self.port}"

    def start(self) -> None:
        """Start it, on the data it has, and return when it answers."""
        if self._container is None:
            self._create()
        else:
            self._container.get_wrapped_container().start()
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.bootstrap):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{IMAGE} does not answer on {self.bootstrap}:\n{self.log_tail()}")
            time.sleep(LOOK_SECONDS)

    def _create(self) -> None:
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - looks for Docker at import

        container = DockerContainer(IMAGE).with_bind_ports(BROKER_PORT, self.port)
        self._host = container.get_docker_client().host()
        container.with_envs(**as_environment(self._server_properties()))
        self._container = container.start()

    def _server_properties(self) -> dict[str, str]:
        # The broker writes transactions' markers to itself: under an address that is right inside, too.
        listeners = {
            "listeners": f"PLAINTEXT://0.0.0.0:{BROKER_PORT},INSIDE://127.0.0.1:{INSIDE_PORT},"
            f"CONTROLLER://127.0.0.1:{CONTROLLER_PORT}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap},INSIDE://127.0.0.1:{INSIDE_PORT}",
            "inter.broker.listener.name": "INSIDE",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
        }
        overrides = {**listeners, **self._properties}
        return server_properties(DATA, BROKER_PORT, CONTROLLER_PORT, overrides)

    def stop(self) -> None:
        """Stop it in order; its data stay in the container."""
        self._container.get_wrapped_container().stop(timeout=STOP_SECONDS)

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._container.get_wrapped_container().kill()

    def restart(self) -> None:
        """Stop it if it runs, then start it on the same port and data."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        """Let a frozen broker go on."""
        self._container.get_wrapped_container().unpause()

    def close(self) -> None:
        """Remove the container with its data."""
        if self._container is not None:
            self._container.stop()
            self._container = None

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        text: bytes = self._container.get_wrapped_container().logs(tail=lines)
        return text.decode("utf-8", "replace")
