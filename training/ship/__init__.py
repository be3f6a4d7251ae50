"""A checkpoint made into a folder that the consumer loads."""
