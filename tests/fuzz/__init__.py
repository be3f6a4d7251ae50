"""Ugly inputs, and a judge that knows what must become of each."""
