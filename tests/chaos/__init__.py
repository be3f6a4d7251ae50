"""Faults at random moments, and a verifier that counts what was lost, doubled or put out of order."""
