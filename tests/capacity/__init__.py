"""What a tweet costs, measured."""
