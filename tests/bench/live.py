"""The real command as a process: start-up, memory, latency at a quiet rate: ``python -m tests.bench.live``.

Prints one JSON object. The latency is that of a subscriber: from the source record's timestamp to the
moment a read_committed reader holds the result.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer

from consumer.broker.topics import create
from consumer.settings import Settings
from tests.bench.streams import PARTITIONS, settings_of
from tests.bench.texts import load

RATE, SECONDS = 20, 50
_READY_SECONDS = 60


def start(settings: Settings, port: int) -> tuple[subprocess.Popen[bytes], float]:
    """The consumer as a process, and the seconds from its start to its first 200 on /readyz."""
    environment = os.environ | {
        "KAFKA_INPUT_TOPIC": settings.kafka_input_topic,
        "KAFKA_OUTPUT_TOPIC": settings.kafka_output_topic,
        "KAFKA_DLQ_TOPIC": settings.kafka_dlq_topic,
        "KAFKA_CONSUMER_GROUP": settings.kafka_consumer_group,
        "HTTP_PORT": str(port),
        "LOG_LEVEL": "WARNING",
    }
    started = time.monotonic()
    child = subprocess.Popen([sys.executable, "-m", "consumer", "run"], env=environment)
    while not _ready(port):
        if child.poll() is not None or time.monotonic() - started > _READY_SECONDS:
            raise SystemExit("the consumer did not become ready")
        time.sleep(0.01)
    return child, time.monotonic() - started


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def latencies(settings: Settings) -> list[float]:
    """Milliseconds from timestamp to visibility of each result, at RATE tweets a second."""
    reader = KafkaConsumer(
        settings.kafka_output_topic,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    feeder = threading.Thread(target=_feed, args=(settings,), daemon=True)
    feeder.start()
    found: list[float] = []
    ends = time.monotonic() + SECONDS + 15
    while len(found) < RATE * SECONDS and time.monotonic() < ends:
        for part in reader.poll(timeout_ms=100).values():
            now = time.time() * 1000
            found += [now - record.timestamp for record in part]
    return found


def _feed(settings: Settings) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers, linger_ms=0)
    texts, _ = load(RATE * SECONDS)
    began = time.monotonic()
    for number, text in enumerate(texts):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        body = json.dumps({"id": str(number), "text": text}).encode()
        producer.send(settings.kafka_input_topic, body, partition=number % PARTITIONS)
    producer.flush()


def peak_bytes(pid: int) -> int:
    """The most resident memory a process ever had."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Start twice (the second finds the compiled model), then measure latency and memory."""
    settings = settings_of("live")
    create(settings, PARTITIONS, 1)
    port, starts = free_port(), []
    for _ in range(3):
        child, seconds = start(settings, port)
        starts.append(seconds)
        child.terminate()
        child.wait(15)
    child, _ = start(settings, port)
    found = sorted(latencies(settings))
    peak = peak_bytes(child.pid)
    child.terminate()
    child.wait(15)
    percentiles = {f"p{p}_ms": found[min(len(found) - 1, len(found) * p // 100)] for p in (50, 95, 99)}
    print(json.dumps({"start_seconds": starts, "peak_bytes": peak, "results": len(found), **percentiles}))


if __name__ == "__main__":
    main()
