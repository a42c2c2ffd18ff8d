"""A shard whose session can be gone on with: after any loss, and by the next process.

discord.py's own does neither. It closes with code 1000, which ends the session
for Discord, and after one failed attempt to come back it begins a new session,
though the old one still keeps what was said meanwhile. It also waits for one
shard's sake with all of them.
"""

import asyncio
import random
import time
from collections.abc import Callable

import discord
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.shard import EventItem, EventType, Shard

from bot.core.gateway_ports import GatewaySession
from bot.discord_ui.admission import Admission

RESUMABLE = 4000
"""Any close code of ours but 1000 and 1001 leaves the session as it is."""
SESSION_IS_OVER = frozenset({4003, 4007, 4009})
"""Discord's close codes after which a RESUME is in vain, and an IDENTIFY is not."""
STOOD_S = 5.0
"""A connection that lasted so long was no failed attempt."""
FIRST_PAUSE_S = 0.25
PAUSE_AT_MOST_S = 30.0
RESUMABLE_FOR_S = 180.0
"""Discord speaks of a few minutes."""
_IMPROPER = 1000
"""From Discord's side it means nothing."""


class ResumingShard(Shard):
    """Goes on with its session as long as Discord may keep it."""

    def __init__(
        self,
        ws: DiscordWebSocket,
        client: discord.AutoShardedClient,
        queue_put: Callable[[EventItem], None],
        admission: Admission,
    ) -> None:
        """Set up; the worker begins with `launch`."""
        super().__init__(ws, client, queue_put)
        self._admission = admission
        self._launched_at = 0.0
        self._short_lived = 0
        self._unreached = 0
        self._has_paused = False
        self._lost_at: float | None = None

    @property
    def place(self) -> GatewaySession | None:
        """How far Discord was heard; None without a session."""
        if self.ws.session_id is None or self.ws.sequence is None:
            return None
        return GatewaySession(self.ws.session_id, self.ws.sequence, str(self.ws.gateway))

    @property
    def lost_for_s(self) -> float:
        """For how long there has been no connection."""
        return 0.0 if self._lost_at is None else time.monotonic() - self._lost_at

    def launch(self) -> None:
        """Listen to a new connection."""
        self._launched_at = time.monotonic()
        self._unreached = 0
        self._lost_at = None
        super().launch()

    async def close(self) -> None:
        """Stop listening; this process or another can go on with the session."""
        self._cancel_task()  # it would take the end of its socket for a loss, and come back
        await self.ws.close(code=RESUMABLE)

    async def reconnect(self) -> None:
        """Come back after a failure."""
        await self.reidentify(ReconnectWebSocket(self.id))

    async def reidentify(self, exc: ReconnectWebSocket) -> None:
        """Come back: with the old session if it can be had, at a pace that Discord bears."""
        if self._lost_at is None:
            self._lost_at = time.monotonic()
        exc = ReconnectWebSocket(self.id, resume=exc.resume and self._is_resumable(self._lost_at))
        pause_s = self._pause_s()
        if not pause_s and not exc.resume:
            try:
                pause_s = await self._admission.pause_s(self.id)
            except self._handled_exceptions as error:
                await self._handle_disconnect(error)
                return
        if pause_s:
            # Like the worker, whose place it takes, this task is the shard's: `close` ends it.
            self._task = self._client.loop.create_task(self._come_back(pause_s, exc))
            return
        self._has_paused = False
        if self._unreached and self._unreached % 2 == 0:
            # The session's own address may be what is gone. Any other is second best.
            self.ws.gateway = DiscordWebSocket.DEFAULT_GATEWAY
        await super().reidentify(exc)

    async def _handle_disconnect(self, e: Exception) -> None:
        if isinstance(e, discord.ConnectionClosed) and e.code != _IMPROPER:
            await super()._handle_disconnect(e)
        elif not self._client.is_closed():
            self._unreached += 1
            self._queue_put(EventItem(EventType.resume, self, ReconnectWebSocket(self.id)))

    async def _come_back(self, pause_s: float, exc: ReconnectWebSocket) -> None:
        await asyncio.sleep(pause_s)
        self._has_paused = True
        self._queue_put(
            EventItem(EventType.resume if exc.resume else EventType.identify, self, exc)
        )

    def _is_resumable(self, lost_at: float) -> bool:
        return (
            self.place is not None
            and self.ws.socket.close_code not in SESSION_IS_OVER
            and time.monotonic() - lost_at < RESUMABLE_FOR_S
        )

    def _pause_s(self) -> float:
        """How long to wait, once for each attempt: the longer, the more of them were in vain."""
        if self._has_paused:
            return 0.0
        if time.monotonic() - self._launched_at >= STOOD_S and not self._unreached:
            self._short_lived = 0
            return 0.0
        self._short_lived += 1
        doublings = min(self._short_lived - 1, 16)
        longest_s = min(FIRST_PAUSE_S * 2.0**doublings, PAUSE_AT_MOST_S)
        return longest_s * random.uniform(0.5, 1.0)  # noqa: S311  # no secret
