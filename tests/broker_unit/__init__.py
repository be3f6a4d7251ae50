"""Tests of what we do with the Kafka client's answers; delivery itself is proven on a real broker."""
