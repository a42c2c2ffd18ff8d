"""The benchmark lab: what the bot's own parts cost, and what the prefix cache saves."""
