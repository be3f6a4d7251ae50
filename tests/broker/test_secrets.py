"""Planted secrets and tweets, looked for in all that the program writes; at DEBUG, and where it fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from consumer.__main__ import main
from consumer.broker import probe
from consumer.cli import loading
from tests.broker.replicas import Replica, reaching, with_http
from tests.broker.rights import give, least
from tests.broker.secured import PASSWORD, USER
from tests.broker.stream import Sent, account, publish, tweet
from tests.broker.test_check import toy_model
from tests.broker.test_least_rights import named
from tests.broker.topics import make_topics, new_names

if TYPE_CHECKING:
    from tests.broker.secured import Secured

pytestmark = pytest.mark.needs_tool("openssl")

TOKEN = "planted-token-of-the-hub"  # noqa: S105 - of no account
WRONG = "planted-wrong-password"
WORDS = "planted private words"
PATHS = ("/livez", "/readyz", "/metrics", "/", "/openapi.json", "/nothing")


def access(secured: Secured, password: str, mechanism: str = "SCRAM-SHA-512") -> dict[str, str]:
    """Both secrets in the environment."""
    by_file = secured.by_password(mechanism, Path())
    return {name: value for name, value in by_file.items() if not name.endswith("_FILE")} | {
        "KAFKA_SASL_PASSWORD": password,
        "HF_TOKEN": TOKEN,
    }


def written(folder: Path) -> str:
    """Every file below a folder, names included."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(f"{path}\n{path.read_text('utf-8', 'replace')}" for path in files)


def test_the_stream_writes_neither_secrets_nor_tweets(secured: Secured, tmp_path: Path) -> None:
    """Log at DEBUG, state, probes, metrics, pages; with good records, bad ones and a scorer that raises."""
    topics = make_topics(secured.plain, 1)
    state = tmp_path / "state"
    settings = with_http({**reaching(secured.plain, topics, state), **access(secured, PASSWORD)})
    give(secured.plain, USER, named(settings, topics, least()))
    texts = [tweet(0, f"good {WORDS}"), tweet(1, f"poison {WORDS}"), WORDS.encode(), b'{"id": 3, "text": 7}']
    publish(secured.plain, topics.tweets, [Sent(text, 0) for text in texts])
    with Replica(settings) as one:
        one.wait_for_event("batch_committed")
        told = [one.ask(path)[1] for path in PATHS]
        assert "sentiment_messages_total" in told[2]
        one.stop()
    found = written(state) + "\n".join(told)
    assert '"level": "debug"' in found
    assert "SCRAM-SHA-512" in found  # the settings were printed
    assert [secret for secret in (PASSWORD, TOKEN, WORDS) if secret in found] == []
    assert len(account(secured.plain, topics, dead=3).results) == 1


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_a_refused_password_is_not_told(secured: Secured, tmp_path: Path, mechanism: str) -> None:
    """Neither in the refusal nor in what the client logs on the way there."""
    settings = {**reaching("", new_names(), tmp_path), **access(secured, WRONG, mechanism)}
    with Replica(settings) as one:
        assert one.wait() == 2
    found = written(tmp_path)
    assert "KAFKA_SASL_PASSWORD" in found
    assert WRONG not in found


@pytest.mark.parametrize("words", [["check"], ["check", "--json"], ["topics"], ["watch", "--count", "1"]])
@pytest.mark.parametrize("password", [PASSWORD, WRONG])
def test_other_commands_do_not_tell_it(
    secured: Secured,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    password: str,
) -> None:
    """Whether they are let in or not; rights and topics are missing, so that all have something to say."""
    monkeypatch.setattr(loading, "load_model", toy_model)
    for name, value in {**reaching("", new_names(), tmp_path), **access(secured, password)}.items():
        monkeypatch.setenv(name, value)
    assert main(words) == 2
    found = "".join(capfd.readouterr()) + written(tmp_path)
    assert found
    assert [secret for secret in (password, TOKEN) if secret in found] == []


def test_an_error_of_the_clients_that_quotes_it_is_not_passed_on(
    secured: Secured, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of an exception that nobody foresaw but its class and its way through the code."""

    def fail(_address: str, options: dict[str, Any], _seconds: float) -> None:
        raise RuntimeError(f"cannot log in with {options['sasl_plain_password']} of {options}")

    monkeypatch.setattr(probe, "server", fail)
    for name, value in {**reaching("", new_names(), tmp_path), **access(secured, PASSWORD)}.items():
        monkeypatch.setenv(name, value)
    assert main(["topics"]) == 1
    told = capfd.readouterr().err
    assert "error: not foreseen: builtins.RuntimeError at test_secrets.py:" in told
    assert PASSWORD not in told
