"""`dlq list`, `show` and `replay` on a real broker: what is told, and that nothing is put back twice."""

from __future__ import annotations

import contextlib
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from tests.broker.letters import BASE_MS, OWN_HEADERS, Desk, letter, letters, places
from tests.broker.reading import read_all
from tests.broker.replicas import Replica, reaching
from tests.broker.stream import ERRORS, Sent, account, ends, error, publish, send, tweet
from tests.broker.topics import Topics as Names
from tests.broker.topics import admin, remove_topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

ATTEMPT = ERRORS + "attempt"


@pytest.fixture
def desk(kafka: Broker, topics: Topics, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """Dead letters of one's own."""
    made = Desk(kafka.bootstrap, topics, capsys)
    yield made
    remove_topics(kafka.bootstrap, Names(made.ledger, made.ledger, made.ledger))


def test_what_failed_is_tried_again_as_it_was(desk: Desk, tmp_path: Path) -> None:
    """Key, value, headers, partition and time are those of the source; failing again counts one more."""
    bad = [
        Sent(tweet(n, "poison"), n % 3, f"author {n}".encode(), OWN_HEADERS, BASE_MS + n) for n in range(9)
    ]
    publish(desk.bootstrap, desk.topics.tweets, [*bad, Sent(b"no json", 1)])
    settings = reaching(desk.bootstrap, desk.topics, tmp_path)
    with Replica(settings, "--max-messages", "10") as one:
        one.finish()
    before = account(desk.bootstrap, desk.topics, dead=10).inputs

    told = desk.json("replay", "--reason", "scorer_failed")
    assert (told["matched"], told["replayed"]) == (9, 9)
    added = [r for r in desk.put_back() if (r.topic, r.partition, r.offset) not in before]
    assert sorted(map(_carried, added)) == sorted(
        (s.partition, s.key, s.value, s.timestamp_ms, (*s.headers, (ATTEMPT, b"1"))) for s in bad
    )

    with Replica(settings, "--max-messages", "9") as two:
        two.finish()
    again = [r for r in read_all(desk.bootstrap, desk.topics.dlq) if error(r, "attempt") == "2"]
    assert len(again) == 9
    told = desk.json("replay", "--reason", "scorer_failed")
    assert (told["matched"], told["replayed"], told["already_replayed"]) == (18, 9, 9)


def _carried(record: Any) -> tuple[Any, ...]:
    return record.partition, record.key, record.value, record.timestamp, tuple(record.headers)


def test_a_second_replay_puts_back_nothing(desk: Desk) -> None:
    """Each dead letter once, however often the command is given; a new one is not held up by that."""
    desk.write(letters(desk.topics, 40))
    assert desk.json("replay")["replayed"] == 40
    told = desk.json("replay")
    assert (told["replayed"], told["already_replayed"]) == (0, 40)
    desk.write([letter(desk.topics, 40, partition=1)])
    told = desk.json("replay")
    assert (told["replayed"], told["already_replayed"]) == (1, 40)
    assert sorted(places(desk.put_back()), key=lambda place: place[1]) == [
        *((n % 3, n) for n in range(40)),
        (1, 40),
    ]


@pytest.mark.parametrize(
    ("gate", "passed"), [("commit", 0), ("committed", 0), ("commit", 1), ("committed", 1)]
)
def test_a_replay_that_is_killed_and_repeated_puts_back_each_once(
    desk: Desk, tmp_path: Path, gate: str, passed: int
) -> None:
    """Killed before or after a commit, in the first or a later transaction; order is kept."""
    desk.write(letters(desk.topics, 1_200))
    settings = reaching(desk.bootstrap, desk.topics, tmp_path)
    with Replica(settings, "dlq", "replay", gates=gate) as first:
        for _ in range(passed):
            first.wait_at(gate)
            first.go()
        first.wait_at(gate)
        first.kill()
    done = len(desk.put_back())
    assert (done > 0) == (passed > 0 or gate == "committed")
    assert len(desk.put_back("read_uncommitted")) > (0 if gate == "committed" else done)
    told = desk.json("replay")
    assert (told["replayed"], told["already_replayed"]) == (1_200 - done, done)
    found = places(desk.put_back())
    assert found == sorted((n % 3, n) for n in range(1_200))


def test_a_second_replay_at_the_same_time_ends_the_first(desk: Desk, tmp_path: Path) -> None:
    """Exit 5 for the one that was overtaken in the middle of its transaction; each is put back once."""
    desk.write(letters(desk.topics, 30))
    with Replica(reaching(desk.bootstrap, desk.topics, tmp_path), "dlq", "replay", gates="commit") as first:
        first.wait_at("commit")
        assert desk.json("replay")["replayed"] == 30
        first.open_gates()
        assert first.wait() == 5
        assert "another replay" in first.log()
    assert len(desk.put_back()) == 30


def test_an_entry_of_a_topic_made_anew_hides_nothing(desk: Desk) -> None:
    """Positions begin again at 0 where a topic was deleted and created: an old entry is not for them."""
    desk.write([letter(desk.topics, 5), letter(desk.topics, 6)])
    assert desk.json("replay")["replayed"] == 2
    (entry, _) = read_all(desk.bootstrap, desk.ledger)
    publish(desk.bootstrap, desk.ledger, [Sent(entry.value.replace(b"@5", b"@4"), 0, entry.key)])
    told = desk.json("replay")
    assert (told["replayed"], told["already_replayed"]) == (1, 1)


def test_who_failed_too_often_is_refused_and_counted(desk: Desk) -> None:
    """Three times, unless told otherwise; others go back."""
    desk.write([letter(desk.topics, n, attempt=n) for n in (1, 2, 3, 4)])
    told = desk.json("replay", "--dry-run", "--max-attempts", "2")
    assert (told["would_replay"], told["refused_for_attempts"]) == (1, 3)
    told = desk.json("replay")
    assert (told["replayed"], told["refused_for_attempts"], told["failed"]) == (2, 2, 0)
    told = desk.json("replay", "--max-attempts", "9")
    assert (told["replayed"], told["already_replayed"]) == (2, 2)


def test_a_dry_run_writes_nothing_and_disturbs_nobody(desk: Desk, tmp_path: Path) -> None:
    """It says what would be done; no topic is written or made, and a replay that runs goes on."""
    desk.write(letters(desk.topics, 5))
    before = [ends(desk.bootstrap, topic) for topic in desk.topics.all]
    told = desk.text("replay", "--dry-run", "--partition", "1")
    assert f"{desk.topics.dlq}-1@0 would go to {desk.topics.tweets}-1" in told
    assert "would be put back 2" in told
    assert [ends(desk.bootstrap, topic) for topic in desk.topics.all] == before
    with admin(desk.bootstrap) as client:
        assert desk.ledger not in client.list_topics()

    with Replica(reaching(desk.bootstrap, desk.topics, tmp_path), "dlq", "replay", gates="commit") as first:
        first.wait_at("commit")
        assert desk.json("replay", "--dry-run")["would_replay"] == 5
        first.open_gates()
        first.finish()
    assert desk.json("replay", "--dry-run")["already_replayed"] == 5


def test_a_limit_takes_the_oldest_of_a_partition(desk: Desk) -> None:
    """What is beyond it is counted, and is the next replay's."""
    desk.write([letter(desk.topics, n) for n in range(10)])
    told = desk.json("replay", "--limit", "4")
    assert (told["matched"], told["replayed"], told["beyond_limit"]) == (10, 4, 6)
    assert places(desk.put_back()) == [(0, n) for n in range(4)]
    told = desk.json("replay", "--limit", "4")
    assert (told["replayed"], told["already_replayed"], told["beyond_limit"]) == (4, 4, 2)
    assert places(desk.put_back()) == [(0, n) for n in range(8)]


def test_what_cannot_go_back_is_named_and_keeps_nobody(desk: Desk) -> None:
    """A record that is no dead letter, a topic or a partition that is gone: exit 1, the others go back."""
    desk.write(
        [
            Sent(b"anybody's", 0),
            letter(desk.topics, 1),
            letter(desk.topics, 2, topic="not-there-any-more"),
            letter(desk.topics, 3, partition=2, value=b"x"),
            letter(desk.topics, 4, topic=desk.topics.dlq),
            replace(letter(desk.topics, 6), timestamp_ms=BASE_MS - 8 * 86_400_000),
        ]
    )
    far = letter(desk.topics, 5)
    headers = tuple((n, b"7" if n == ERRORS + "partition" else v) for n, v in far.headers)
    desk.write([Sent(far.value, 0, far.key, headers)])
    told = desk.json("replay", code=1)
    assert (told["replayed"], told["failed"]) == (2, 5)
    assert set(told["failures"]) == {
        "the headers do not say where it came from",
        "topic not-there-any-more does not exist",
        f"topic {desk.topics.tweets} has no partition 7",
        "the headers say that it came from the dead-letter topic itself",
        f"it is older than topic {desk.topics.tweets} keeps records (retention.ms=604800000)",
    }
    assert len(desk.put_back()) == 2


def test_what_its_topic_refuses_for_its_size_is_named(desk: Desk) -> None:
    """It costs its neighbours nothing."""
    with admin(desk.bootstrap) as client:
        from kafka.admin import ConfigResource, ConfigResourceType  # noqa: PLC0415 - needed here alone

        small = {"max.message.bytes": "2000"}
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, desk.topics.tweets, small)])
    noise = random.Random(1).randbytes(5_000)
    desk.write([letter(desk.topics, n, value=noise if n in (2, 5) else b"small") for n in range(8)])
    told = desk.json("replay", code=1)
    assert (told["replayed"], told["failures"]) == (6, {"its topic refuses it for its size": 2})
    assert [n for _, n in places(desk.put_back())] == [0, 1, 3, 4, 6, 7]
    assert desk.json("replay", code=1)["already_replayed"] == 6


def test_list_counts_and_shows_the_newest_without_text(desk: Desk) -> None:
    """By stage and reason; what a record held only when asked for."""
    now = time.time()
    desk.write(
        [
            letter(desk.topics, 0, failed_at=now - 7_200, value=b"secret \x1b[2J"),
            letter(desk.topics, 1, failed_at=now - 1_800, partition=1, stage="score", reason="scorer_failed"),
            letter(desk.topics, 2, failed_at=now - 60, partition=2),
        ]
    )
    told = desk.json("list")
    assert (told["total"], told["counts"][0]["count"]) == (3, 2)
    assert [found["position"] for found in told["newest"]] == [f"{desk.topics.dlq}-{n}@0" for n in (2, 1, 0)]
    shown = desk.text("list")
    assert "scorer_failed" in shown
    assert "secret" not in shown
    shown = desk.text("list", "--show-text", "--limit", "3")
    assert r"secret \x1b[2J" in shown
    assert "\x1b" not in shown

    assert _matched(desk, "--stage", "score") == [1]
    assert _matched(desk, "--reason", "invalid_json", "--reason", "scorer_failed") == [2, 1, 0]
    assert _matched(desk, "--since", "1h") == [2, 1]
    assert _matched(desk, "--since", "3h", "--until", "10m") == [1, 0]
    assert _matched(desk, "--until", "2020-01-01T00:00:00Z") == []
    assert _matched(desk, "--partition", "0", "--partition", "2") == [2, 0]
    assert desk.json("replay", "--dry-run", "--since", "1h", "--partition", "1")["would_replay"] == 1


def _matched(desk: Desk, *words: str) -> list[int]:
    return [int(found["source"].rpartition("@")[2]) for found in desk.json("list", *words)["newest"]]


def test_show_tells_all_of_one(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """By position or by flags; the value only when asked for; what is not there is named."""
    desk.write([letter(desk.topics, 3, partition=1)])
    place = f"{desk.topics.dlq}-1@0"
    told = desk.json("show", place)
    assert told == desk.json("show", "--partition", "1", "--offset", "0")
    assert (told["reason"], told["attempt"], told["key"], told["value_bytes"]) == (
        "invalid_json",
        1,
        "author 3",
        11,
    )
    assert told["headers"] == [["traceparent", "00-11-22-01"], ["empty", ""]]
    assert len(told["error_headers"]) == 11
    assert "no json" not in desk.text("show", place)
    assert "no json 1-3" in desk.text("show", place, "--show-text")
    desk.text("show", f"{desk.topics.dlq}-1@7", code=2)
    assert "there is no record" in desk.errors
    desk.text("show", f"{desk.topics.dlq}-9@0", code=2)
    assert "0 to 2" in desk.errors


def test_reading_ends_though_the_topic_ends_in_no_record(desk: Desk) -> None:
    """Marks of transactions, what was aborted, and what is still open: none is waited for, none is listed."""
    options = {"bootstrap_servers": desk.bootstrap, "transaction_timeout_ms": 30_000}
    with contextlib.closing(KafkaProducer(**options, transactional_id=desk.topics.dlq + "-a")) as other:
        other.init_transactions()
        for end in (other.commit_transaction, other.abort_transaction):
            other.begin_transaction()
            for record in letters(desk.topics, 6):
                send(other, desk.topics.dlq, record)
            other.flush()
            end()
        assert desk.json("list")["total"] == 6
        other.begin_transaction()
        send(other, desk.topics.dlq, letter(desk.topics, 6))
        other.flush()
        assert desk.json("list")["total"] == 6
        assert desk.json("replay")["replayed"] == 6
        desk.text("show", f"{desk.topics.dlq}-0@2", code=2)  # the mark of the commit
        other.commit_transaction()
    assert desk.json("replay")["replayed"] == 1


@pytest.mark.parametrize(
    ("partitions", "policy", "named"),
    [(3, "delete", "cleanup.policy=delete"), (1, "compact", "1 partitions")],
)
def test_a_ledger_that_would_forget_is_refused(desk: Desk, partitions: int, policy: str, named: str) -> None:
    """Before anything is written."""
    wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": {"cleanup.policy": policy}}
    with admin(desk.bootstrap) as client:
        client.create_topics({desk.ledger: wanted}, wait_for_metadata=True)
    desk.write(letters(desk.topics, 3))
    desk.text("replay", code=2)
    assert named in desk.errors
    assert desk.put_back() == []
