"""Stand-ins of the Kafka client, as far as our own order of effects needs them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kafka import TopicPartition, errors
from kafka.structs import OffsetAndMetadata

from consumer.broker.producer import Letters, Targets, Timing
from consumer.encode import Message
from tests.doubles import record

TARGETS = Targets("results", "dead")
TIMING = Timing(transaction_ms=10_000)
GROUP = object()  # the snapshot is passed on as it is
OFFSETS = {TopicPartition("tweets", 0): OffsetAndMetadata(offset=5, metadata="", leader_epoch=-1)}


def letters(results: Iterable[int] = (), dead: Iterable[int] = ()) -> Letters:
    """Messages for records at these offsets."""
    return Letters(tuple(_message(n) for n in results), tuple(_message(n) for n in dead))


def _message(offset: int) -> Message:
    return Message(
        record(offset=offset), json.dumps({"offset": offset}).encode(), (("a", b"1"), ("none", None))
    )


@dataclass
class Future:
    """A record's fate; unknown until flushed."""

    fate: BaseException | None = None
    is_done: bool = False

    @property
    def exception(self) -> BaseException | None:
        """Why it failed, once that is known."""
        return self.fate if self.is_done else None

    def succeeded(self) -> bool:
        """Acknowledged."""
        return self.is_done and self.fate is None

    def failed(self) -> bool:
        """Known to have failed."""
        return self.is_done and self.fate is not None


@dataclass
class Producer:
    """Records calls in order; fails as told. After a record failed it refuses to send, as the client does."""

    fates: Mapping[int, BaseException] = field(default_factory=dict)  # by offset
    raises: Mapping[str, BaseException] = field(default_factory=dict)  # by call
    on: Mapping[str, Callable[[], object]] = field(default_factory=dict)  # by call: what else happens then
    settles_at: str = "flush"  # "send": the broker answers before the next record is sent
    calls: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    offsets: list[tuple[object, object]] = field(default_factory=list)
    futures: list[Future] = field(default_factory=list)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        self.on.get(name, lambda: None)()
        if name in self.raises:
            raise self.raises[name]

    def init_transactions(self) -> None:
        """Abort what a predecessor left."""
        self._call("init")

    def begin_transaction(self) -> None:
        """Open one."""
        self._call("begin")

    def send(self, topic: str, **message: Any) -> Future:
        """Take a record."""
        self._call("send")
        if any(future.fate for future in self.futures if future.is_done or self.settles_at == "send"):
            raise errors.KafkaError("Cannot perform send because at least one previous request has failed")
        self.sent.append({"topic": topic, **message})
        future = Future(self.fates.get(json.loads(message["value"]).get("offset")))
        self.futures.append(future)
        return future

    def flush(self, timeout: float | None = None) -> None:
        """Wait until every fate is known; a delivery that nobody answered stays unknown."""
        assert timeout is not None
        self._call("flush")
        for future in self.futures:
            future.is_done = not isinstance(future.fate, TimeoutError)

    def send_offsets_to_transaction(self, offsets: object, group: object) -> None:
        """Positions into the transaction."""
        self._call("offsets")
        self.offsets.append((offsets, group))

    def commit_transaction(self) -> None:
        """Make it all visible."""
        self._call("commit")

    def abort_transaction(self) -> None:
        """Make it all void."""
        self._call("abort")

    def close(self, timeout: float | None = None) -> None:
        """Let go, without waiting: nothing more of it may reach the broker."""
        assert timeout == 0
        self._call("close")

    def let_go(self) -> None:
        """Drop what is in flight, and whoever waits for it."""
        self._call("let_go")


class Factory:
    """Gives producers in turn, and good ones after them."""

    def __init__(self, *producers: Producer | BaseException) -> None:
        self._waiting = list(producers)
        self.made: list[Producer] = []

    def __call__(self) -> Producer:
        """The next producer."""
        found = self._waiting.pop(0) if self._waiting else Producer()
        if isinstance(found, BaseException):
            raise found
        self.made.append(found)
        return found


class Stuck:
    """A call that never comes back, until the test lets it go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._let_go = threading.Event()

    def __call__(self) -> None:
        """Hang."""
        self.entered.set()
        self._let_go.wait(60)

    def let_go(self) -> None:
        """End the thread."""
        self._let_go.set()
