"""The figures of an evaluation, drawn from its file alone: no data, no model."""
