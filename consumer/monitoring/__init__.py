"""What the people and machines that watch the stream see: metrics, lag, health, logs."""
