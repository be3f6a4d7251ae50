import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

/** Publish tweets from standard input, one JSON object a line. */
public final class Publish {
    public static void main(String[] args) throws Exception {
        Map<String, String> env = System.getenv();
        Map<String, Object> options = Map.of(
            "bootstrap.servers", env.getOrDefault("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
            "acks", "all",
            "enable.idempotence", true); // a retry makes no second tweet
        String topic = env.getOrDefault("KAFKA_INPUT_TOPIC", "tweets");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        ObjectMapper json = new ObjectMapper();
        StringSerializer text = new StringSerializer();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(options, text, text)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode author = json.readTree(line).get("author_id");
                String key = author == null ? null : author.asText(); // keeps an author's tweets in order
                sent.add(producer.send(new ProducerRecord<>(topic, key, line)));
            }
            producer.flush();
            for (Future<RecordMetadata> one : sent) {
                one.get(); // throws where one was not taken
            }
        }
    }
}
