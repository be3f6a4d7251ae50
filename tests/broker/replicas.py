"""Replicas of the consumer as child processes, each with its settings in its environment alone."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from deploy.local_kafka import free_port
from tests.broker.stream import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.broker.topics import Topics

ROOT = Path(__file__).parents[2]
EXIT_SECONDS = 90.0  # for a busy machine; nothing waits longer than it must
SESSION_TIMEOUT_MS = "4000"
TAIL_LINES = 40
STEERED, REAL = "tests.broker.replica", "consumer"


def new_group() -> str:
    """A consumer group nobody else uses."""
    return f"group-{uuid.uuid4().hex[:8]}"


class Replica:
    """One running consumer; leaving the ``with`` kills it.

    Args:
        settings: its environment besides what every process needs; see ``reaching``.
        flags: its command line.
        module: the steered replica, or the real command.
        gates: where it waits for ``go``.
    """

    def __init__(
        self, settings: Mapping[str, str], *flags: str, module: str = STEERED, gates: str = ""
    ) -> None:
        self.settings = dict(settings)
        self._words: queue.Queue[str] = queue.Queue()
        state = Path(self.settings["STATE_DIR"])
        state.mkdir(parents=True, exist_ok=True)
        self._log_path = state / f"log-{uuid.uuid4().hex[:8]}.jsonl"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with self._log_path.open("wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", module, *flags],
                cwd=ROOT,
                env={**inherited, "PYTHONUNBUFFERED": "1", "GATES": gates, **self.settings},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        threading.Thread(target=self._listen, daemon=True).start()
        if not gates:
            self.open_gates()

    def _listen(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._words.put(line.decode().strip())
        self._words.put("")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            error.add_note(f"a replica's log (it {'runs' if self.runs else 'ended'}):\n{self.tail()}")
        self.kill()

    def wait_at(self, gate: str, seconds: float = EXIT_SECONDS) -> None:
        """Return when it stands at this gate; gates on the way there are passed."""
        heard = []
        while (word := self._hear(seconds)) != gate:
            heard.append(word)
            assert word, f"it ended ({self.wait()}) before the gate {gate}, said {heard}:\n{self.tail()}"
            self.go()

    def _hear(self, seconds: float) -> str:
        try:
            return self._words.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"it came to no gate in {seconds:g} s:\n{self.tail()}") from None

    def go(self) -> None:
        """Let it through the gate at which it stands."""
        assert self._child.stdin is not None
        self._child.stdin.write(b"g")
        self._child.stdin.flush()

    def open_gates(self) -> None:
        """Let it through every gate from now on."""
        assert self._child.stdin is not None
        self._child.stdin.close()

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        self._child.kill()
        self._child.wait(EXIT_SECONDS)

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal and return at once."""
        self._child.send_signal(number)

    def wait(self, seconds: float = EXIT_SECONDS) -> int:
        """Its exit code."""
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still runs after {seconds:g} s:\n{self.tail()}") from None

    def finish(self, seconds: float = EXIT_SECONDS) -> None:
        """Wait for a clean end by itself."""
        code = self.wait(seconds)
        assert code == 0, f"exit code {code}:\n{self.tail()}"

    def stop(self, seconds: float = EXIT_SECONDS) -> None:
        """SIGTERM, once it listens to signals, and a clean end."""
        self.wait_for_event("starting")
        self.signal()
        self.finish(seconds)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._child.poll() is None

    def tail(self) -> str:
        """The end of its log, for a failing test's report."""
        return "\n".join(line[:500] for line in self.log().splitlines()[-TAIL_LINES:])

    def log(self) -> str:
        """What it wrote to its standard error."""
        return self._log_path.read_text("utf-8", "replace")

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its log lines of one event."""
        lines = (line for line in self.log().splitlines(keepends=True) if line.endswith("}\n"))
        return [fields for fields in map(json.loads, lines) if fields["event"] == name]

    def wait_for_event(self, name: str, count: int = 1, seconds: float = EXIT_SECONDS) -> None:
        """Return when it has logged this event so often."""
        wait_until(
            lambda: len(self.events(name)) >= count or not self.runs, f"{name} in its log", seconds=seconds
        )
        assert len(self.events(name)) >= count, f"it ended without {name}:\n{self.tail()}"

    def ask(self, path: str) -> tuple[int, str]:
        """What its HTTP port answers; 0 where it does not listen yet."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.settings['HTTP_PORT']}{path}") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""


def reaching(bootstrap: str, topics: Topics, state_dir: Path, **settings: str) -> dict[str, str]:
    """Settings for a replica in a group of its own, without HTTP, with a log that a test can read."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "KAFKA_CONSUMER_GROUP": new_group(),
        "KAFKA_INPUT_TOPIC": topics.tweets,
        "KAFKA_OUTPUT_TOPIC": topics.out,
        "KAFKA_DLQ_TOPIC": topics.dlq,
        "KAFKA_SESSION_TIMEOUT_MS": SESSION_TIMEOUT_MS,
        "STATE_DIR": str(state_dir),
        "HTTP_PORT": "0",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "DEBUG",
        **settings,
    }


def with_http(settings: Mapping[str, str]) -> dict[str, str]:
    """The same settings with a port for probes and scrapes."""
    return {**settings, "HTTP_HOST": "127.0.0.1", "HTTP_PORT": str(free_port())}
