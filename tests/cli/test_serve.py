"""`serve`: the real command and the model in use, without a broker."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local_kafka import free_port
from tests.models.worded import worded_model
from training.ship.current import point

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 120.0  # for a busy machine
TEXTS = ["What a lovely morning", "I hate the rain so much", " ", "planted private words"]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Nothing of Kafka in it."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**inherited, "STATE_DIR": str(folder / "state"), "HTTP_HOST": "127.0.0.1", **settings}


@contextlib.contextmanager
def serving(log: Path, given: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process; leaving the ``with`` kills it."""
    with log.open("wb") as out:
        child = subprocess.Popen([sys.executable, "-m", "consumer", "serve"], cwd=ROOT, env=given, stderr=out)
    try:
        yield child
    finally:
        child.kill()
        child.wait(WAIT_SECONDS)


def ask(port: int, path: str, body: object = None) -> tuple[int, Any]:
    """Status and body; 0 where nobody listens yet."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data, {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:  # noqa: S310 - the same
            told = answer.read().decode()
            return answer.status, told if path == "/metrics" else json.loads(told)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:
        return 0, None


def wait_for(port: int, status: int, child: subprocess.Popen[bytes], log: Path) -> None:
    """Return when ``/readyz`` answers so."""
    until = time.monotonic() + WAIT_SECONDS
    while ask(port, "/readyz")[0] != status:
        assert child.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < until, log.read_text("utf-8")
        time.sleep(0.02)


def test_it_labels_as_score_does_and_stops_cleanly(tmp_path: Path) -> None:
    """On PORT: not before the model in use is warm, then the very numbers of `score`; SIGTERM ends with 0."""
    port, log = free_port(), tmp_path / "log"
    given = environment(tmp_path, PORT=str(port), LOG_LEVEL="DEBUG")
    with serving(log, given) as child:
        wait_for(port, 503, child, log)
        early = ask(port, "/predict", {"texts": TEXTS})
        wait_for(port, 200, child, log)
        status, answer = ask(port, "/predict", {"texts": TEXTS})
        alone = ask(port, "/tweet", {"text": TEXTS[1]})
        lives, numbers = ask(port, "/livez"), ask(port, "/metrics")[1]
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0
    assert early[0] in (503, 200)  # the model may have become warm just then
    assert (status, lives[0]) == (200, 200)
    printed = subprocess.run(
        [sys.executable, "-m", "consumer", "score", *TEXTS],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=True,
    )
    by_score = [json.loads(line) for line in printed.stdout.splitlines()]
    volatile = {"id", "scored_at", "probability", "confidence"}
    for one, other in zip(answer["results"], by_score, strict=True):
        assert one.keys() == other.keys()
        assert {k: v for k, v in one.items() if k not in volatile} == {
            k: v for k, v in other.items() if k not in volatile
        }
        assert one.get("probability", 0) == pytest.approx(other.get("probability", 0), abs=0.01)
    second = answer["results"][1]
    assert (second["label"], alone[1]["sentiment"]) == ("negative", "negative")
    assert alone[1]["confidence"] == pytest.approx(second["confidence"], abs=0.01)
    assert 'sentiment_http_texts_total{outcome="scored"} 4.0' in numbers
    assert "sentiment_model_info{" in numbers
    assert "planted" not in log.read_text("utf-8") + numbers


@pytest.mark.parametrize(
    ("settings", "code", "told"),
    [
        ({"HTTP_PORT": "0"}, 2, "HTTP_PORT"),
        ({"HTTP_PORT": "18080", "HTTP_QUEUE_TEXTS": "0"}, 2, "HTTP_QUEUE_TEXTS"),
        ({"MODEL_PATH": "Models/of-nobody"}, 3, "of-nobody"),
        ({"NEUTRAL_BAND": "0.6,0.7"}, 2, "NEUTRAL_BAND"),
        ({"HTTP_HOST": "192.0.2.1"}, 2, "cannot listen"),
    ],
)
def test_it_ends_with_the_code_of_the_fault(
    tmp_path: Path, settings: dict[str, str], code: int, told: str
) -> None:
    """As the other commands do."""
    given = environment(tmp_path, **{"HTTP_PORT": str(free_port()), **settings})
    log = tmp_path / "log"
    with serving(log, given) as child:
        assert child.wait(WAIT_SECONDS) == code, log.read_text("utf-8")
    assert told in log.read_text("utf-8").splitlines()[-1]


def test_another_model_takes_over_when_the_pointer_moves(tmp_path: Path) -> None:
    """Without a restart, and back; one that is damaged is refused and the one in use goes on."""
    models, port, log = tmp_path / "Models", free_port(), tmp_path / "log"
    for version in ("1", "2", "3"):
        worded_model(models / f"m{version}", version, weight=float(version))
    (models / "m3" / "config.json").write_text("{}")
    point(models, "m1")
    given = environment(
        tmp_path, PORT=str(port), MODEL_PATH=str(models / "CURRENT"), MODEL_RELOAD_SECONDS="0.2"
    )

    def in_use() -> str:
        return str(ask(port, "/predict", {"texts": ["good"]})[1]["results"][0]["model"]["version"])

    def reloads(outcome: str) -> bool:
        counted = f'sentiment_model_reloads_total{{outcome="{outcome}"}} 1.0'
        return counted in ask(port, "/metrics")[1]

    with serving(log, given) as child:
        wait_for(port, 200, child, log)
        assert in_use() == "1"
        point(models, "m2")
        until(lambda: in_use() == "2", log)
        point(models, "m3")
        until(lambda: reloads("refused"), log)
        assert in_use() == "2"
        point(models, "m1")
        until(lambda: in_use() == "1", log)
        until(lambda: log.read_text("utf-8").count("model_switched") == 2, log)  # to the second, and back
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0


def until(condition: Callable[[], bool], log: Path) -> None:
    """Return when it is so."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, log.read_text("utf-8")
        time.sleep(0.05)
