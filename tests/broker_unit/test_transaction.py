"""The transaction: one order of effects, and no second chance for a producer that failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from kafka import errors

from consumer.broker.deadline import Deadline
from consumer.broker.faults import PublishFailedError
from consumer.broker.producer import Timing
from consumer.broker.transaction import TransactionalPublisher
from consumer.errors import (
    BrokerGoneError,
    ConfigurationError,
    ConsumerError,
    FencedError,
    StoppedWaitingError,
)
from tests.broker_unit.client import GROUP, OFFSETS, TARGETS, TIMING, Factory, Producer, Stuck, letters
from tests.doubles import Clock

FENCED = errors.ProducerFencedError()
STEPS = ("begin", "send", "flush", "offsets", "commit")


def publisher(
    factory: Factory,
    clock: Clock | None = None,
    seconds: float = 60,
    give_up: Callable[[], bool] = lambda: False,
) -> TransactionalPublisher:
    """A publisher with stand-ins around it."""
    deadline = Deadline(seconds, give_up)
    return TransactionalPublisher(factory, TARGETS, TIMING, deadline, clock or Clock())


def publish(made: TransactionalPublisher) -> None:
    """One batch: two results and a dead letter."""
    made.publish(letters([0, 1], dead=[2]), OFFSETS, GROUP)


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    """A call that hangs."""
    call = Stuck()
    yield call
    call.let_go()


def test_the_order_of_effects() -> None:
    """Positions only after every record is known to have arrived; the commit last."""
    factory = Factory()
    publish(publisher(factory))
    (producer,) = factory.made
    assert producer.calls == ["init", "begin", "send", "send", "send", "flush", "offsets", "commit"]


def test_positions_go_with_the_snapshot_given() -> None:
    """The one of the poll: one taken later may belong to no generation and pass unfenced."""
    factory = Factory()
    publish(publisher(factory))
    ((offsets, group),) = factory.made[0].offsets
    assert offsets is OFFSETS
    assert group is GROUP


def test_a_batch_without_messages_still_commits_its_positions() -> None:
    """Tombstones alone: nothing to publish, but read they are."""
    factory = Factory()
    publisher(factory).publish(letters(), OFFSETS, GROUP)
    assert [c for c in factory.made[0].calls if c != "flush"] == ["init", "begin", "offsets", "commit"]


def test_good_batches_share_a_producer() -> None:
    """``init_transactions`` once, not once a batch."""
    factory = Factory()
    made = publisher(factory)
    made.start()
    publish(made)
    publish(made)
    assert len(factory.made) == 1
    assert factory.made[0].calls.count("init") == 1
    assert factory.made[0].calls.count("commit") == 2


def test_a_failed_record_aborts_before_positions_and_commit() -> None:
    """The client would commit without it."""
    factory = Factory(Producer(fates={1: errors.KafkaTimeoutError()}))
    with pytest.raises(PublishFailedError):
        publish(publisher(factory))
    calls = factory.made[0].calls
    assert "offsets" not in calls
    assert "commit" not in calls
    assert "abort" in calls


@pytest.mark.parametrize("step", STEPS)
def test_after_any_failure_the_producer_is_thrown_away(step: str) -> None:
    """Records and positions of a broken transaction leak into the next one of the same producer."""
    factory = Factory(Producer(raises={step: errors.KafkaConnectionError()}))
    made = publisher(factory)
    with pytest.raises(PublishFailedError):
        publish(made)
    broken = factory.made[0].calls
    assert broken.index("abort") < broken.index("close")
    used = len(broken)
    publish(made)
    assert len(factory.made) == 2
    assert factory.made[1].calls[:2] == ["init", "begin"]
    assert factory.made[1].calls[-1] == "commit"
    assert len(broken) == used  # never touched again


def test_an_abort_that_fails_does_not_hide_the_failure() -> None:
    """The next ``init_transactions`` aborts it anyway."""
    cause = errors.KafkaConnectionError()
    factory = Factory(Producer(raises={"commit": cause, "abort": errors.KafkaError("state")}))
    with pytest.raises(PublishFailedError) as caught:
        publish(publisher(factory))
    assert caught.value.cause is cause
    assert "close" in factory.made[0].calls


@pytest.mark.parametrize("step", ["commit", "offsets", "flush"])
def test_a_fault_of_the_program_is_not_swallowed(step: str) -> None:
    """It ends the process instead of being retried for ever."""
    with pytest.raises(TypeError):
        publish(publisher(Factory(Producer(raises={step: TypeError("ours")}))))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fencing", [FENCED, errors.InvalidProducerEpochError()])
def test_fenced_by_a_live_replica(step: str, fencing: errors.KafkaError) -> None:
    """Exit 5, naming the setting; no abort, which is refused; no new producer that fences the other one."""
    factory = Factory(Producer(raises={step: fencing}))
    with pytest.raises(FencedError, match="KAFKA_TRANSACTIONAL_ID") as caught:
        publish(publisher(factory))
    assert caught.value.exit_code == 5
    assert "abort" not in factory.made[0].calls
    assert len(factory.made) == 1


@pytest.mark.parametrize("settles_at", ["flush", "send"])
def test_fenced_while_sending(settles_at: str) -> None:
    """The client tells it by a record's fate, and by refusing to send more in other words."""
    with pytest.raises(FencedError):
        publish(publisher(Factory(Producer(fates={0: FENCED}, settles_at=settles_at))))


def test_fenced_by_our_own_timed_out_transaction() -> None:
    """A slow batch is no second replica: the producer is built anew."""
    clock = Clock()
    slow = Producer(
        raises={"commit": FENCED}, on={"commit": lambda: clock.pass_seconds(TIMING.transaction_ms / 1000)}
    )
    factory = Factory(slow)
    made = publisher(factory, clock)
    with pytest.raises(PublishFailedError) as caught:
        publish(made)
    assert caught.value.reason == "fenced"
    publish(made)
    assert factory.made[1].calls[-1] == "commit"


def test_time_between_batches_is_not_a_transactions() -> None:
    """After an idle hour fencing is still another replica's work."""
    clock = Clock()
    factory = Factory(Producer())
    made = publisher(factory, clock)
    publish(made)
    clock.pass_seconds(3600)
    factory.made[0].raises = {"commit": FENCED}
    with pytest.raises(FencedError):
        publish(made)


def test_fenced_at_the_start() -> None:
    """Nobody's transaction can have timed out yet."""
    with pytest.raises(FencedError):
        publisher(Factory(Producer(raises={"init": FENCED}))).start()


def abandoning(factory: Factory, clock: Clock) -> TransactionalPublisher:
    """A publisher whose first ``init_transactions`` got no answer, and whose second one did."""
    made = publisher(factory, clock)
    with pytest.raises(PublishFailedError):
        made.start()
    made.start()
    return made


UNANSWERED = errors.KafkaTimeoutError()


@pytest.mark.parametrize("idle_seconds", [0, 3600])
def test_fenced_by_our_own_start_that_was_given_up(idle_seconds: float) -> None:
    """A coordinator that hung answered it last: the producer is built anew, whenever it shows."""
    clock = Clock()
    factory = Factory(Producer(raises={"init": UNANSWERED}), Producer(raises={"offsets": FENCED}))
    made = abandoning(factory, clock)
    clock.pass_seconds(idle_seconds)
    with pytest.raises(PublishFailedError) as caught:
        publish(made)
    assert caught.value.reason == "fenced"
    publish(made)
    assert factory.made[2].calls[-1] == "commit"


def test_fenced_by_a_live_replica_after_a_start_that_was_given_up() -> None:
    """It is fenced again, and then it is told: two that share an identity do not go on for ever."""
    unanswered, fenced, again = (
        Producer(raises=r) for r in ({"init": UNANSWERED}, *[{"offsets": FENCED}] * 2)
    )
    made = abandoning(Factory(unanswered, fenced, again), Clock())
    with pytest.raises(PublishFailedError):
        publish(made)
    with pytest.raises(FencedError):
        publish(made)


@pytest.mark.parametrize(("seconds", "how"), [(9.9, PublishFailedError), (10.0, FencedError)])
def test_a_start_that_was_given_up_is_over_some_time(seconds: float, how: type[Exception]) -> None:
    """A transaction that began so long behind it, and was completed, says that it fences nobody any more."""
    clock = Clock()
    factory = Factory(Producer(raises={"init": UNANSWERED}))
    made = abandoning(factory, clock)
    clock.pass_seconds(seconds)
    publish(made)
    factory.made[1].raises = {"offsets": FENCED}
    with pytest.raises(how):
        publish(made)


@pytest.mark.parametrize("step", ["commit", "offsets"])
def test_a_stuck_call_ends_with_the_broker_gone(step: str, stuck: Stuck) -> None:
    """The client would wait for ever; a restart is safe."""
    with pytest.raises(BrokerGoneError) as caught:
        publish(publisher(Factory(Producer(on={step: stuck})), seconds=0))
    assert caught.value.exit_code == 4


def impatient(factory: Factory, clock: Clock) -> TransactionalPublisher:
    """A publisher whose transactions live for no time, though the broker may be away for an hour."""
    return TransactionalPublisher(factory, TARGETS, Timing(0), Deadline(3600), clock)


def test_a_call_the_client_has_lost_is_not_waited_for(stuck: Stuck) -> None:
    """A broker that restarts under a commit leaves it without an answer: a new producer tries again."""
    factory = Factory(Producer(on={"commit": stuck}))
    made = impatient(factory, Clock())
    with pytest.raises(PublishFailedError) as caught:
        publish(made)
    assert caught.value.in_doubt
    publish(made)
    assert factory.made[1].calls[-1] == "commit"


def test_trying_again_has_an_end(stuck: Stuck) -> None:
    """Where transactions alone are never answered, the process ends as if nothing were."""
    clock = Clock()
    made = impatient(Factory(*(Producer(on={"commit": stuck}) for _ in range(73))), clock)
    for _ in range(72):
        with pytest.raises(PublishFailedError):
            publish(made)
        clock.pass_seconds(50)
    with pytest.raises(BrokerGoneError, match=r"no transaction could be completed for 3600 s.*TimeoutError"):
        publish(made)


def test_failures_with_nothing_tried_between_them_are_no_outage(stuck: Stuck) -> None:
    """The partitions went elsewhere, or nothing came: each begins to count anew."""
    clock = Clock()
    made = impatient(Factory(*(Producer(on={"commit": stuck}) for _ in range(70))), clock)
    for _ in range(70):
        with pytest.raises(PublishFailedError):
            publish(made)
        clock.pass_seconds(65)


@pytest.mark.parametrize(
    "error",
    [
        errors.KafkaTimeoutError(),
        errors.CoordinatorNotAvailableError(),
        errors.KafkaError("Could not execute transactional request for unknown reasons"),  # its time was up
    ],
    ids=repr,
)
def test_whatever_goes_undone_for_too_long_ends_it(error: errors.KafkaError) -> None:
    """The client has more than one way to tell that nobody answered."""
    clock = Clock()
    made = publisher(Factory(*(Producer(raises={"commit": error}) for _ in range(3))), clock)
    for _ in range(2):
        with pytest.raises(PublishFailedError):
            publish(made)
        clock.pass_seconds(30)
    with pytest.raises(BrokerGoneError):
        publish(made)


@pytest.mark.parametrize(
    "error", [errors.CommitFailedError(), errors.KafkaConnectionError(), errors.MessageSizeTooLargeError()]
)
def test_what_is_no_want_of_an_answer_does_not_end_it(error: errors.KafkaError) -> None:
    """A group that moves on and a topic that refuses a record are there; a broker that is away is asked."""
    clock = Clock()
    made = publisher(Factory(*(Producer(fates={0: error}) for _ in range(5))), clock)
    for _ in range(5):
        with pytest.raises(PublishFailedError):
            publish(made)
        clock.pass_seconds(30)


def test_little_patience_is_less_than_a_pause_between_two_tries() -> None:
    """Each of them counts all the same, or it would never end."""
    clock = Clock()
    late = [Producer(raises={"commit": errors.KafkaTimeoutError()}) for _ in range(2)]
    made = publisher(Factory(*late), clock, seconds=2)
    with pytest.raises(PublishFailedError):
        publish(made)
    clock.pass_seconds(10)
    with pytest.raises(BrokerGoneError):
        publish(made)


def test_a_failure_of_long_ago_is_no_outage() -> None:
    """Its partitions may have gone to another replica, which needed no second try of ours."""
    clock = Clock()
    made = publisher(
        Factory(*(Producer(raises={"commit": errors.KafkaTimeoutError()}) for _ in range(3))), clock
    )
    for _ in range(3):
        with pytest.raises(PublishFailedError):
            publish(made)
        clock.pass_seconds(60)


@pytest.mark.parametrize("fate", [errors.KafkaTimeoutError("expired"), errors.NotEnoughReplicasError()])
def test_a_partition_that_cannot_be_written_to_is_told_as_that(fate: Exception) -> None:
    """The broker answers all the while: it is said what failed last, and where to look."""
    clock = Clock()
    made = publisher(Factory(*(Producer(fates={0: fate}) for _ in range(3))), clock)
    for _ in range(2):
        with pytest.raises(PublishFailedError):
            publish(made)
        clock.pass_seconds(30)
    with pytest.raises(BrokerGoneError, match=r"min\.insync\.replicas") as caught:
        publish(made)
    assert f"the last error: {type(fate).__name__}" in str(caught.value)
    assert "answered" not in str(caught.value)


def test_a_stop_while_stuck_abandons_the_batch(stuck: Stuck) -> None:
    """SIGTERM ends a replica within seconds, also when the broker does not answer."""
    made = publisher(Factory(Producer(on={"commit": stuck})), seconds=3600, give_up=stuck.entered.is_set)
    with pytest.raises(StoppedWaitingError) as caught:
        publish(made)
    assert caught.value.exit_code == 0


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("send", errors.TopicAuthorizationFailedError()),
        ("offsets", errors.GroupAuthorizationFailedError()),
        ("commit", errors.TransactionalIdAuthorizationFailedError()),
        ("init", errors.TransactionalIdAuthorizationFailedError()),
        ("init", errors.InvalidTransactionTimeoutError()),
    ],
)
def test_what_waiting_does_not_cure_ends_the_process(step: str, error: errors.KafkaError) -> None:
    """A missing right is not retried."""
    with pytest.raises(ConfigurationError):
        publish(publisher(Factory(Producer(raises={step: error}))))


def test_a_refused_identity_is_named() -> None:
    """Its right is given by name, and the broker does not say it."""
    refused = Factory(Producer(raises={"init": errors.TransactionalIdAuthorizationFailedError()}))
    made = TransactionalPublisher(
        refused, TARGETS, TIMING, Deadline(60), Clock(), whose="transactional id tweeters-0"
    )
    with pytest.raises(ConfigurationError, match="transactional id tweeters-0: WRITE"):
        made.start()


def test_a_missing_right_told_by_a_record_ends_the_process() -> None:
    """The broker refuses the record, not the call."""
    with pytest.raises(ConfigurationError):
        publish(publisher(Factory(Producer(fates={2: errors.TopicAuthorizationFailedError()}))))


def test_a_fenced_member_ends_the_process() -> None:
    """It shows only when positions are committed."""
    with pytest.raises(FencedError, match="KAFKA_GROUP_INSTANCE_ID"):
        publish(publisher(Factory(Producer(raises={"offsets": errors.FencedInstanceIdError()}))))


def test_a_dead_letter_that_cannot_be_written_is_never_committed() -> None:
    """The process ends with its positions where they were."""
    factory = Factory(Producer(fates={2: errors.MessageSizeTooLargeError()}))
    with pytest.raises(ConsumerError, match="offset 2"):
        publish(publisher(factory))
    assert "commit" not in factory.made[0].calls


def test_a_producer_that_could_not_be_initialised_is_not_used() -> None:
    """The broker may be away at the start; the next batch tries with a new one."""
    factory = Factory(Producer(raises={"init": errors.KafkaTimeoutError()}))
    made = publisher(factory)
    with pytest.raises(PublishFailedError):
        made.start()
    publish(made)
    assert "begin" not in factory.made[0].calls
    assert "close" in factory.made[0].calls
    assert factory.made[1].calls[-1] == "commit"


def test_a_producer_that_could_not_be_made_is_tried_again() -> None:
    """Without a bootstrap server the constructor raises."""
    factory = Factory(errors.KafkaConnectionError())
    made = publisher(factory)
    with pytest.raises(PublishFailedError):
        publish(made)
    publish(made)
    assert factory.made[0].calls[-1] == "commit"


def test_starting_anew_lets_go_of_the_old_one() -> None:
    """Two producers with one identity would fence each other."""
    factory = Factory()
    made = publisher(factory)
    made.start()
    made.start()
    assert factory.made[0].calls == ["init", "close", "let_go"]


def test_closing_waits_for_nothing() -> None:
    """And twice is no fault."""
    factory = Factory()
    made = publisher(factory)
    made.close()
    made.start()
    made.close()
    made.close()
    assert factory.made[0].calls == ["init", "close", "let_go"]
