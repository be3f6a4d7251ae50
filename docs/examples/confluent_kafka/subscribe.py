"""Print results, one a line: ``python subscribe.py [COUNT]``."""

import json
import os
import sys

from confluent_kafka import Consumer, KafkaException

results = Consumer(
    {
        "bootstrap.servers": os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
        "group.id": os.environ.get("GROUP", "example-confluent-kafka"),
        "isolation.level": "read_committed",  # what a crash left unfinished is never seen
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
)
results.subscribe([os.environ.get("KAFKA_OUTPUT_TOPIC", "tweets.sentiment")])
left = int(sys.argv[1]) if len(sys.argv) > 1 else -1
while left != 0:
    record = results.poll(1.0)
    if record is None:
        continue
    if record.error():
        raise KafkaException(record.error())
    body = json.loads(record.value() or b"")
    key = record.key()
    author = key.decode() if key is not None else None
    line = {"author": author, "partition": record.partition(), "id": body["id"], "label": body["label"]}
    print(json.dumps(line), flush=True)
    results.commit(message=record, asynchronous=False)  # after the work: a crash before this shows it again
    left -= 1
results.close()
