"""The order of effects in a replay: what is written again after a failure, and what never is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from kafka import errors

from consumer.broker.deadline import Deadline
from consumer.broker.replay import Patience, Replay
from consumer.broker.replayed import Replayed, entry
from consumer.broker.transaction import Transactions
from consumer.dead_letter import DeadLetter, read_dead_letter
from consumer.errors import BrokerGoneError, FencedError
from consumer.records import Record
from tests.broker_unit.client import TIMING, Factory, Producer
from tests.doubles import Clock

LEDGER = "dead.replayed"


def letter(offset: int, attempt: int = 1) -> DeadLetter:
    """A dead letter of the record ``tweets-0@offset``."""
    said = {"topic": "tweets", "partition": "0", "offset": str(offset), "attempt": str(attempt)}
    headers = tuple((f"__sentiment.errors.{name}", text.encode()) for name, text in said.items())
    return read_dead_letter(Record("dead", 0, offset, 5, b"key", b'{"offset": %d}' % offset, headers))


class Ledger:
    """The ledger's topic, as an onlooker reads it: what was committed and not yet read."""

    def __init__(self) -> None:
        self.committed: list[DeadLetter] = []
        self.reads: list[str] = []
        self.on_read: Callable[[], object] = lambda: None

    def catch_up(self) -> list[tuple[Record, ...]]:
        """All of it; who reads twice sees the same."""
        self.on_read()
        messages = [entry(letter) for letter in self.committed]
        return [tuple(Record(LEDGER, 0, n, 0, m.source.key, m.value) for n, m in enumerate(messages))]


class Bench:
    """A replay with a broker of stand-ins."""

    def __init__(self, *producers: Producer | BaseException) -> None:
        self.clock, self.ledger, self.factory = Clock(), Ledger(), Factory(*producers)
        transactions = Transactions(self.factory, TIMING, Deadline(5), "another replay", self.clock)
        patience = Patience(60, self.clock, self.clock.pass_seconds)
        replayed = Replayed(cast("Any", self.ledger))
        self.replay = Replay(transactions, replayed, LEDGER, patience)

    def sent(self, topic: str) -> list[list[bytes]]:
        """Values sent to a topic by each producer."""
        return [[m["value"] for m in made.sent if m["topic"] == topic] for made in self.factory.made]


def values(*offsets: int) -> list[bytes]:
    """What the records at these offsets held."""
    return [b'{"offset": %d}' % n for n in offsets]


def test_a_record_and_its_entry_share_one_transaction() -> None:
    """Begin, both, flush, commit: neither is ever there without the other."""
    bench = Bench()
    bench.replay.start()
    assert bench.replay.put_back([letter(1), letter(2)]) == []
    (made,) = bench.factory.made
    assert made.calls == ["init", "begin", "send", "send", "send", "send", "flush", "commit"]
    assert [m["topic"] for m in made.sent] == ["tweets", "tweets", LEDGER, LEDGER]
    assert [m["key"] for m in made.sent[2:]] == [b"dead-0@1", b"dead-0@2"]


def test_the_ledger_is_read_after_the_other_is_fenced() -> None:
    """Read before, it would miss what the other commits in between."""
    bench = Bench()
    seen: list[list[str]] = []
    bench.ledger.on_read = lambda: seen.append(list(bench.factory.made[-1].calls))
    bench.replay.start()
    assert seen == [["init"]]


@pytest.mark.parametrize("call", ["flush", "commit"])
def test_after_a_failure_a_new_producer_does_it_again(call: str) -> None:
    """The client would let what was left of the broken transaction into the next."""
    bench = Bench(Producer(raises={call: errors.KafkaConnectionError()}))
    bench.replay.start()
    bench.replay.put_back([letter(1)])
    assert bench.sent("tweets") == [values(1), values(1)]
    assert bench.factory.made[0].calls[-2:] == ["close", "let_go"]
    assert bench.factory.made[1].calls[0] == "init"


def test_a_commit_whose_answer_was_lost_is_not_repeated() -> None:
    """The ledger tells that it happened."""
    bench = Bench()
    lost = Producer(
        raises={"commit": errors.KafkaTimeoutError()},
        on={"commit": lambda: bench.ledger.committed.append(letter(1))},
    )
    bench.factory._waiting = [lost]
    bench.replay.start()
    assert bench.replay.put_back([letter(1)]) == []
    assert bench.sent("tweets") == [values(1), []]


def test_one_lost_record_is_the_whole_chunks_failure() -> None:
    """The client would commit without it."""
    bench = Bench(Producer(fates={2: errors.NotEnoughReplicasError()}))
    bench.replay.start()
    bench.replay.put_back([letter(1), letter(2)])
    assert bench.factory.made[0].calls.count("commit") == 0
    assert bench.sent("tweets") == [values(1, 2), values(1, 2)]


def test_who_is_overtaken_by_another_replay_ends_with_5() -> None:
    """It would fence the other in turn."""
    bench = Bench(Producer(raises={"commit": errors.ProducerFencedError()}))
    bench.replay.start()
    with pytest.raises(FencedError, match="another replay"):
        bench.replay.put_back([letter(1)])
    assert len(bench.factory.made) == 1


def test_a_broker_that_stays_away_is_not_waited_for_for_ever() -> None:
    """BROKER_TIMEOUT_SECONDS without one success."""
    bench = Bench(*[errors.KafkaConnectionError() for _ in range(1_000)])
    with pytest.raises(BrokerGoneError, match="BROKER_TIMEOUT_SECONDS is 60"):
        bench.replay.start()


def test_a_later_attempt_at_the_same_place_is_another_dead_letter() -> None:
    """Only a topic made anew has two dead letters at one position."""
    bench = Bench()
    bench.ledger.committed.append(letter(1, attempt=1))
    replayed = Replayed(cast("Any", bench.ledger))
    replayed.catch_up()
    assert letter(1, attempt=1) in replayed
    assert letter(1, attempt=2) not in replayed


def test_the_form_of_an_entry_is_for_ever() -> None:
    """A later version must recognise what this one has put back."""
    message = entry(letter(7))
    assert message.source.key == b"dead-0@7"
    assert message.value == (
        b'{"source": "tweets-0@7", "stage": "", "reason": "", "attempt": "1", "failed_at": "0.005"}'
    )


def test_a_long_replay_is_many_transactions() -> None:
    """Each small enough for its time."""
    bench = Bench()
    bench.replay.start()
    bench.replay.put_back([letter(n) for n in range(1_001)])
    assert bench.factory.made[0].calls.count("commit") == 3
