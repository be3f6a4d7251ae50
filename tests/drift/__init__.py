"""Trials of the drift monitor: how often it is wrong, and how soon it is right. ``python -m tests.drift``."""
