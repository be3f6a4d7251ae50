"""The stream itself says in one line, and soon, why it cannot begin; a supervisor learns it by the code."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.local_kafka import free_port
from tests.broker.replicas import Replica, reaching
from tests.broker.rights import Right, give
from tests.broker.secured import PASSWORD, USER
from tests.broker.topics import make_topics, new_names

if TYPE_CHECKING:
    from tests.broker.secured import Secured

pytestmark = pytest.mark.needs_tool("openssl")

SECONDS = 15
WAITS = "2"  # BROKER_TIMEOUT_SECONDS


def told(settings: dict[str, str], code: int) -> str:
    """The one line that names the cause: within 15 s of the start, and it is the last of the log."""
    with Replica(settings) as one:
        one.wait_for_event("starting")
        started = time.monotonic()
        assert one.wait() == code
        assert time.monotonic() - started < SECONDS
        lines = one.log().splitlines()
    assert PASSWORD not in "\n".join(lines)
    assert [line for line in lines if line.startswith("Traceback")] == []
    return lines[-1]


@pytest.fixture
def access(secured: Secured, tmp_path: Path) -> dict[str, str]:
    """All as it should be, but that no topic is there."""
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    return reaching("", new_names(), tmp_path / "state") | secured.by_password("SCRAM-SHA-512", secret)


def test_a_wrong_address(access: dict[str, str]) -> None:
    """A port where nothing listens may be a broker's yet: it is waited for, then the code is 4."""
    address = f"127.0.0.1:{free_port()}"
    line = told(access | {"KAFKA_BOOTSTRAP_SERVERS": address, "BROKER_TIMEOUT_SECONDS": WAITS}, 4)
    assert address in line
    assert "nothing listens there" in line


def test_a_wrong_name(access: dict[str, str]) -> None:
    """A host that nobody knows."""
    address = "no-such-host.invalid:9092"
    line = told(access | {"KAFKA_BOOTSTRAP_SERVERS": address, "BROKER_TIMEOUT_SECONDS": WAITS}, 4)
    assert "the name no-such-host.invalid is not known" in line


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_wrong_password(secured: Secured, access: dict[str, str], tmp_path: Path, mechanism: str) -> None:
    """With each mechanism; the password tried is not told either."""
    wrong = tmp_path / "wrong"
    wrong.write_text("not-the-password")
    line = told(access | secured.by_password(mechanism, wrong), 2)
    assert "refuses KAFKA_SASL_USERNAME or KAFKA_SASL_PASSWORD" in line
    assert "not-the-password" not in line


def test_an_untrusted_certificate(access: dict[str, str]) -> None:
    """The authorities of the system do not vouch for the broker."""
    without = {name: value for name, value in access.items() if name != "KAFKA_SSL_CAFILE"}
    assert "is not trusted" in told(without, 2)


def test_a_name_that_the_certificate_does_not_hold(secured: Secured, access: dict[str, str]) -> None:
    """Signed by whom we trust, but for another address."""
    elsewhere = secured.scram.replace("127.0.0.1", "localhost")
    line = told(access | {"KAFKA_BOOTSTRAP_SERVERS": elsewhere}, 2)
    assert "the address should be one it names" in line


def test_missing_topics(secured: Secured, access: dict[str, str]) -> None:
    """All that are missing in one line, with the command that creates them."""
    line = told(
        access
        | {"KAFKA_BOOTSTRAP_SERVERS": secured.plain, "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}
        | _NO_LOGIN,
        2,
    )
    assert "3 topics are missing" in line
    assert access["KAFKA_INPUT_TOPIC"] in line
    assert "python -m consumer topics" in line


def test_too_few_rights_on_a_topic(secured: Secured, access: dict[str, str]) -> None:
    """A topic that may be seen but not written to is named at the start, though no record has come."""
    made = make_topics(secured.plain, 1)
    give(
        secured.plain,
        USER,
        [
            Right("topic", made.tweets, "literal", "READ"),
            Right("topic", made.out, "literal", "DESCRIBE"),
            Right("topic", made.dlq, "literal", "WRITE"),
        ],
    )
    topics = {"KAFKA_INPUT_TOPIC": made.tweets, "KAFKA_OUTPUT_TOPIC": made.out, "KAFKA_DLQ_TOPIC": made.dlq}
    assert told(access | topics, 2) == f"error: the right WRITE on topic {made.out} is missing"


_NO_LOGIN = dict.fromkeys(
    ("KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD_FILE", "KAFKA_SSL_CAFILE"), ""
)
