"""Print results, one a line: ``python subscribe.py [COUNT]``."""

import json
import os
import sys

from kafka import KafkaConsumer

results = KafkaConsumer(
    os.environ.get("KAFKA_OUTPUT_TOPIC", "tweets.sentiment"),
    bootstrap_servers=os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
    group_id=os.environ.get("GROUP", "example-kafka-python"),
    isolation_level="read_committed",  # what a crash left unfinished is never seen
    auto_offset_reset="earliest",
    enable_auto_commit=False,
)
left = int(sys.argv[1]) if len(sys.argv) > 1 else -1
for record in results:
    body = json.loads(record.value)
    author = record.key.decode() if record.key is not None else None
    line = {"author": author, "partition": record.partition, "id": body["id"], "label": body["label"]}
    print(json.dumps(line), flush=True)
    results.commit()  # after the work: a crash before this shows the result again, never skips it
    left -= 1
    if left == 0:
        break
results.close()
