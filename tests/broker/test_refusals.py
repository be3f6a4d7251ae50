"""Who is not let in learns why, in one line and soon: waiting would cure none of it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import pytest
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType
from pydantic import SecretStr

from consumer.__main__ import main
from consumer.broker import rights, topics
from consumer.broker.connection import admin, client_options
from consumer.errors import BrokerGoneError, ConfigurationError, ConsumerError
from consumer.settings import Settings
from tests.broker.letters import letter
from tests.broker.secured import PASSWORD, USER, certificate
from tests.broker.stream import publish
from tests.broker.topics import admin as any_admin
from tests.broker.topics import make_topics

if TYPE_CHECKING:
    from pathlib import Path

    from tests.broker.secured import Secured
    from tests.broker.topics import Topics

pytestmark = pytest.mark.needs_tool("openssl")

SECONDS = 15


def with_password(secured: Secured, **other: Any) -> Settings:
    """All as it should be, but for ``other``."""
    right: dict[str, Any] = {
        "kafka_bootstrap_servers": secured.sasl_ssl,
        "kafka_security_protocol": "SASL_SSL",
        "kafka_sasl_mechanism": "PLAIN",
        "kafka_sasl_username": USER,
        "kafka_sasl_password": SecretStr(PASSWORD),
        "kafka_ssl_cafile": secured.authority,
    }
    return Settings(**right | other)


def refusal(settings: Settings) -> ConsumerError:
    """What is said, in time and in one line, without the password."""
    started = time.monotonic()
    with pytest.raises(ConsumerError) as refused, admin(settings, "testing"):
        pass
    assert time.monotonic() - started < SECONDS
    assert "\n" not in str(refused.value)
    assert PASSWORD not in str(refused.value)
    return refused.value


def test_who_is_right_is_let_in(secured: Secured) -> None:
    """By password, and by certificate."""
    by_certificate = Settings(
        kafka_bootstrap_servers=secured.mutual_tls,
        kafka_security_protocol="SSL",
        kafka_ssl_cafile=secured.authority,
        kafka_ssl_certfile=secured.certificate,
        kafka_ssl_keyfile=secured.key,
    )
    for settings in (with_password(secured), by_certificate):
        with admin(settings, "testing") as client:
            assert client.describe_cluster()["brokers"]


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"kafka_sasl_password": SecretStr("wrong")}, "refuses KAFKA_SASL_USERNAME or KAFKA_SASL_PASSWORD"),
        ({"kafka_sasl_username": "nobody"}, "refuses KAFKA_SASL_USERNAME"),
        (
            {"kafka_sasl_mechanism": "SCRAM-SHA-256"},
            "does not offer KAFKA_SASL_MECHANISM=SCRAM-SHA-256; it offers PLAIN",
        ),
        ({"kafka_ssl_cafile": None}, "certificate of 127.0.0.1"),
        ({"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_ssl_cafile": None}, "SSL or SASL_SSL"),
        (
            {
                "kafka_security_protocol": "PLAINTEXT",
                "kafka_ssl_cafile": None,
                "kafka_sasl_mechanism": None,
                "kafka_sasl_username": None,
                "kafka_sasl_password": None,
            },
            "SSL or SASL_SSL",
        ),
    ],
)
def test_what_is_wrong_is_named(secured: Secured, other: dict[str, Any], named: str) -> None:
    """The client itself says "unable to bootstrap" to all of these, after half a minute."""
    error = refusal(with_password(secured, **other))
    assert isinstance(error, ConfigurationError)
    assert named in str(error)


def test_tls_to_a_plain_port_is_named(secured: Secured) -> None:
    """The other way round, too."""
    error = refusal(with_password(secured, kafka_bootstrap_servers=secured.plain))
    assert isinstance(error, ConfigurationError)
    assert "does not speak TLS" in str(error)


def test_a_password_where_none_is_wanted_is_named(secured: Secured) -> None:
    """A listener without SASL."""
    error = refusal(
        with_password(
            secured,
            kafka_bootstrap_servers=secured.plain,
            kafka_security_protocol="SASL_PLAINTEXT",
            kafka_ssl_cafile=None,
        )
    )
    assert isinstance(error, ConfigurationError)
    assert "without SASL_" in str(error)


def test_a_password_that_is_wanted_is_named(secured: Secured) -> None:
    """The broker would close the connection without a word."""
    settings = Settings(
        kafka_bootstrap_servers=secured.sasl_ssl,
        kafka_security_protocol="SSL",
        kafka_ssl_cafile=secured.authority,
    )
    error = refusal(settings)
    assert isinstance(error, ConfigurationError)
    assert "should begin with SASL_" in str(error)


def test_a_missing_and_a_foreign_client_certificate_are_named(secured: Secured, tmp_path: Path) -> None:
    """With TLS 1.3 the handshake succeeds and the refusal comes after it."""
    strange, key = certificate(tmp_path, "stranger")
    cases: list[dict[str, Any]] = [{}, {"kafka_ssl_certfile": strange, "kafka_ssl_keyfile": key}]
    for files in cases:
        settings = Settings(
            kafka_bootstrap_servers=secured.mutual_tls,
            kafka_security_protocol="SSL",
            kafka_ssl_cafile=secured.authority,
            **files,
        )
        error = refusal(settings)
        assert "KAFKA_SSL_CERTFILE" in str(error)
        assert isinstance(error, ConfigurationError)


def test_files_that_do_not_hold_what_they_should_are_named(secured: Secured, tmp_path: Path) -> None:
    """Before any connection is tried."""
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    assert "KAFKA_SSL_CAFILE" in str(refusal(with_password(secured, kafka_ssl_cafile=junk)))
    other_key = with_password(
        secured, kafka_ssl_certfile=secured.certificate, kafka_ssl_keyfile=secured.authority
    )
    assert "KAFKA_SSL_CERTFILE" in str(refusal(other_key))


def test_one_server_that_answers_is_enough(secured: Secured) -> None:
    """The others of the list may be down."""
    servers = f"127.0.0.1:1,{secured.sasl_ssl}"
    with admin(with_password(secured, kafka_bootstrap_servers=servers), "testing") as client:
        assert client.describe_cluster()["brokers"]


def test_nobody_there_is_worth_waiting_for() -> None:
    """Exit 4, not 2: the broker may come back."""
    error = refusal(Settings(kafka_bootstrap_servers="127.0.0.1:1"))
    assert isinstance(error, BrokerGoneError)
    assert "refused" in str(error)


def test_the_password_stays_out_of_the_clients_own_log(
    secured: Secured, caplog: pytest.LogCaptureFixture
) -> None:
    """It logs its whole configuration at DEBUG."""
    options = client_options(with_password(secured))
    with caplog.at_level(logging.DEBUG, "kafka"), any_admin(secured.plain):
        logging.getLogger("kafka").debug("Starting with configuration: %s", options)
    assert "sasl_plain_password" in caplog.text
    assert PASSWORD not in caplog.text


def allow(secured: Secured, kind: ResourceType, name: str, *operations: ACLOperation) -> None:
    """Give USER rights."""
    acls = [
        ACL(f"User:{USER}", "*", operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name))
        for operation in operations
    ]
    with any_admin(secured.plain) as client:
        client.create_acls(acls)


def stream(secured: Secured, made: Topics) -> Settings:
    """Settings for these topics, with a group and an identity of their own."""
    return with_password(
        secured,
        kafka_input_topic=made.tweets,
        kafka_output_topic=made.out,
        kafka_dlq_topic=made.dlq,
        kafka_consumer_group=f"group-{made.tweets}",
        kafka_transactional_id=f"id-{made.tweets}",
    )


def test_each_missing_right_is_named(secured: Secured) -> None:
    """Step by step, until with the last right nothing is left to say."""
    made = make_topics(secured.plain, 1)
    settings = stream(secured, made)
    with pytest.raises(ConfigurationError, match=r"the right (READ|WRITE) on topic tweets"):
        topics.describe(settings)
    for name in made.all:
        allow(secured, ResourceType.TOPIC, name, ACLOperation.DESCRIBE)
    assert [line.split(" on ")[0] for line in rights.topic_faults(topics.describe(settings), settings)] == [
        "the right READ",
        "the right WRITE",
        "the right WRITE",
    ]
    allow(secured, ResourceType.TOPIC, made.tweets, ACLOperation.READ)
    for name in (made.out, made.dlq):
        allow(secured, ResourceType.TOPIC, name, ACLOperation.WRITE)
    assert list(rights.topic_faults(topics.describe(settings), settings)) == []

    with (
        pytest.raises(ConfigurationError, match="READ on KAFKA_CONSUMER_GROUP"),
        admin(settings, "") as client,
    ):
        rights.try_group(client, settings)
    allow(secured, ResourceType.GROUP, settings.kafka_consumer_group, ACLOperation.READ)
    with admin(settings, "") as client:
        rights.try_group(client, settings)

    with pytest.raises(ConfigurationError, match="WRITE on the transactional id"):
        rights.try_transactions(settings)
    allow(secured, ResourceType.TRANSACTIONAL_ID, f"id-{made.tweets}-check", ACLOperation.WRITE)
    assert rights.try_transactions(settings) == f"id-{made.tweets}-check"


def test_a_replay_asks_for_no_right_but_these(secured: Secured, capsys: pytest.CaptureFixture[str]) -> None:
    """Each one that is missing is named; with all of them, dead letters go back; the group needs none."""
    made = make_topics(secured.plain, 1)
    ledger = f"{made.dlq}.replayed"
    publish(secured.plain, made.dlq, [letter(made, 0)])

    def replay(*words: str) -> str:
        code = main(["dlq", "replay", *words, *_flags(secured, made)])
        printed = capsys.readouterr()
        assert code == (0 if "put back" in printed.out else 2)
        assert PASSWORD not in printed.out + printed.err
        return printed.out + printed.err

    assert "a right on the topic is missing" in replay()
    allow(secured, ResourceType.TOPIC, made.dlq, ACLOperation.READ)
    assert f"describing topic {ledger}" in replay()
    allow(secured, ResourceType.TOPIC, ledger, ACLOperation.DESCRIBE)
    assert f"creating topic {ledger}" in replay()
    allow(secured, ResourceType.TOPIC, ledger, ACLOperation.CREATE)
    assert f"READ on topic {ledger}, WRITE on topic {ledger}" in replay()
    allow(secured, ResourceType.TOPIC, ledger, ACLOperation.READ)
    assert f"describing topic {made.tweets}" in replay("--dry-run")
    allow(secured, ResourceType.TOPIC, ledger, ACLOperation.WRITE)
    assert "WRITE on the transactional id is missing" in replay()
    allow(secured, ResourceType.TRANSACTIONAL_ID, f"{made.dlq}.replay", ACLOperation.WRITE)
    allow(secured, ResourceType.TOPIC, made.tweets, ACLOperation.DESCRIBE)
    assert f"WRITE on topic {made.tweets} is missing" in replay()
    allow(secured, ResourceType.TOPIC, made.tweets, ACLOperation.WRITE)
    assert "put back 1" in replay()
    assert "already put back before 1" in replay()


def _flags(secured: Secured, made: Topics) -> list[str]:
    """The settings of ``stream`` as one types them."""
    given = {
        "kafka-bootstrap-servers": secured.sasl_ssl,
        "kafka-security-protocol": "SASL_SSL",
        "kafka-sasl-mechanism": "PLAIN",
        "kafka-sasl-username": USER,
        "kafka-sasl-password": PASSWORD,
        "kafka-ssl-cafile": str(secured.authority),
        "kafka-input-topic": made.tweets,
        "kafka-output-topic": made.out,
        "kafka-dlq-topic": made.dlq,
    }
    return [word for name, value in given.items() for word in (f"--{name}", value)]
