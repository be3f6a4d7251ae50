"""The report of a model, written from its files alone: every number in it stands in one of them."""
