"""What can go wrong with the local broker, as one line for the person who started it."""

from __future__ import annotations


class LocalKafkaError(RuntimeError):
    """The local broker cannot be fetched, started or stopped; the message says why."""
