"""A local Discord: REST, gateway and a page, for first runs, tests and load."""
