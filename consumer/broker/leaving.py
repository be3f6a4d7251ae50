"""A producer that can be left in the middle of anything: whoever waits for its broker is let go, too."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from kafka import KafkaProducer, errors


class LeavableProducer(KafkaProducer):  # type: ignore[misc] # the client has no types
    """The client's producer, which alone lets its transaction calls wait for ever, even once it is closed.

    With each outage that outlasts such a call a thread would stay behind, and the producer with it.
    """

    def __init__(self, **options: Any) -> None:
        """As the client's."""
        super().__init__(**options)
        self._asked = _Asked(self._transaction_manager)

    def let_go(self) -> None:
        """End the sender without sending anything more; who waits for a transaction call gets an error."""
        self._sender.force_close()
        self._asked.let_go()


class _Asked:
    """What the coordinator was asked and may not have answered; knows it by its place in the client's queue.

    All that is asked, or asked again after a connection was lost, is put into that queue. It is not enough
    to empty it: what is on its way is not in it.
    """

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._queue = manager._enqueue_request  # noqa: SLF001 - the client offers no other way
        self._waited_for: WeakSet[Any] = WeakSet()  # who waits holds what he waits for
        self._is_over = False
        manager._enqueue_request = self._put  # noqa: SLF001 - as above

    def _put(self, handler: Any) -> None:
        with self._manager._lock:  # noqa: SLF001 - as above
            if self._is_over:
                handler.fail(_left())
                return
            self._waited_for.add(handler.result)
            self._queue(handler)

    def let_go(self) -> None:
        """Whatever is not answered now never will be."""
        with self._manager._lock:  # noqa: SLF001 - as above
            self._is_over = True
            for result in [result for result in self._waited_for if not result.is_done]:
                result.done(error=_left())


def _left() -> errors.KafkaError:
    return errors.KafkaConnectionError("the producer was let go of before the broker answered")
