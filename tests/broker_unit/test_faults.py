"""Which error of the client leads to what."""

from __future__ import annotations

import pytest
from kafka import errors

from consumer.broker.faults import RECOVERABLE, PublishFailedError, fatal, is_fenced, is_too_large
from consumer.errors import BrokerGoneError, ConfigurationError, FencedError


@pytest.mark.parametrize(
    "error",
    [
        errors.TopicAuthorizationFailedError(),
        errors.GroupAuthorizationFailedError(),
        errors.TransactionalIdAuthorizationFailedError(),
        errors.ClusterAuthorizationFailedError(),
        errors.SaslAuthenticationFailedError(),
        errors.UnsupportedSaslMechanismError(),
        errors.UnsupportedVersionError(),
        errors.InvalidTransactionTimeoutError(),
        errors.InvalidSessionTimeoutError(),
    ],
    ids=lambda e: type(e).__name__,
)
def test_what_waiting_does_not_cure_ends_with_2(error: errors.KafkaError) -> None:
    """A right, a password or a setting: reading the batch again would fail again."""
    ending = fatal(error)
    assert isinstance(ending, ConfigurationError)
    assert ending.exit_code == 2


def test_what_was_used_is_named() -> None:
    """The broker refuses a group or an identity without saying which."""
    ending = fatal(errors.GroupAuthorizationFailedError(), "consumer group tweeters")
    assert "consumer group tweeters: READ on" in str(ending)


def test_a_fenced_member_ends_with_5() -> None:
    """Two replicas with one instance id would throw each other out for ever."""
    ending = fatal(errors.FencedInstanceIdError())
    assert isinstance(ending, FencedError)
    assert ending.exit_code == 5
    assert "KAFKA_GROUP_INSTANCE_ID" in str(ending)


@pytest.mark.parametrize(
    "error",
    [
        errors.KafkaTimeoutError(),
        errors.KafkaConnectionError(),
        errors.NotLeaderForPartitionError(),
        errors.CoordinatorNotAvailableError(),
        errors.RequestTimedOutError(),
        errors.NotEnoughReplicasError(),
        errors.IllegalGenerationError(),
        errors.RebalanceInProgressError(),
        errors.MessageSizeTooLargeError(),
        errors.ProducerFencedError(),
        errors.UnknownProducerIdError(),
        ConnectionResetError(),
    ],
    ids=lambda e: type(e).__name__,
)
def test_what_reading_again_may_cure_does_not_end_the_process(error: Exception) -> None:
    """A broker's restart or a rebalance costs a batch, not a replica."""
    assert fatal(error) is None
    assert isinstance(error, RECOVERABLE)


@pytest.mark.parametrize("error", [TypeError(), ValueError(), AttributeError(), AssertionError(), KeyError()])
def test_a_fault_of_the_program_is_not_recoverable(error: Exception) -> None:
    """Retrying it would loop for ever and hide it."""
    assert not isinstance(error, RECOVERABLE)


def test_an_error_of_ours_stays_what_it_is() -> None:
    """Its exit code was chosen where more was known."""
    gone = BrokerGoneError("x")
    assert fatal(gone) is gone


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.IllegalGenerationError(), "rebalance"),
        (errors.UnknownMemberIdError(), "rebalance"),
        (errors.RebalanceInProgressError(), "rebalance"),
        (errors.CommitFailedError(), "rebalance"),
        (errors.ProducerFencedError(), "fenced"),
        (errors.InvalidProducerEpochError(), "fenced"),
        (errors.KafkaTimeoutError(), "publish"),
        (OSError("x"), "publish"),
    ],
    ids=lambda v: v if isinstance(v, str) else type(v).__name__,
)
def test_the_reason_of_a_failed_batch_is_one_of_three_words(error: Exception, reason: str) -> None:
    """It is a metric's label: a fixed set."""
    assert PublishFailedError(error).reason == reason


def test_fencing_and_size_are_told_from_the_rest() -> None:
    """Each is dealt with in its own way."""
    assert is_fenced(errors.ProducerFencedError())
    assert is_fenced(errors.InvalidProducerEpochError())
    assert not is_fenced(errors.IllegalGenerationError())
    assert not is_fenced(None)
    assert is_too_large(errors.MessageSizeTooLargeError())
    assert is_too_large(errors.RecordListTooLargeError())
    assert not is_too_large(errors.KafkaTimeoutError())
    assert not is_too_large(None)
