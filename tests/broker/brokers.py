"""The brokers that tests run against, chosen by `--broker`: a local one, a container, or a given one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from deploy.local_kafka import LocalKafka
from tests.broker.container import ContainerKafka

if TYPE_CHECKING:
    from collections.abc import Mapping


class Broker(Protocol):
    """What a test may do to a broker. `start`, `stop` and so on keep address and data."""

    @property
    def bootstrap(self) -> str:
        """HOST:PORT for clients."""

    def start(self) -> None:
        """Return when it answers."""

    def stop(self) -> None:
        """In order."""

    def kill(self) -> None:
        """As a crash would."""

    def restart(self) -> None:
        """Stop, then start."""

    def pause(self) -> None:
        """Freeze: connections stay open, nothing answers."""

    def resume(self) -> None:
        """Go on after a pause."""

    def close(self) -> None:
        """Stop, and remove all of it."""


def new_broker(kind: str, properties: Mapping[str, str] | None = None) -> Broker:
    """A broker of one's own, not yet started; with an address given as kind it is a local one."""
    if kind == "testcontainers":
        return ContainerKafka(properties)
    return LocalKafka(properties=properties)


class GivenBroker:
    """One that runs already and is not ours: it has an address and no switch."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def _refuse(self) -> None:
        raise NotImplementedError(f"{self.bootstrap} is not ours to stop: use the fixture own_kafka")

    start = stop = kill = restart = pause = resume = _refuse

    def close(self) -> None:
        """Leave it as it is."""
