"""The thread that reads late labels: whatever happens to it, the stream does not feel it and it goes on."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from consumer.broker.labels import LabelFeed
from consumer.settings import Settings

if TYPE_CHECKING:
    import pytest

WAIT_SECONDS = 20.0  # for a busy machine; nothing waits longer than it must


def test_whatever_goes_wrong_is_told_and_reading_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also a fault that no client has a name for."""
    again = threading.Event()
    faults = iter([ValueError("odd"), RuntimeError("odder")])

    def fail(**_options: object) -> None:
        fault = next(faults, None)
        if fault is None:
            again.set()
        raise fault or OSError

    monkeypatch.setattr("consumer.broker.labels._PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("consumer.broker.labels.KafkaConsumer", fail)
    with contextlib.closing(LabelFeed(Settings(), "labels", 0, time.monotonic)):
        assert again.wait(WAIT_SECONDS)
    told = [record.__dict__["fields"]["error"] for record in caplog.records]
    assert told[:2] == ["ValueError: odd", "RuntimeError: odder"]
