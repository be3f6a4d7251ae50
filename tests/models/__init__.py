"""Tiny models for tests, made by the real export."""
