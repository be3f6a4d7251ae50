"""What the consumer says over HTTP: probes, metrics, the page."""
