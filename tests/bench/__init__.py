"""What the parts cost, as ratios in one run: ``python -m tests.bench``."""
