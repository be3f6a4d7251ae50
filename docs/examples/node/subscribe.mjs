// Print results, one a line: node subscribe.mjs [COUNT]
import kafkajs from "kafkajs";
import lz4 from "lz4js";

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
// Results are compressed with LZ4, which kafkajs leaves to another package.
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async ({ buffer }) => Buffer.from(lz4.compress(buffer)),
  decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
});

const { KAFKA_BOOTSTRAP_SERVERS = "localhost:9092", KAFKA_OUTPUT_TOPIC = "tweets.sentiment" } = process.env;
const kafka = new Kafka({ brokers: KAFKA_BOOTSTRAP_SERVERS.split(","), logLevel: logLevel.ERROR });
const results = kafka.consumer({
  groupId: process.env.GROUP ?? "example-node",
  readUncommitted: false, // what a crash left unfinished is never seen
});
let left = Number(process.argv[2] ?? Infinity);

// A fault that trying again does not cure; without this the program would end as if all were well.
results.on(results.events.CRASH, ({ payload }) => {
  console.error(payload.error);
  if (!payload.restart) process.exit(1);
});
await results.connect();
await results.subscribe({ topic: KAFKA_OUTPUT_TOPIC, fromBeginning: true });
await results.run({
  autoCommit: false,
  eachMessage: async ({ topic, partition, message }) => {
    if (left <= 0) return;
    const { id, label } = JSON.parse(message.value.toString());
    console.log(JSON.stringify({ author: message.key?.toString() ?? null, partition, id, label }));
    // After the work, and one further: where to go on.
    await results.commitOffsets([{ topic, partition, offset: String(BigInt(message.offset) + 1n) }]);
    left -= 1;
    if (left === 0) setImmediate(async () => { await results.disconnect(); });
  },
});
