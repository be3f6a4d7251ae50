"""Flags, environment and how a run ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from producer_sim.errors import UsageError
from producer_sim.options import parse_options


def test_flags_win_over_the_environment_over_the_defaults() -> None:
    """Under the names the consumer uses."""
    environment = {"KAFKA_BOOTSTRAP_SERVERS": "broker:1", "KAFKA_INPUT_TOPIC": "from-environment"}
    connection = parse_options(["--kafka-input-topic", "from-flag"], environment).connection
    assert (connection.bootstrap_servers, connection.topic) == ("broker:1", "from-flag")
    assert connection.security_protocol == "PLAINTEXT"


def test_the_password_comes_from_environment_or_file_and_is_not_shown(tmp_path: Path) -> None:
    """It is no flag, where every user of the machine could read it."""
    path, word = tmp_path / "password", "s3cret"
    path.write_text(word + "\n")
    for environment in ({"KAFKA_SASL_PASSWORD": word}, {"KAFKA_SASL_PASSWORD_FILE": str(path)}):
        options = parse_options([], environment)
        assert options.connection.sasl_password == word
        assert word not in repr(options)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--bad", "1.5"],
        ["--bad", "-1"],
        ["--bad", "0.6", "--retweets", "0.6"],
        ["--rate", "-1"],
        ["--count", "-1"],
        ["--drift", "up@3"],
        ["--broker-timeout-seconds", "soon"],
        ["--kafka-sasl-password-file", "no-such-file"],
    ],
)
def test_what_cannot_be_is_refused(arguments: list[str]) -> None:
    """Before anything is connected to."""
    with pytest.raises(UsageError):
        parse_options(arguments, {})


@pytest.mark.parametrize("arguments", [["--bad", "2"], ["--source", "nowhere.csv"], ["--no-such-flag"]])
def test_wrong_usage_exits_with_2_and_one_line(arguments: list[str]) -> None:
    """As the consumer does."""
    command = [sys.executable, "-m", "producer_sim", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert arguments[0].lstrip("-") in done.stderr or "nowhere.csv" in done.stderr
