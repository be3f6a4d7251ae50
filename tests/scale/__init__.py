"""Whether more replicas carry more: ``make scale``."""
