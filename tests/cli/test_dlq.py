"""The words of `dlq`: which dead letters a command line means, and what it refuses."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import pytest

from consumer.__main__ import main
from consumer.cli.dlq import choice, listing
from consumer.cli.dlq.choice import Choice, moment
from consumer.cli.dlq.replaying import Account, Sorter
from consumer.cli.dlq.words import readable
from consumer.dead_letter import DeadLetter, read_dead_letter
from consumer.records import Record


def letter(offset: int, attempt: int = 1, failed_at: float = 0.0, partition: int = 0) -> DeadLetter:
    """One that says where it came from."""
    said = {"topic": "tweets", "partition": "0", "offset": "3", "attempt": str(attempt), "stage": "parse"}
    headers = tuple((f"__sentiment.errors.{name}", text.encode()) for name, text in said.items())
    found = read_dead_letter(Record("dead", partition, offset, 0, None, b"{}", headers))
    return replace(found, failed_at=failed_at)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["lst"], "invalid choice: 'lst'"),
        ([], "required: ACTION"),
        (["list", "--limt", "3"], "did you mean --limit?"),
        (["list", "--since", "yesterday"], "a time such as"),
        (["list", "--reason", "bad"], "invalid_json"),
        (["list", "--partition", "-1"], "a whole number from 0"),
        (["show"], "either TOPIC-PARTITION@OFFSET, or --partition and --offset"),
        (["show", "--partition", "1"], "either TOPIC-PARTITION@OFFSET"),
        (["show", "nowhere"], "a position such as tweets.dlq-1@42"),
        (["show", "other-1@2"], "not in KAFKA_DLQ_TOPIC=tweets.dlq"),
        (["replay", "--limit", "0"], "at least 1"),
        (["replay", "--kafka-dlq-replayed-topic", "tweets"], "differ from KAFKA_INPUT_TOPIC"),
    ],
)
def test_a_wrong_word_is_refused_before_any_broker_is_asked(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    """Exit 2, with what would be right."""
    assert main(["dlq", *words]) == 2
    assert told in capsys.readouterr().err


def test_each_action_has_its_manual(capsys: pytest.CaptureFixture[str]) -> None:
    """With its own flags and all settings."""
    for action, flag in (("list", "--show-text"), ("show", "--offset"), ("replay", "--dry-run")):
        with pytest.raises(SystemExit):
            main(["dlq", action, "--help"])
        shown = capsys.readouterr().out
        assert flag in shown
        assert "--kafka-dlq-topic" in shown


def test_times_are_moments_or_spans() -> None:
    """UTC unless it says otherwise; a span is before now."""
    assert (
        moment("2026-11-22T10:00:00Z") == moment("2026-11-22T10:00:00") == moment("2026-11-22T11:00:00+01:00")
    )
    assert moment("2h") == pytest.approx(time.time() - 7_200, abs=5)
    for wrong in ("10", "10x", "-5m", "soon"):
        with pytest.raises(argparse.ArgumentTypeError):
            moment(wrong)


def test_all_filters_have_to_fit() -> None:
    """Since includes its moment, until does not."""
    found = letter(0, failed_at=100.0, partition=2)
    assert Choice(stages=["parse"], since=100.0, until=101.0, partitions={2}).takes(found)
    for other in (
        Choice(stages=["score"]),
        Choice(reasons=["invalid_json"]),
        Choice(since=100.1),
        Choice(until=100.0),
        Choice(partitions={1}),
    ):
        assert not other.takes(found)


def test_a_list_keeps_no_more_than_it_shows() -> None:
    """The newest by the time of failure, over however many polls."""
    polls = [tuple(letter(n).record for n in range(first, first + 10)) for first in range(0, 100, 10)]
    counts, newest = listing.survey(polls, choice.Choice(), 3)
    assert counts == {("parse", ""): 100}
    assert [found.record.offset for found in newest] == [99, 98, 97]


class Anywhere:
    """Every topic is there."""

    def fault(self, letter: DeadLetter) -> str | None:
        """All but those at an odd offset can go back."""
        return "odd" if letter.record.offset % 2 else None


def test_every_dead_letter_that_matches_stands_in_one_number() -> None:
    """The account adds up, whatever is done with them."""
    account = Account()
    done = {0, 1, 2}
    put_back = type("Done", (), {"__contains__": lambda _self, found: found.record.offset in done})()
    sorter = Sorter(put_back, Anywhere(), 3, 4, account)  # type: ignore[arg-type] # stand-ins
    polls = [tuple(letter(n, attempt=1 + n % 3).record for n in range(20))]
    account.replayed = sum(len(chunk) for chunk in sorter.to_replay(polls, Choice()))
    body = account.as_json(dry_run=False)
    numbers = ("replayed", "already_replayed", "refused_for_attempts", "beyond_limit", "failed")
    assert body["matched"] == 20 == sum(body[number] for number in numbers)
    assert all(body[number] for number in numbers)


def test_what_is_shown_does_a_terminal_no_harm() -> None:
    """Escapes, right-to-left marks and bytes that are no text stand as escapes."""
    assert readable("a\x1b[31m\u202eb\n".encode() + b"\xff") == r"a\x1b[31m\u202eb\n\xff"
    assert readable(None) is None
