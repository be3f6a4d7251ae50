"""HTTP scoring beside an idle stream, one text at a time: ``python -m tests.bench.asked``.

Prints one JSON object: milliseconds from the request to the whole answer, over one kept connection.
"""

from __future__ import annotations

import http.client
import json
import time

from consumer.broker.topics import create
from tests.bench.live import free_port, start
from tests.bench.streams import PARTITIONS, settings_of
from tests.bench.texts import load

WARM_UP, COUNT = 50, 1_000


def ask(client: http.client.HTTPConnection, text: str) -> float:
    """Milliseconds until the answer is here."""
    body = json.dumps({"texts": [text]})
    began = time.perf_counter()
    client.request("POST", "/predict", body, {"content-type": "application/json"})
    answer = client.getresponse()
    answer.read()
    if answer.status != http.client.OK:
        raise SystemExit(f"/predict answered {answer.status}")
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """The real command, with a broker and nothing to read."""
    settings = settings_of("asked")
    create(settings, PARTITIONS, 1)
    port = free_port()
    child, _ = start(settings, port)
    texts, _ = load(WARM_UP + COUNT)
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    found = sorted([ask(client, text) for text in texts][WARM_UP:])
    client.close()
    child.terminate()
    child.wait(15)
    percentiles = {f"p{p}_ms": found[min(len(found) - 1, len(found) * p // 100)] for p in (50, 95, 99)}
    print(json.dumps({"requests": len(found), **percentiles}))


if __name__ == "__main__":
    main()
