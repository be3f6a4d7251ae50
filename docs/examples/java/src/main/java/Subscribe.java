import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Print results, one a line: Subscribe [COUNT]. */
public final class Subscribe {
    public static void main(String[] args) throws Exception {
        Map<String, String> env = System.getenv();
        Map<String, Object> options = Map.of(
            "bootstrap.servers", env.getOrDefault("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
            "group.id", env.getOrDefault("GROUP", "example-java"),
            "isolation.level", "read_committed", // what a crash left unfinished is never seen
            "auto.offset.reset", "earliest",
            "enable.auto.commit", false);
        long left = args.length > 0 ? Long.parseLong(args[0]) : Long.MAX_VALUE;
        ObjectMapper json = new ObjectMapper();
        StringDeserializer text = new StringDeserializer();
        try (KafkaConsumer<String, String> results = new KafkaConsumer<>(options, text, text)) {
            results.subscribe(List.of(env.getOrDefault("KAFKA_OUTPUT_TOPIC", "tweets.sentiment")));
            while (left > 0) {
                for (ConsumerRecord<String, String> record : results.poll(Duration.ofSeconds(1))) {
                    JsonNode body = json.readTree(record.value());
                    System.out.println(json.createObjectNode()
                        .put("author", record.key())
                        .put("partition", record.partition())
                        .put("id", body.get("id").asText())
                        .put("label", body.get("label").asText()));
                    // After the work, and one further: where to go on.
                    results.commitSync(Map.of(
                        new TopicPartition(record.topic(), record.partition()),
                        new OffsetAndMetadata(record.offset() + 1)));
                    if (--left == 0) {
                        break;
                    }
                }
            }
        }
    }
}
