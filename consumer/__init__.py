"""Streaming sentiment consumer: tweets in from Kafka, labelled results out, exactly once."""

__version__ = "0.1.0"
