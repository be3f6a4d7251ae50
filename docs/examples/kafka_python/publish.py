"""Publish tweets from standard input, one JSON object a line: ``python publish.py < tweets.jsonl``."""

import json
import os
import sys

from kafka import KafkaProducer

producer = KafkaProducer(
    bootstrap_servers=os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
    acks="all",
    enable_idempotence=True,  # a retry makes no second tweet
)
topic = os.environ.get("KAFKA_INPUT_TOPIC", "tweets")
sent = []
for line in sys.stdin:
    tweet = json.loads(line)
    author = tweet.get("author_id")
    key = None if author is None else str(author).encode()  # keeps an author's tweets in order
    sent.append(producer.send(topic, key=key, value=json.dumps(tweet).encode()))
producer.flush()
for future in sent:
    future.get(timeout=30)  # raises where one was not taken
producer.close()
