"""``python -m consumer dlq replay``: dead letters back to where they came from, each exactly once."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from consumer.broker import replayed as ledger
from consumer.broker.connection import client_options
from consumer.broker.deadline import Deadline
from consumer.broker.onlooker import Onlooker
from consumer.broker.origins import Origins
from consumer.broker.producer import Timing, make_producer
from consumer.broker.replay import FENCED, Patience, Replay
from consumer.broker.transaction import Transactions
from consumer.cli.dlq.choice import Choice, add_filters, chosen
from consumer.cli.dlq.words import readable
from consumer.cli.topics import count
from consumer.dead_letter import DeadLetter, place, read_dead_letter
from consumer.records import Record
from consumer.settings import Settings

SUMMARY = "put dead letters back on the topic they came from, each exactly once"
_MAX_ATTEMPTS = 3
_BATCH_BYTES = 64 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that are not settings."""
    add_filters(parser)
    parser.add_argument(
        "--max-attempts",
        type=count,
        default=_MAX_ATTEMPTS,
        metavar="N",
        help="refuse what was dead-lettered N times already, the first included: another try is hardly "
        f"likely to help [{_MAX_ATTEMPTS}]",
    )
    parser.add_argument(
        "--limit", type=count, metavar="N", help="put back N at most, the oldest of each partition"
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing, say what would be done")
    parser.add_argument("--json", action="store_true", help="print the account as one JSON object")


@dataclass(slots=True)
class Account:
    """What became of the dead letters that match; each stands in one of the numbers below ``matched``."""

    matched: int = 0
    replayed: int = 0
    already_replayed: int = 0
    refused_for_attempts: int = 0
    beyond_limit: int = 0
    failed: Counter[str] = field(default_factory=Counter)  # by why

    def as_json(self, *, dry_run: bool) -> dict[str, Any]:
        """The same as an object."""
        return {
            "dry_run": dry_run,
            "matched": self.matched,
            "would_replay" if dry_run else "replayed": self.replayed,
            "already_replayed": self.already_replayed,
            "refused_for_attempts": self.refused_for_attempts,
            "beyond_limit": self.beyond_limit,
            "failed": sum(self.failed.values()),
            "failures": dict(self.failed),
        }


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Replay, tell; 1 where some could not be put back."""
    letters, known = ledger.facts(settings, create=not args.dry_run)
    ledger.check_rights(letters, known, write=not args.dry_run)
    choice, account = chosen(args), Account()
    partitions = choice.partitions or None
    with ExitStack() as stack:
        entries = stack.enter_context(Onlooker(settings, known.name, partitions)) if known else None
        replayed = ledger.Replayed(entries)
        put_back = _plan(replayed, args) if args.dry_run else _replay(settings, replayed, stack)
        topic = stack.enter_context(Onlooker(settings, letters.name, partitions))
        sorter = Sorter(replayed, Origins(settings), args.max_attempts, args.limit, account)
        for chunk in sorter.to_replay(topic.catch_up(), choice):
            refused = put_back(chunk)
            account.replayed += len(chunk) - len(refused)
            account.failed.update("its topic refuses it for its size" for _ in refused)
    _print(account, args)
    return 1 if account.failed else 0


class Sorter:
    """Decides what is put back, and counts what is not."""

    def __init__(
        self,
        replayed: ledger.Replayed,
        origins: Origins,
        max_attempts: int,
        limit: int | None,
        account: Account,
    ) -> None:
        """``limit``: put back no more than this; None where there is no limit."""
        self._replayed, self._origins = replayed, origins
        self._max_attempts, self._left, self._account = max_attempts, limit, account

    def to_replay(self, polls: Iterable[tuple[Record, ...]], choice: Choice) -> Iterator[list[DeadLetter]]:
        """Poll by poll, in order within each partition."""
        for records in polls:
            letters = [letter for letter in map(read_dead_letter, records) if choice.takes(letter)]
            self._account.matched += len(letters)
            if chunk := [letter for letter in letters if self._wanted(letter)]:
                yield chunk

    def _wanted(self, letter: DeadLetter) -> bool:
        account = self._account
        if letter in self._replayed:
            account.already_replayed += 1
        elif letter.attempt >= self._max_attempts:
            account.refused_for_attempts += 1
        elif fault := self._origins.fault(letter):
            account.failed[fault] += 1
        elif self._left == 0:
            account.beyond_limit += 1
        else:
            self._left = None if self._left is None else self._left - 1
            return True
        return False


PutBack = Callable[[Sequence[DeadLetter]], Sequence[DeadLetter]]  # returns those that are refused


def _replay(settings: Settings, replayed: ledger.Replayed, stack: ExitStack) -> PutBack:
    timing = Timing(settings.transaction_timeout_ms)
    # One for all who replay this topic, whoever and wherever they are: so the later fences the earlier.
    identity = f"{settings.kafka_dlq_topic}.replay"
    options = client_options(settings)
    transactions = Transactions(
        lambda: make_producer(options, timing, _BATCH_BYTES, identity),
        timing,
        Deadline(settings.broker_timeout_seconds),
        FENCED,
    )
    patience = Patience(settings.broker_timeout_seconds)
    replay = Replay(transactions, replayed, settings.replayed_topic, patience)
    stack.callback(replay.close)
    replay.start()
    return replay.put_back


def _plan(replayed: ledger.Replayed, args: argparse.Namespace) -> PutBack:
    replayed.catch_up()

    def tell(letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
        for letter in () if args.json else letters:
            _print_plan(letter)
        return ()

    return tell


def _print_plan(letter: DeadLetter) -> None:
    assert letter.source is not None  # noqa: S101 - Origins finds no fault otherwise
    target = f"{letter.source.topic}-{letter.source.partition}"
    why = f"{readable(letter.reason.encode())}, attempt {letter.attempt}"
    print(f"{place(letter.record.position)} would go to {readable(target.encode())} ({why})")


def _print(account: Account, args: argparse.Namespace) -> None:
    body = account.as_json(dry_run=args.dry_run)
    if args.json:
        print(json.dumps(body, indent=2))
        return
    done = "would be put back" if args.dry_run else "put back"
    print(
        f"matched {account.matched}: {done} {account.replayed}, already put back before "
        f"{account.already_replayed}, refused after {args.max_attempts} attempts "
        f"{account.refused_for_attempts}, beyond the limit {account.beyond_limit}, failed {body['failed']}"
    )
    for why, number in account.failed.items():
        print(f"failed {number}: {readable(why.encode())}", file=sys.stderr)
