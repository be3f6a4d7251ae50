"""Hours under load and faults: what grows, what waits, what is late, what is lost or doubled."""
