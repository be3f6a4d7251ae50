"""The broker's jars: only what was pinned runs. Shown with a repository of our own, without a network."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.local_kafka import LocalKafkaError, jars

COMPANY_SECONDS = 0.3
GOOD = b"a jar"
PIN = jars.Pin("org.example:thing:1.0", hashlib.sha256(GOOD).hexdigest())


@dataclass
class Repository:
    """Stands where jgo stands: one answer for each time it is asked, the last one again and again."""

    cache: Path
    answers: list[bytes | Exception]
    asked: int = 0
    company: threading.Barrier | None = None  # a fetch gives a second one this chance to come in

    def create_dependency(self, _coordinate: str) -> SimpleNamespace:
        """As jgo does: a dependency whose artifact can be resolved, that is fetched."""
        return SimpleNamespace(artifact=SimpleNamespace(resolve=self._fetch))

    def _fetch(self) -> None:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if self.company:
            with contextlib.suppress(threading.BrokenBarrierError):
                self.company.wait(COMPANY_SECONDS)
        if isinstance(answer, Exception):
            raise answer
        jar = self.cache / PIN.path
        jar.parent.mkdir(parents=True, exist_ok=True)
        jar.write_bytes(answer)


def _offer(monkeypatch: pytest.MonkeyPatch, cache: Path, *answers: bytes | Exception) -> Repository:
    repository = Repository(cache, list(answers))
    monkeypatch.setattr(jars, "open_repository", lambda _cache: repository)
    return repository


def test_every_pin_is_complete() -> None:
    """Each line names one jar of one version and its sha256, and Kafka's own jars are of one release."""
    pins = jars.read_pins()
    assert len({pin.path for pin in pins}) == len(pins) > 40
    assert all(re.fullmatch(r"[\w.-]+:[\w.-]+:[\w.-]+", pin.coordinate) for pin in pins)
    assert all(re.fullmatch("[0-9a-f]{64}", pin.sha256) for pin in pins)
    versions = {
        pin.coordinate.rpartition(":")[2] for pin in pins if pin.coordinate.startswith("org.apache.kafka:")
    }
    assert versions == {jars.KAFKA_VERSION}


def test_fetched_once_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call fetches and says so; the second does neither."""
    repository = _offer(monkeypatch, tmp_path, GOOD)
    told: list[str] = []
    first = jars.class_path(tmp_path, told.append, [PIN])
    assert first[0].read_bytes() == GOOD
    assert "once" in told[0]
    assert jars.class_path(tmp_path, told.append, [PIN]) == first
    assert (repository.asked, len(told)) == (1, 2)


def test_a_damaged_jar_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download cut short by a crash, or a bit lost on the disk, heals itself."""
    repository = _offer(monkeypatch, tmp_path, GOOD[:2], GOOD)
    (tmp_path / PIN.path).parent.mkdir(parents=True)
    (tmp_path / PIN.path).write_bytes(b"half a")
    assert jars.class_path(tmp_path, None, [PIN])[0].read_bytes() == GOOD
    assert repository.asked == 2


def test_another_jar_under_the_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not have the pinned hash is neither used nor kept."""
    _offer(monkeypatch, tmp_path, b"something else")
    with pytest.raises(LocalKafkaError, match=r"thing-1\.0\.jar.*sha256 is not the pinned one"):
        jars.class_path(tmp_path, None, [PIN])
    assert not (tmp_path / PIN.path).exists()


def test_no_network_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network the message names the jar and the likely reason, on one line."""
    _offer(monkeypatch, tmp_path, ConnectionError("a long story"))
    with pytest.raises(LocalKafkaError, match=r"cannot fetch thing.*is the network reachable\?$") as caught:
        jars.class_path(tmp_path, None, [PIN])
    assert "\n" not in str(caught.value)


def test_two_at_once_fetch_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes second waits and uses what the first has fetched."""
    repository = _offer(monkeypatch, tmp_path, GOOD)
    repository.company = threading.Barrier(2)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(jars.class_path(tmp_path, None, [PIN])))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (repository.asked, found) == (1, [[tmp_path / PIN.path]] * 2)
