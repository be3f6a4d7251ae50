"""Errors that end the process, each with its exit code. The message is one line for the operator."""

from __future__ import annotations

from typing import ClassVar


class ConsumerError(Exception):
    """Anything not foreseen more exactly: exit 1."""

    exit_code: ClassVar[int] = 1


class ConfigurationError(ConsumerError):
    """What waiting does not cure: settings, usage, port, credentials, topic or right missing."""

    exit_code = 2


class ModelRefusedError(ConsumerError):
    """The model folder is damaged, or does not fit this consumer."""

    exit_code = 3


class BrokerGoneError(ConsumerError):
    """The broker was not reachable for longer than BROKER_TIMEOUT_SECONDS."""

    exit_code = 4


class FencedError(ConsumerError):
    """A live replica with the same identity took over."""

    exit_code = 5


class StoppedWaitingError(ConsumerError):
    """Told to stop while a call was stuck: the batch is abandoned, which loses nothing."""

    exit_code = 0
