"""At least once: positions only after every record has arrived."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kafka import errors

from consumer.broker.at_least_once import AtLeastOncePublisher
from consumer.broker.deadline import Deadline
from consumer.broker.faults import PublishFailedError
from consumer.errors import BrokerGoneError, ConfigurationError
from tests.broker_unit.client import GROUP, OFFSETS, TARGETS, TIMING, Factory, Producer, letters
from tests.doubles import Clock


class Commits:
    """Hears what is committed; fails as told."""

    def __init__(self, *failures: BaseException) -> None:
        self._failures = list(failures)
        self.heard: list[object] = []
        self.before: Callable[[], None] = lambda: None

    def __call__(self, offsets: object) -> None:
        """Commit."""
        self.before()
        if self._failures:
            raise self._failures.pop(0)
        self.heard.append(offsets)


def publisher(factory: Factory, commits: Commits, clock: Clock | None = None) -> AtLeastOncePublisher:
    """A publisher with stand-ins around it."""
    return AtLeastOncePublisher(factory, TARGETS, TIMING, Deadline(60), commits, clock or Clock())


def publish(made: AtLeastOncePublisher) -> None:
    """One batch."""
    made.publish(letters([0, 1], dead=[2]), OFFSETS, GROUP)


def test_the_order_of_effects() -> None:
    """Send, flush, look, commit; no transaction anywhere."""
    factory, commits = Factory(), Commits()
    commits.before = lambda: factory.made[0].calls.append("committed")
    publish(publisher(factory, commits))
    assert factory.made[0].calls == ["send", "send", "send", "flush", "committed"]
    assert commits.heard == [OFFSETS]


@pytest.mark.parametrize(
    "producer", [Producer(fates={1: errors.KafkaTimeoutError()}), Producer(fates={1: TimeoutError()})]
)
def test_a_record_that_did_not_arrive_is_not_committed(producer: Producer) -> None:
    """It would be lost."""
    commits = Commits()
    with pytest.raises(PublishFailedError):
        publish(publisher(Factory(producer), commits))
    assert commits.heard == []


def test_a_failed_commit_is_a_failed_batch() -> None:
    """The batch is read and published again: twice, but not lost; with a producer that holds nothing old."""
    factory, commits = Factory(), Commits(errors.CommitFailedError())
    made = publisher(factory, commits)
    with pytest.raises(PublishFailedError) as caught:
        publish(made)
    assert caught.value.reason == "rebalance"
    publish(made)
    assert commits.heard == [OFFSETS]
    assert len(factory.made) == 2
    assert "let_go" in factory.made[0].calls


@pytest.mark.parametrize(
    ("producer", "commits"),
    [
        (Producer(fates={0: errors.TopicAuthorizationFailedError()}), Commits()),
        (Producer(raises={"send": errors.TopicAuthorizationFailedError()}), Commits()),
        (Producer(), Commits(errors.GroupAuthorizationFailedError())),
    ],
)
def test_what_waiting_does_not_cure_ends_the_process(producer: Producer, commits: Commits) -> None:
    """A missing right is not retried for ever, whichever way it is told."""
    with pytest.raises(ConfigurationError):
        publish(publisher(Factory(producer), commits))


def test_a_fault_of_the_program_is_not_swallowed() -> None:
    """It ends the process."""
    with pytest.raises(TypeError):
        publish(publisher(Factory(), Commits(TypeError())))


def test_a_producer_that_could_not_be_made_is_tried_again() -> None:
    """The broker may be away for a while."""
    factory, commits = Factory(errors.KafkaConnectionError()), Commits()
    made = publisher(factory, commits)
    with pytest.raises(PublishFailedError):
        made.start()
    publish(made)
    assert commits.heard == [OFFSETS]


UNWRITTEN = [errors.KafkaTimeoutError("expired"), errors.NotEnoughReplicasError(), TimeoutError()]


@pytest.mark.parametrize("fate", UNWRITTEN, ids=repr)
def test_trying_again_has_an_end(fate: Exception) -> None:
    """A broker that answers, and for so long takes no writes, is gone: exit 4, with the last error."""
    clock = Clock()
    made = publisher(Factory(*(Producer(fates={0: fate}) for _ in range(3))), Commits(), clock)
    for _ in range(2):
        with pytest.raises(PublishFailedError):
            publish(made)
        clock.pass_seconds(30)
    with pytest.raises(BrokerGoneError, match=r"for 60 s.*min\.insync\.replicas") as caught:
        publish(made)
    assert type(fate).__name__ in str(caught.value)


def test_positions_that_cannot_be_committed_are_an_end_too() -> None:
    """Else all would be published again and again."""
    clock = Clock()
    made = publisher(Factory(), Commits(*[errors.KafkaTimeoutError()] * 3), clock)
    for _ in range(2):
        with pytest.raises(PublishFailedError):
            publish(made)
        clock.pass_seconds(30)
    with pytest.raises(BrokerGoneError):
        publish(made)


def test_a_success_in_between_begins_the_count_anew() -> None:
    """Now and then a failure is no outage."""
    clock = Clock()
    made = publisher(Factory(), Commits(), clock)
    for _ in range(5):
        made._commit = Commits(errors.KafkaTimeoutError())
        with pytest.raises(PublishFailedError):
            publish(made)
        clock.pass_seconds(30)
        publish(made)


def test_a_failure_of_long_ago_is_no_outage() -> None:
    """Its partitions may have gone to another replica, which needed no second try of ours."""
    clock = Clock()
    made = publisher(Factory(), Commits(*[errors.KafkaTimeoutError()] * 3), clock)
    for _ in range(3):
        with pytest.raises(PublishFailedError):
            publish(made)
        clock.pass_seconds(60)


def test_a_rebalance_is_no_outage() -> None:
    """The broker is there, and has its reasons."""
    clock = Clock()
    made = publisher(Factory(), Commits(*[errors.CommitFailedError()] * 5), clock)
    for _ in range(5):
        with pytest.raises(PublishFailedError):
            publish(made)
        clock.pass_seconds(30)
