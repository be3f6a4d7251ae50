"""The demonstration: a stream through a real broker, watched live, and accounted for at the end."""
