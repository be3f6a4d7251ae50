// Publish tweets from standard input, one JSON object a line: node publish.mjs < tweets.jsonl
import { createInterface } from "node:readline";
import { Kafka, Partitioners, logLevel } from "kafkajs";

const { KAFKA_BOOTSTRAP_SERVERS = "localhost:9092", KAFKA_INPUT_TOPIC = "tweets" } = process.env;
const kafka = new Kafka({ brokers: KAFKA_BOOTSTRAP_SERVERS.split(","), logLevel: logLevel.ERROR });
const producer = kafka.producer({
  idempotent: true, // a retry makes no second tweet
  maxInFlightRequests: 1, // keeps the order of what is sent
  createPartitioner: Partitioners.DefaultPartitioner, // a key goes where the other clients put it
});

const messages = [];
for await (const line of createInterface({ input: process.stdin })) {
  const author = JSON.parse(line).author_id; // as key it keeps an author's tweets in order
  messages.push({ key: author === undefined ? null : String(author), value: line });
}
await producer.connect();
await producer.send({ topic: KAFKA_INPUT_TOPIC, acks: -1, messages });
await producer.disconnect();
