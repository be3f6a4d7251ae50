"""The client's errors, sorted by what must follow: the process ends, or the batch is read again."""

from __future__ import annotations

from collections.abc import Iterable

from kafka import errors

from consumer.broker.refusals import REFUSALS, named
from consumer.errors import ConsumerError, FencedError
from consumer.records import Position

# What reading again may cure; anything else is a fault of the program and ends it.
RECOVERABLE = (errors.KafkaError, OSError)
_FENCED = (errors.ProducerFencedError, errors.InvalidProducerEpochError)
_MOVED = (
    errors.IllegalGenerationError,
    errors.UnknownMemberIdError,
    errors.RebalanceInProgressError,
    errors.CommitFailedError,
)
_TOO_LARGE = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)
_HOPELESS = (
    *REFUSALS,
    errors.InvalidTransactionTimeoutError,
    errors.InvalidSessionTimeoutError,
    errors.InvalidGroupIdError,
    errors.InvalidTopicError,
    errors.KafkaConfigurationError,
)


class PublishFailedError(Exception):
    """The batch was not published, as far as is known; it is read again."""

    def __init__(self, cause: BaseException, too_large: Iterable[Position] = ()) -> None:
        """``too_large``: positions whose result or dead letter the topic refused for its size."""
        super().__init__(f"{type(cause).__name__}: {cause}")
        self.cause = cause
        self.reason = _reason(cause)  # one word for a metric's label
        self.too_large = tuple(too_large)

    @property
    def in_doubt(self) -> bool:
        """Whether the batch may be committed all the same: an answer may be lost, a refusal is certain."""
        return self.reason == "publish" and not self.too_large


def _reason(cause: BaseException) -> str:
    if isinstance(cause, _MOVED):
        return "rebalance"
    return "fenced" if is_fenced(cause) else "publish"


def fatal(error: BaseException, whose: str = "Kafka") -> ConsumerError | None:
    """The error that must end the process; None where trying again may help.

    ``whose`` names what was used, such as the group: the broker's answer does not.
    """
    if isinstance(error, ConsumerError):
        return error
    if isinstance(error, errors.FencedInstanceIdError):
        return FencedError(
            "another live replica uses this KAFKA_GROUP_INSTANCE_ID: it must be unique in the group"
        )
    return named(error, whose) if isinstance(error, _HOPELESS) else None


def is_fenced(error: BaseException | None) -> bool:
    """Whether a newer producer with the same transactional id took over (or our transaction timed out)."""
    return isinstance(error, _FENCED)


def is_setback(error: BaseException) -> bool:
    """Whether a try failed for want of what the broker has to do, and not because it refused or moved on.

    A broker that is not there at all is none: that is noticed elsewhere, and told in other words.
    """
    apart = isinstance(error, errors.KafkaConnectionError) or is_too_large(error)
    return _reason(error) == "publish" and not apart


def is_too_large(error: BaseException | None) -> bool:
    """Whether a topic refused records for their size."""
    return isinstance(error, _TOO_LARGE)
