"""Prometheus for real: rules, panels and alerts evaluated by the program that will evaluate them."""
