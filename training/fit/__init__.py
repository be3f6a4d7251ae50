"""A model made to fit its labels: where it starts, each step, what is saved."""
