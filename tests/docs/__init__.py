"""The documentation as a reader has it: the site, and the commands on its pages."""
