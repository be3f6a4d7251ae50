"""Tests; a package, so that they can share what reads and makes topics."""
