"""Drift: what the stream looks like now, against what the model's reference rows looked like."""
