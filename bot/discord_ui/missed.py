"""What was said between the end of one process and the start of the next.

A RESUME across processes gives every event that was missed, in order, edits and
deletions too, but none of what discord.py must know of guilds and channels to
make sense of one. So a start does both: one connection goes on with the old
session, only to listen, until the new session of a usual start is complete;
then what it heard is handled as if it came now.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import aiohttp
import discord
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from yarl import URL

from bot.core.gateway_ports import GatewaySession
from bot.discord_ui.shards import RESUMABLE

log = logging.getLogger(__name__)

TOLD_AGAIN = (
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_DELETE",
    "MESSAGE_DELETE_BULK",
    "THREAD_DELETE",
    "CHANNEL_DELETE",
)
"""Not interactions, which Discord has told the member of as failed by now; and not
what the new session begins with anyway."""
KEPT_AT_MOST = 20_000
CONNECT_WITHIN_S = 15.0
RESUMED_WITHIN_S = 15.0
LEAVE_WITHIN_S = 2.0


class Event(NamedTuple):
    """An event of the gateway, as it came."""

    name: str
    data: Mapping[str, Any]


class OldSession(DiscordWebSocket):
    """A connection that goes on with a session only to hear what it missed."""

    heard: list[Event]
    resumed: asyncio.Event

    async def resume(self) -> None:
        """Ask for what was missed; nothing of it reaches the client."""
        self.heard = []
        self.resumed = asyncio.Event()
        self._dispatch = _to_nobody
        self._discord_parsers = {name: partial(self._keep, name) for name in TOLD_AGAIN}
        self._discord_parsers["RESUMED"] = self._complete
        await super().resume()

    def _keep(self, name: str, data: Mapping[str, Any]) -> None:
        if len(self.heard) >= KEPT_AT_MOST:
            raise OverflowError
        self.heard.append(Event(name, data))

    def _complete(self, _data: Mapping[str, Any]) -> None:
        self.resumed.set()


def resume_address(url: str, usual: URL) -> URL:
    """Where a session is gone on with: at *url*, if that is Discord's as *usual* is.

    Our token goes there, and whoever can write to the memory must not get it.
    """
    given = URL(url)
    if given.scheme != usual.scheme or not given.host or not usual.host:
        return usual
    *_, above, top = ("", *usual.host.split("."))
    is_named = bool(above) and not top.isdecimal()
    is_discords = is_named and given.host.endswith(f".{above}.{top}")
    return given if is_discords or given.host == usual.host else usual


async def listen_to_missed(
    client: discord.AutoShardedClient, shard: int, session: GatewaySession, enough: asyncio.Event
) -> list[Event] | None:
    """Hear all that came after *session*'s place, and what comes until *enough*.

    None if Discord has forgotten the session, or lost it while we listened:
    then nobody knows what was missed.
    """
    lost: BaseException
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            socket = await OldSession.from_client(
                client,
                gateway=resume_address(session.url, DiscordWebSocket.DEFAULT_GATEWAY),
                shard_id=shard,
                session=session.id,
                sequence=session.seq,
                resume=True,
            )
        return await _hear(socket, enough)
    except _LOST as error:
        lost = error
    except ExceptionGroup as group:
        found, other = group.split(_LOST)
        if found is None or other is not None:
            raise
        lost = found.exceptions[0]
    facts = {"shard": shard, "error": type(lost).__name__}
    log.info("the old session cannot be gone on with", extra=facts)
    return None


async def _hear(socket: OldSession, enough: asyncio.Event) -> list[Event]:
    try:
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(_listen(socket))
            await enough.wait()
            async with asyncio.timeout(RESUMED_WITHIN_S):
                await socket.resumed.wait()
            listening.cancel()
    finally:
        await _leave(socket)
    return socket.heard


_LOST = (
    ReconnectWebSocket,
    discord.DiscordException,
    aiohttp.ClientError,
    OSError,  # TimeoutError is one
    OverflowError,
)


async def _listen(socket: OldSession) -> None:
    while True:
        await socket.poll_event()


async def _leave(socket: OldSession) -> None:
    # Not ended: should we crash before all is handled, the next process hears it again.
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(LEAVE_WITHIN_S):
            await socket.close(code=RESUMABLE)


def _to_nobody(*_args: Any) -> None:
    pass
