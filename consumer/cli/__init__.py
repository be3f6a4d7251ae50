"""Commands: one a file, each with a ``SUMMARY``, ``add_arguments`` and ``run``."""
