"""The local broker as its users meet it: a failed start explains itself, and nothing is left behind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.local_kafka import LocalKafka, LocalKafkaError, free_port
from deploy.local_kafka.answering import answers
from deploy.local_kafka.ports import CANDIDATES
from deploy.local_kafka.properties import as_text, server_properties
from tests.deploy.waiting import await_true

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0


@pytest.fixture
def command() -> Iterator[subprocess.Popen[str]]:
    """`python -m deploy.local_kafka` on a free port."""
    line = [sys.executable, "-m", "deploy.local_kafka", "--port", str(free_port())]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        yield started
        started.kill()


def _address(command: subprocess.Popen[str]) -> str:
    assert command.stdout is not None
    return next(line for line in command.stdout if "KAFKA_BOOTSTRAP_SERVERS=" in line).split("=")[1].strip()


def _data_folder(command: subprocess.Popen[str]) -> Path:
    assert command.stdout is not None
    return Path(command.stdout.readline().partition("data and log: ")[2].strip())


@pytest.mark.broker
def test_command_runs_a_broker_until_interrupted(command: subprocess.Popen[str]) -> None:
    """It prints the address once the broker answers there; Ctrl-C stops it with 0 and clears its data."""
    address, folder = _address(command), _data_folder(command)
    assert answers(address)
    assert folder.is_dir()
    command.send_signal(signal.SIGINT)
    assert command.wait(START_SECONDS) == 0
    assert not folder.exists()
    assert not answers(address)


@pytest.mark.broker
def test_broker_goes_when_its_parent_is_killed(command: subprocess.Popen[str]) -> None:
    """SIGKILL of whoever started it leaves no broker and no data."""
    address, folder = _address(command), _data_folder(command)
    command.kill()
    await_true(lambda: not answers(address) and not folder.exists())


@pytest.mark.broker
def test_a_broker_that_ends_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """The message says why, in the broker's own words, and no process stays."""
    kafka = LocalKafka(tmp_path, properties={"authorizer.class.name": "org.example.NoSuchClass"})
    with pytest.raises(
        LocalKafkaError, match=r"(?s)did not start: .*end of its log:.*org\.example\.NoSuchClass"
    ):
        kafka.start()
    assert "NoSuchClass" in kafka.log_tail()


@pytest.mark.broker
def test_a_broker_that_does_not_answer_is_not_left_running(tmp_path: Path) -> None:
    """Past its time the start fails, says so, and takes the broker with it."""
    with LocalKafka(tmp_path):
        pass  # formats the data, so that the next start has only the broker to wait for
    port = free_port()
    kafka = LocalKafka(tmp_path, port, start_seconds=0.2)
    with pytest.raises(LocalKafkaError, match=r"it did not answer within 0\.2 s"):
        kafka.start()
    assert not answers(f"127.0.0.1:{port}")


def test_a_taken_port_is_named_at_once(tmp_path: Path) -> None:
    """No Java is started for a port that cannot be had, and no folder is left."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalKafkaError, match=f"port {port} is taken"), LocalKafka(port=port):
            pass


def test_ports_are_out_of_the_way_of_connections() -> None:
    """A stopped broker's port is not given away as some connection's source port."""
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 1
    assert ports <= set(CANDIDATES)
    lowest = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if lowest.exists():
        assert max(CANDIDATES) < int(lowest.read_text().split()[0])


def test_properties_of_the_caller_win() -> None:
    """A test that needs other listeners, TLS or more nodes says so and is obeyed."""
    values = server_properties(Path("data"), 1, 2, {"listeners": "SSL://127.0.0.1:1", "extra": "x"})
    assert (values["listeners"], values["extra"], values["node.id"]) == ("SSL://127.0.0.1:1", "x", "1")


def test_property_values_survive_the_file() -> None:
    """Backslashes and line ends in a value, as in certificates, arrive as they are."""
    assert as_text({"key": "a\\b\nc"}) == "key=a\\\\b\\nc\n"
