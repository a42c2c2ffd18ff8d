"""A Discord bot that plays characters."""

__version__ = "0.1.0"
