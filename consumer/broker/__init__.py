"""The rooms that know Kafka: connection, topics, rights, identity, poll, transaction."""
