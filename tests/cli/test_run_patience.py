"""The start of `run`: a broker that goes between two steps of it is waited for, as one that never was."""

from __future__ import annotations

import time
from collections.abc import Callable
from unittest import mock

import pytest

from consumer.cli import run
from consumer.errors import BrokerGoneError, ConfigurationError
from consumer.limits import Limits
from consumer.settings import Settings

AWAY = BrokerGoneError("the consumer cannot connect")
_LOADED = ("load_model", "introduce", "label_rule", "comparable", "Identity", "means", "verify_topics")


def start(
    monkeypatch: pytest.MonkeyPatch,
    assemble: Callable[..., object],
    knock: Callable[..., object] = lambda _settings: None,
    seconds: float = 60,
) -> None:
    """Start with a model, topics and an identity that are there; ``seconds`` are BROKER_TIMEOUT_SECONDS."""
    for name in (*_LOADED, "describe"):
        monkeypatch.setattr(run, name, mock.MagicMock())
    monkeypatch.setattr(run, "look", lambda _settings: None)
    monkeypatch.setattr(run, "assemble", assemble)
    monkeypatch.setattr(run, "explain_unreachable", knock)
    monkeypatch.setattr(run, "_RETRY_SECONDS", 0.02)
    settings = Settings(http_port=0, broker_timeout_seconds=seconds)
    run._run(settings, Limits(time.monotonic), None)


def test_a_broker_that_goes_before_the_group_is_joined_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It restarts right behind the look at the topics: the client finds none, and is made anew."""
    loop = mock.Mock()
    assemble = mock.Mock(side_effect=[AWAY, AWAY, loop])
    start(monkeypatch, assemble)
    assert assemble.call_count == 3
    loop.run.assert_called_once_with()


def test_no_client_is_made_while_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that finds no broker leaves a thread behind."""
    assemble, knock = mock.Mock(), mock.Mock(side_effect=[AWAY, AWAY, None])
    start(monkeypatch, assemble, knock)
    assert knock.call_count == 3
    assert assemble.call_count == 1


def test_waiting_for_it_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """BROKER_TIMEOUT_SECONDS, as everywhere; not sooner."""
    began = time.monotonic()
    with pytest.raises(BrokerGoneError):
        start(monkeypatch, mock.Mock(side_effect=AWAY), seconds=0.2)
    assert time.monotonic() - began >= 0.2


def test_what_waiting_does_not_cure_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused password, for one."""
    assemble = mock.Mock(side_effect=ConfigurationError("refused"))
    with pytest.raises(ConfigurationError):
        start(monkeypatch, assemble)
    assert assemble.call_count == 1
