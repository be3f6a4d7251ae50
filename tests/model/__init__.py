"""Tests of consumer.model."""
