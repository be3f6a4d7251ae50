"""Scoring: word-piece ids → logits. The only room that knows a model runtime."""
