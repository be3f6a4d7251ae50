"""A real Apache Kafka as a child process, with nothing but pip: used by tests, demo and `make kafka`."""

from deploy.local_kafka.broker import LocalKafka
from deploy.local_kafka.cluster import LocalCluster
from deploy.local_kafka.errors import LocalKafkaError
from deploy.local_kafka.ports import free_port

__all__ = ["LocalCluster", "LocalKafka", "LocalKafkaError", "free_port"]
