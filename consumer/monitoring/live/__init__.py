"""What the page shows: the metrics of this moment and of the last quarter of an hour, in plain values."""
