"""A publisher of tweets for demos, tests and load: knows only the wire format."""
