"""Hours under load and faults: what grows, what waits, what is late; and nothing lost or doubled at the end."""
