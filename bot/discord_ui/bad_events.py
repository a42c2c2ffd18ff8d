"""An event that discord.py cannot read costs that event, not the connection.

Its parsers run in the loop that reads the gateway: whatever they raise ends the
bot. An update of a message without its text, as Discord used to send for a
preview, is enough for discord.py 2.7.1.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import discord

log = logging.getLogger(__name__)

Parser = Callable[[Any], None]


def outlive_bad_events(client: discord.Client) -> None:
    """Have *client* pass over events that it cannot read."""
    parsers: dict[str, Parser] = client._connection.parsers  # noqa: SLF001  # discord.py has no other way
    for name, parse in parsers.items():
        parsers[name] = partial(_read, name, parse)


def _read(name: str, parse: Parser, data: Any) -> None:
    try:
        parse(data)
    except Exception as error:  # noqa: BLE001  # the boundary between Discord's words and ours
        # Its text, or the data, may be what somebody wrote.
        log.warning("an event makes no sense", extra={"event": name, "error": type(error).__name__})
