"""The manual's list of rights is enough, and none of it is too much; by each way of proving who one is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from consumer.__main__ import main
from consumer.cli import loading
from tests.broker.replicas import Replica, new_group, reaching
from tests.broker.rights import Right, give, least
from tests.broker.secured import PASSWORD, USER
from tests.broker.stream import Sent, account, publish, tweets
from tests.broker.test_check import toy_model
from tests.broker.topics import make_topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.broker.secured import Secured
    from tests.broker.topics import Topics

pytestmark = pytest.mark.needs_tool("openssl")

SECONDS = 15
COUNT = 30
LEAST = least()
SASL = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with USER's password, as one mounts it."""
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


def named(settings: dict[str, str], topics: Topics, rights: Sequence[Right]) -> list[Right]:
    """The manual's rights on the resources of these settings."""
    group = settings["KAFKA_CONSUMER_GROUP"]
    names = {
        "tweets": topics.tweets,
        "tweets.sentiment": topics.out,
        "tweets.dlq": topics.dlq,
        "sentiment-consumer": group,
        "sentiment-consumer-": f"{group}-",
    }
    return [right.renamed(names) for right in rights]


def fresh(secured: Secured, access: dict[str, str], folder: Path) -> tuple[Topics, dict[str, str]]:
    """Topics with a few tweets in them, and a replica's settings."""
    topics = make_topics(secured.plain)
    publish(secured.plain, topics.tweets, [*tweets(COUNT - 1), Sent(b"no json", 0)])
    return topics, {**reaching(secured.plain, topics, folder / new_group()), **access}


def test_the_list_is_read() -> None:
    """A manual in another form would make the tests below say nothing."""
    assert [(right.resource, right.operation) for right in LEAST] == [
        ("topic", "READ"),
        ("topic", "WRITE"),
        ("topic", "WRITE"),
        ("group", "READ"),
        ("transactional id", "WRITE"),
    ]


@pytest.mark.parametrize("way", [*SASL, "certificate"])
def test_exactly_the_list_is_enough(secured: Secured, tmp_path: Path, secret: Path, way: str) -> None:
    """Each tweet gets one result, each bad record one dead letter, and nothing asks for more."""
    access = secured.by_certificate() if way == "certificate" else secured.by_password(way, secret)
    topics, settings = fresh(secured, access, tmp_path)
    give(secured.plain, "CN=humble" if way == "certificate" else USER, named(settings, topics, LEAST))
    with Replica(settings, "--max-messages", str(COUNT)) as one:
        one.finish()
        assert PASSWORD not in one.log()
    account(secured.plain, topics, dead=1)


def says(line: str, lacking: Right) -> bool:
    """Whether it names the operation, the kind and the name of what is missing."""
    return all(word in line for word in (lacking.operation, lacking.resource, lacking.name, "is missing"))


@pytest.mark.parametrize("missing", LEAST, ids=lambda right: right.title)
def test_each_right_that_is_missing_is_named(
    secured: Secured, tmp_path: Path, secret: Path, missing: Right
) -> None:
    """Exit 2 within 15 s of the start, the last line names operation, kind and name; nothing is published."""
    topics, settings = fresh(secured, secured.by_password("PLAIN", secret), tmp_path)
    give(secured.plain, USER, named(settings, topics, [right for right in LEAST if right != missing]))
    (lacking,) = named(settings, topics, [missing])
    with Replica(settings) as one:
        one.wait_for_event("starting")
        started = time.monotonic()
        assert one.wait() == 2
        assert time.monotonic() - started < SECONDS
        last = one.log().splitlines()[-1]
    assert last.startswith("error: ")
    assert says(last, lacking), last
    assert account(secured.plain, topics, skipped=COUNT).results == {}


@pytest.mark.parametrize(
    "missing", [None, *LEAST], ids=lambda right: right and f"{right.operation} {right.name}"
)
def test_check_says_the_same(
    secured: Secured,
    tmp_path: Path,
    secret: Path,
    missing: Right | None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is content with the list, and names what is missing of it."""
    monkeypatch.setattr(loading, "load_model", toy_model)
    topics, settings = fresh(secured, secured.by_password("SCRAM-SHA-512", secret), tmp_path)
    give(secured.plain, USER, named(settings, topics, [right for right in LEAST if right != missing]))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    code = main(["check"])
    printed = capsys.readouterr().out
    faults = [line for line in printed.splitlines() if line.startswith("fault")]
    assert PASSWORD not in printed
    if missing is None:
        assert (code, faults) == (0, [])
        return
    (lacking,) = named(settings, topics, [missing])
    assert code == 2
    assert any(says(line, lacking) for line in faults), printed
