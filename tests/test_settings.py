"""Settings: read from flags and environment, refused with all their faults at once, never with a secret."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest

from consumer import settings
from consumer.errors import ConfigurationError
from consumer.settings import Settings, load

if TYPE_CHECKING:
    from pathlib import Path

PLANTED = "hunter2-planted-secret"
SASL = {
    "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
    "KAFKA_SASL_MECHANISM": "scram-sha-512",
    "KAFKA_SASL_USERNAME": "app",
    "KAFKA_SASL_PASSWORD": PLANTED,
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without any of our settings."""
    for name in (*Settings.model_fields, "port"):
        monkeypatch.delenv(name.upper(), raising=False)


def put(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Set variables."""
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def parsed(*words: str) -> argparse.Namespace:
    """A command line of setting flags."""
    parser = argparse.ArgumentParser()
    settings.add_flags(parser)
    return parser.parse_args(words)


def faults(*words: str) -> list[str]:
    """The lines of the refusal, without its headline."""
    with pytest.raises(ConfigurationError) as refusal:
        load(parsed(*words))
    assert refusal.value.exit_code == 2
    return [line.strip() for line in str(refusal.value).splitlines()[1:]]


def test_without_any_setting_the_documented_defaults_hold() -> None:
    """A local broker, three topics, exactly once, openvino."""
    found = load()
    assert found.kafka_bootstrap_servers == "localhost:9092"
    assert (found.kafka_input_topic, found.kafka_output_topic, found.kafka_dlq_topic) == (
        "tweets",
        "tweets.sentiment",
        "tweets.dlq",
    )
    assert (found.delivery, found.scorer, found.http_port) == ("exactly_once", "openvino", 8080)
    assert found.threshold is None
    assert found.neutral_band is None
    assert found.languages == frozenset()


def test_a_flag_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed for this run wins."""
    put(monkeypatch, MAX_BATCH_MESSAGES="7", LANGUAGES="en, UND")
    assert load().max_batch_messages == 7
    assert load().languages == {"en", "und"}
    assert load(parsed("--max-batch-messages", "9")).max_batch_messages == 9


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files pass variables through as empty."""
    put(monkeypatch, KAFKA_SASL_PASSWORD="", HTTP_PORT="")
    assert load().http_port == 8080


@pytest.mark.parametrize(
    ("typed", "origins"),
    [
        ("off", set()),
        ("*", {"*"}),
        (
            "https://app.example.com, http://localhost:3000/",
            {"https://app.example.com", "http://localhost:3000"},
        ),
    ],
)
def test_origins_of_pages(monkeypatch: pytest.MonkeyPatch, typed: str, origins: set[str]) -> None:
    """Off, all, or a list; a slash at the end is forgiven, since no browser sends one."""
    assert load().http_cors_origins == set()
    put(monkeypatch, HTTP_CORS_ORIGINS=typed)
    assert load().http_cors_origins == origins


@pytest.mark.parametrize("typed", ["app.example.com", "https://example.com/app", "*,https://example.com"])
def test_what_no_browser_sends_as_an_origin_is_refused(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """It would silently allow nobody."""
    put(monkeypatch, HTTP_CORS_ORIGINS=typed)
    assert "should be off, * or origins" in faults()[0]


def test_the_http_queue_holds_a_whole_request() -> None:
    """Else a request that is allowed could never be accepted; 0 turns scoring over HTTP off."""
    assert faults("--http-queue-texts", "63") == [
        "HTTP_QUEUE_TEXTS=63: should be 0 or at least HTTP_MAX_TEXTS (64)"
    ]
    assert load(parsed("--http-queue-texts", "0")).http_queue_texts == 0


def test_port_counts_where_http_port_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Container hosts set PORT."""
    put(monkeypatch, PORT="9000")
    assert load().http_port == 9000
    assert load(parsed("--http-port", "0")).http_port == 0
    put(monkeypatch, HTTP_PORT="9001")
    assert load().http_port == 9001


def test_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One run of the command shows all that must be mended, single settings and disagreements alike."""
    put(
        monkeypatch,
        MAX_BATCH_MESSAGES="0",
        KAFKA_BOOTSTRAP_SERVERS="broker",
        KAFKA_DLQ_TOPIC="tweets",
        NEUTRAL_BAND="0.6,0.9",
        THRESHOLD="0.5",
    )
    told = faults("--scorer", "tensorflwo")
    assert len(told) == 5
    for name, right in (
        ("MAX_BATCH_MESSAGES='0'", "greater than or equal to 1"),
        ("KAFKA_BOOTSTRAP_SERVERS='broker'", "host:port"),
        ("SCORER='tensorflwo'", "'openvino' or 'tensorflow'"),
        ("KAFKA_DLQ_TOPIC='tweets'", "differ from KAFKA_INPUT_TOPIC"),
        ("NEUTRAL_BAND=0.6,0.9", "contain the threshold"),
    ):
        assert any(line.startswith(name) and right in line for line in told), name


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1,b:99999", "host:port"),
        ("KAFKA_INPUT_TOPIC", "no spaces", "characters"),
        ("KAFKA_AUTO_OFFSET_RESET", "none", "'earliest' or 'latest'"),
        ("KAFKA_SESSION_TIMEOUT_MS", "999", "greater than or equal to 1000"),
        ("KAFKA_SESSION_TIMEOUT_MS", "1800001", "less than or equal to 1800000"),
        ("KAFKA_SECURITY_PROTOCOL", "tls", "'SASL_SSL'"),
        ("KAFKA_SSL_CAFILE", "/nowhere/ca.pem", "file this user can read"),
        ("DELIVERY", "at_most_once", "'at_least_once'"),
        ("SCORER_CHUNK_TOKENS", "15", "greater than or equal to 16"),
        ("MAX_BATCH_TOKENS", "many", "integer"),
        ("MAX_BATCH_WAIT_MS", "-1", "greater than or equal to 0"),
        ("THRESHOLD", "1.5", "less than or equal to 1"),
        ("THRESHOLD", "nan", "finite number"),
        ("NEUTRAL_BAND", "0.6", "two probabilities"),
        ("NEUTRAL_BAND", "0.6,0.4", "the lower first"),
        ("LANGUAGES", "en,12", "language codes"),
        ("INPUT_FORMAT", "csv", "'json' or 'text'"),
        ("OUTPUT_INCLUDE_TEXT", "perhaps", "boolean"),
        ("HTTP_PORT", "65536", "less than or equal to 65535"),
        ("BROKER_TIMEOUT_SECONDS", "0", "greater than 0"),
        ("DLQ_BREAKER_RATIO", "1.5", "less than or equal to 1"),
        ("LOG_LEVEL", "loud", "'WARNING'"),
        ("SAMPLE_LOG_RATIO", "2", "less than or equal to 1"),
    ],
)
def test_each_fault_names_the_setting_its_value_and_what_is_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, right: str
) -> None:
    """The operator need not look anything up."""
    put(monkeypatch, **{name: value})
    (line,) = faults()
    assert line.casefold().startswith(f"{name}={value!r}: ".casefold())
    assert right in line


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, ["KAFKA_SASL_MECHANISM", "USERNAME", "PASSWORD"]),
        ({"KAFKA_SASL_USERNAME": "app"}, ["KAFKA_SECURITY_PROTOCOL"]),
        ({**SASL, "KAFKA_SASL_USERNAME": ""}, ["KAFKA_SASL_USERNAME"]),
        ({"MAX_BATCH_TOKENS": "100"}, ["MAX_BATCH_TOKENS"]),
        ({"DLQ_BREAKER_MIN": "2000"}, ["DLQ_BREAKER_MIN"]),
        ({"KAFKA_OUTPUT_TOPIC": "t", "KAFKA_DLQ_TOPIC": "t"}, ["KAFKA_DLQ_TOPIC"]),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: list[str]
) -> None:
    """Each may be sound alone; together they could not work, or one would silently not be used."""
    put(monkeypatch, **values)
    told = faults()
    assert len(told) == len(named)
    assert all(name in line for name, line in zip(named, told, strict=True))


def test_a_key_wants_its_certificate_and_a_certificate_tls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A certificate that would not be used is no silent mistake."""
    pem = tmp_path / "some.pem"
    pem.write_text("pem")
    put(monkeypatch, KAFKA_SSL_KEYFILE=str(pem), KAFKA_SSL_CAFILE=str(pem))
    told = faults()
    assert [line.partition("=")[0] for line in told] == ["KAFKA_SSL_CERTFILE", "KAFKA_SECURITY_PROTOCOL"]


def test_a_password_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mounted secret ends with a line feed, the password does not."""
    file = tmp_path / "password"
    file.write_text(f"{PLANTED}\n")
    put(monkeypatch, **{**SASL, "KAFKA_SASL_PASSWORD": ""}, KAFKA_SASL_PASSWORD_FILE=str(file))
    secret = load().kafka_sasl_password
    assert secret is not None
    assert secret.get_secret_value() == PLANTED


def test_a_token_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As the password; the variable goes before it, and neither is shown."""
    file = tmp_path / "token"
    file.write_text(f"{PLANTED}\n")
    put(monkeypatch, HF_TOKEN_FILE=str(file))
    found = load()
    assert found.hf_token is not None
    assert found.hf_token.get_secret_value() == PLANTED
    assert PLANTED not in str(found.redacted())
    put(monkeypatch, HF_TOKEN="another")  # noqa: S106 - made up
    assert (other := load().hf_token) is not None
    assert other.get_secret_value() == "another"


@pytest.mark.parametrize("content", [None, "\n"])
def test_a_secret_file_that_is_missing_or_empty_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    """It is not taken for an unset password."""
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    put(monkeypatch, **{**SASL, "KAFKA_SASL_PASSWORD": ""}, KAFKA_SASL_PASSWORD_FILE=str(file))
    (line,) = faults()
    assert line.startswith("KAFKA_SASL_PASSWORD_FILE=")


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the settings' print, their repr, the manual, nor in any refusal beside it."""
    put(monkeypatch, **SASL)
    found = load()
    told = [repr(found), str(found), str(found.redacted()), settings.table(), str(found.model_dump())]
    put(monkeypatch, MAX_BATCH_MESSAGES="0", KAFKA_SASL_MECHANISM="none")
    told += faults()
    put(
        monkeypatch, KAFKA_SECURITY_PROTOCOL="PLAINTEXT", MAX_BATCH_MESSAGES="1", KAFKA_SASL_MECHANISM="PLAIN"
    )
    told += faults()
    assert not [text for text in told if PLANTED in text]
    assert set(found.redacted()["KAFKA_SASL_PASSWORD"]) == {"*"}


def test_a_fault_in_a_secret_does_not_tell_it() -> None:
    """Its name and what would be right are enough."""
    with pytest.raises(ConfigurationError) as refusal:
        load(argparse.Namespace(kafka_sasl_password=[PLANTED]))
    assert "KAFKA_SASL_PASSWORD=********: " in str(refusal.value)
    assert PLANTED not in str(refusal.value)


def test_the_refusal_carries_no_secret_in_its_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback prints the causes, too."""
    put(monkeypatch, **SASL, HTTP_PORT="x")
    with pytest.raises(ConfigurationError) as refusal:
        load()
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


def test_a_nearly_right_variable_is_warned_of() -> None:
    """A misspelt name would otherwise be ignored in silence; others' variables are none of our business."""
    names = {"KAFKA_BOOTSTRAP_SERVER": "", "MAX_BATCH_MESSAGE": "", "KAFKA_HEAP_OPTS": "", "DELIVERY": ""}
    told = settings.misspelt(names)
    assert len(told) == 2
    assert "KAFKA_BOOTSTRAP_SERVERS is" in told[0]
    assert "MAX_BATCH_MESSAGES is" in told[1]


def test_every_setting_has_a_manual_a_variable_and_a_flag() -> None:
    """The help text is the manual: no setting goes without."""
    flags = vars(parsed(*(word for name in ("scorer", "delivery") for word in (f"--{name}", "x"))))
    assert set(flags) == {"scorer", "delivery"}
    for name, field in Settings.model_fields.items():
        assert field.description
        assert len(field.description) > 20
        assert f"| `{name.upper()}` |" in settings.table()


def test_the_transaction_ends_no_later_than_the_membership(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a dead replica's open transaction would hide results from readers after its partitions moved."""
    put(monkeypatch, KAFKA_SESSION_TIMEOUT_MS="6000")
    assert load().transaction_timeout_ms <= 6000
