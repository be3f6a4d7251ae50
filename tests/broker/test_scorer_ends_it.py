"""A scorer that hangs or crashes: the process ends by itself, and one record pays for it, not the stream."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.broker.replicas import Replica, reaching
from tests.broker.stream import Sent, account, error, publish, tweet

if TYPE_CHECKING:
    from tests.broker.brokers import Broker
    from tests.broker.topics import Topics

pytestmark = pytest.mark.partitions(1)

COUNT, GUILTY = 9, 5


@pytest.mark.parametrize(
    ("word", "code"),
    [("hang", 1), ("clutch", 1), ("crash", -signal.SIGSEGV)],
)
def test_four_ends_and_one_dead_letter(
    kafka: Broker, topics: Topics, tmp_path: Path, word: str, code: int
) -> None:
    """Restarted by its supervisor it finds the record, dead-letters it, and labels all others in order."""
    values = [tweet(n, f"good {word}" if n == GUILTY else "good") for n in range(COUNT)]
    publish(kafka.bootstrap, topics.tweets, [Sent(value, 0) for value in values])
    settings = reaching(
        kafka.bootstrap,
        topics,
        tmp_path,
        KAFKA_GROUP_INSTANCE_ID="one",
        SCORER_TIMEOUT_SECONDS="5",
        MAX_BATCH_MESSAGES=str(COUNT),
        MAX_BATCH_WAIT_MS="20000",
    )
    for alone in (False, False, True, True):
        with Replica(settings) as one:
            assert one.wait() == code
            if code == 1:
                assert "Timeout (0:00:05)!" in one.log()
                assert "_misbehave" in one.log()
        assert bool(alone) == (len(_notes(tmp_path)) == 1 and '"alone": ""' not in _notes(tmp_path)[0])
    with Replica(settings, "--max-messages", str(COUNT)) as last:
        last.finish()
        (said,) = last.events("ended_while_scoring")
        assert said["positions"] == [f"{topics.tweets}-0@{GUILTY}..{GUILTY}"]
    found = account(kafka.bootstrap, topics, dead=1)
    ((place, letter),) = found.dead.items()
    assert place[2] == GUILTY
    assert (error(letter, "stage"), error(letter, "reason")) == ("score", "scorer_failed")
    assert _notes(tmp_path) == []


def _notes(state_dir: Path) -> list[str]:
    """What was being scored, as each replica wrote it down."""
    texts = [path.read_text("utf-8") for path in (state_dir / "scoring").glob("*.json")]
    return [text.rpartition('"in_hand": ')[2] for text in texts]


def test_a_stop_while_it_hangs_blames_nobody(kafka: Broker, topics: Topics, tmp_path: Path) -> None:
    """SIGTERM ends it as soon as ever, with 0; the operator's restart is not held against the batch."""
    publish(kafka.bootstrap, topics.tweets, [Sent(tweet(0, "hang"), 0)])
    settings = reaching(kafka.bootstrap, topics, tmp_path, SCORER_TIMEOUT_SECONDS="600")
    with Replica(settings, gates="score") as one:
        one.wait_at("score")
        assert len(_notes(tmp_path)) == 1
        one.open_gates()
        one.stop()
    assert _notes(tmp_path) == []
