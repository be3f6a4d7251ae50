"""Tests that need a real Kafka, and what they share."""
