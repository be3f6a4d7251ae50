"""Errors that end the publisher, each with its exit code. The message is one line for the operator."""

from __future__ import annotations

from typing import ClassVar


class PublisherError(Exception):
    """Anything not foreseen more exactly, a record that was not delivered among it: exit 1."""

    exit_code: ClassVar[int] = 1


class UsageError(PublisherError):
    """What waiting does not cure: a flag, a source file, credentials, a missing topic."""

    exit_code = 2


class BrokerUnreachableError(PublisherError):
    """The broker did not answer in time."""

    exit_code = 4
