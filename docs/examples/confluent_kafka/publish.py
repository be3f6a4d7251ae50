"""Publish tweets from standard input, one JSON object a line: ``python publish.py < tweets.jsonl``."""

import json
import os
import sys

from confluent_kafka import Producer

producer = Producer(
    {
        "bootstrap.servers": os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
        "acks": "all",
        "enable.idempotence": True,  # a retry makes no second tweet
        "partitioner": "murmur2_random",  # a key goes where the other clients put it
    }
)
topic = os.environ.get("KAFKA_INPUT_TOPIC", "tweets")
faults: list[object] = []
for line in sys.stdin:
    tweet = json.loads(line)
    author = tweet.get("author_id")
    key = None if author is None else str(author).encode()  # keeps an author's tweets in order
    producer.produce(
        topic,
        key=key,
        value=json.dumps(tweet).encode(),
        on_delivery=lambda fault, _record: faults.append(fault) if fault else None,
    )
    producer.poll(0)
left = producer.flush(30)
if left or faults:
    sys.exit(f"{left + len(faults)} not published: {faults[:1]}")
