"""Tests of consumer.scoring."""
