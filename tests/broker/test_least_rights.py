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
from tests.broker.secured import PASSWORD, USER, secured_kafka
from tests.broker.stream import Sent, account, publish, tweets
from tests.broker.test_check import toy_model
from tests.broker.topics import make_topics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.broker.secured import Secured
    from tests.broker.topics import Topics

pytestmark = pytest.mark.needs_tool("openssl")

SECONDS = 15
COUNT = 30
LEAST = least()
SASL = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """One for all tests of this file."""
    with secured_kafka(tmp_path_factory.mktemp("secured")) as kafka:
        yield kafka


def by_password(secured: Secured, mechanism: str, folder: Path) -> dict[str, str]:
    """USER, with its password in a file."""
    secret = folder / "password"
    secret.write_text(PASSWORD + "\n")
    return {
        "KAFKA_BOOTSTRAP_SERVERS": secured.sasl_ssl if mechanism == "PLAIN" else secured.scram,
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": mechanism,
        "KAFKA_SASL_USERNAME": USER,
        "KAFKA_SASL_PASSWORD_FILE": str(secret),
        "KAFKA_SSL_CAFILE": str(secured.authority),
    }


def by_certificate(secured: Secured) -> dict[str, str]:
    """CN=humble, without a password."""
    certificate, key = secured.humble
    return {
        "KAFKA_BOOTSTRAP_SERVERS": secured.mutual_tls,
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CAFILE": str(secured.authority),
        "KAFKA_SSL_CERTFILE": str(certificate),
        "KAFKA_SSL_KEYFILE": str(key),
    }


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
def test_exactly_the_list_is_enough(secured: Secured, tmp_path: Path, way: str) -> None:
    """Each tweet gets one result, each bad record one dead letter, and nothing asks for more."""
    access = by_certificate(secured) if way == "certificate" else by_password(secured, way, tmp_path)
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
def test_each_right_that_is_missing_is_named(secured: Secured, tmp_path: Path, missing: Right) -> None:
    """Exit 2 within 15 s of the start, the last line names operation, kind and name; nothing is published."""
    topics, settings = fresh(secured, by_password(secured, "PLAIN", tmp_path), tmp_path)
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
    missing: Right | None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is content with the list, and names what is missing of it."""
    monkeypatch.setattr(loading, "load_model", toy_model)
    topics, settings = fresh(secured, by_password(secured, "SCRAM-SHA-512", tmp_path), tmp_path)
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
