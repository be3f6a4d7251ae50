"""Labelled rows: read, placed in their split, put into batches."""
