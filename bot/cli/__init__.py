"""Commands for a person at a terminal: they do one thing, say it and end."""
