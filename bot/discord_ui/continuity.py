"""Hears every event of Discord, from one connection and one process to the next.

    loss of a connection    `shards.py` goes on with the session; Discord replays
    another process         `missed.py` hears what the old session has to tell
    neither can be had      `on_gap`: what happened meanwhile has to be looked up

How far a shard has been dealt with is saved once a second, never how far it was
merely heard. So after a crash an event may be handled again, which the memory
bears, and none is passed over.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import discord
from discord.ext import commands
from discord.shard import Shard
from yarl import URL

from bot.core.errors import RoleplayError
from bot.core.gateway_ports import GatewaySession, GatewayWatch, SessionStore, StartGuard
from bot.discord_ui.admission import Admission
from bot.discord_ui.answers import Answers
from bot.discord_ui.bookmarks import Bookmarks
from bot.discord_ui.missed import Event, listen_to_missed
from bot.discord_ui.shards import ResumingShard
from bot.services.backlog import Backlog

log = logging.getLogger(__name__)

STEADY_S = 60.0
DEAF_S = 60.0
SAVE_EVERY_S = 1.0
SETTLE_WITHIN_S = 10.0
LEAVE_WITHIN_S = 2.0
GUILDS_WITHIN_S = 15.0
MISSED_WITHIN_S = 30.0
AGAIN_S, AGAIN_AT_MOST_S = 2.0, 60.0

Handler = Callable[..., Coroutine[Any, Any, Any]]

_CHANGES_MEMORY = frozenset(
    {
        "on_message",
        "on_raw_message_edit",
        "on_raw_message_delete",
        "on_raw_bulk_message_delete",
        "on_raw_thread_delete",
        "on_guild_channel_delete",
        "on_missed_channel_delete",
        "on_guild_join",
        "on_guild_remove",
    }
)
"""Handlers that must have ended before their events count as dealt with."""
_is_told_again: ContextVar[bool] = ContextVar("is_told_again", default=False)


@dataclass(slots=True)
class Stream:
    """The events of one shard.

    Attributes:
        missed: what the old session has to tell; None once that is handled.
        is_complete: set with the first READY and all guilds behind it.
        is_open: set once what was missed is handled: new events wait for that.
        dealt_with: the session whose events have all been handled so far.
        ready_at: when the present session was complete.
    """

    missed: asyncio.Task[Sequence[Event] | None] | None = None
    shard: ResumingShard | None = None
    is_complete: asyncio.Event = field(default_factory=asyncio.Event)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    dealt_with: str = ""
    ready_at: float | None = None
    is_steady: bool = False

    @property
    def place(self) -> GatewaySession | None:
        """How far this shard has been heard, if nothing before that is missing."""
        place = None if self.shard is None else self.shard.place
        return place if place is not None and place.id == self.dealt_with else None


@dataclass(frozen=True, slots=True)
class Continuity:
    """What a bot needs in order to miss nothing.

    Attributes:
        sessions, guard: what outlives this process.
        told: what is heard is counted there.
        on_gap: called, with the number of the shard, when nobody knows what
            happened before its session began; again after a while, if it fails
            with an error of ours. At a start it comes before `on_first_ready`.
        backlog: knows while what was missed is told again.
        steady_s: after so long a session was no failed start.
    """

    sessions: SessionStore
    guard: StartGuard
    told: GatewayWatch
    on_gap: Callable[["ContinuousBot", int], Awaitable[None]]
    backlog: Backlog
    steady_s: float = STEADY_S


class ContinuousBot(commands.AutoShardedBot):
    """A client that misses nothing. Sharded even with one shard.

    A plain Bot dies when its first gateway connection fails
    (https://github.com/Rapptz/discord.py/issues/10520); this one tries again.
    """

    def __init__(
        self,
        continuity: Continuity,
        *,
        on_first_ready: Callable[[], Awaitable[None]],
        **options: Any,
    ) -> None:
        """Set up.

        Args:
            continuity: what goes beyond this process.
            on_first_ready: called once all shards are there and what was missed
                is handled; again after a while, if it fails with an error of ours.
            options: discord.py's.
        """
        super().__init__(**options)
        self.answers = Answers()
        self.admission = Admission(continuity.guard, self.fetch_session_start_limits)
        self._bookmarks = Bookmarks(continuity.sessions)
        self._on_first_ready = on_first_ready
        self._on_gap = continuity.on_gap
        self._backlog = continuity.backlog
        self._told = continuity.told
        self._steady_s = continuity.steady_s
        self._streams: dict[int, Stream] = {}
        self._arrived: set[int] = set()
        self._has_arrived = asyncio.Event()
        self._guild_has_come = asyncio.Event()
        self._was_ready = False
        self._handling: set[asyncio.Task[None]] = set()
        self._in_order = asyncio.Lock()
        self._tasks: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def keeping(self) -> AsyncGenerator[None, None]:
        """Give the tasks of this bot an owner; it connects inside the block."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            ours: list[asyncio.Task[Any]] = [
                tasks.create_task(self._arrivals()),
                tasks.create_task(self._upkeep()),
            ]
            try:
                yield
            finally:
                ours.extend(each.missed for each in self._streams.values() if each.missed)
                for task in ours:
                    task.cancel()

    async def launch_shard(self, gateway: URL, shard_id: int, *, initial: bool = False) -> None:
        """Begin a session, when that is allowed, and listen to the old one meanwhile."""
        stream = self._streams.setdefault(shard_id, Stream())
        if stream.missed is None:
            if self._tasks is None:
                raise RuntimeError("this bot connects inside `keeping` only")
            stream.missed = self._tasks.create_task(self._hear_missed(shard_id, stream))
        await self.admission.wait(shard_id)
        await super().launch_shard(gateway, shard_id, initial=initial)
        # discord.py has no place to name another class, and keeps its shards to itself.
        shards: dict[int, Shard] = vars(self)["_AutoShardedClient__shards"]
        stock = shards[shard_id]
        if not isinstance(stock, ResumingShard):
            stock._cancel_task()  # noqa: SLF001  # it has not begun
            put = stock._queue_put  # noqa: SLF001
            shards[shard_id] = stream.shard = ResumingShard(stock.ws, self, put, self.admission)
            stream.shard.launch()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Keep discord.py's pace, and count."""
        await super().before_identify_hook(shard_id, initial=initial)
        number = shard_id or 0
        stream = self._streams.setdefault(number, Stream())
        stream.ready_at, stream.is_steady = None, False
        await self.admission.starting(number)

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """Hand an event to its handlers."""
        if event_name == "socket_event_type":  # nobody else wants it: no task for each
            self._told.heard(str(args[0]))
            return
        if event_name == "shard_ready":
            self._told.connected(resumed=False)
            self._arrive(*args)
        elif event_name == "shard_resumed":
            self._told.connected(resumed=True)
        elif event_name == "guild_available":
            self._guild_has_come.set()
        super().dispatch(event_name, *args, **kwargs)

    def _arrive(self, shard_id: int) -> None:
        """A session begins, and discord.py has heard of all its guilds."""
        stream = self._streams[shard_id]
        stream.ready_at = time.monotonic()
        stream.is_complete.set()
        self._arrived.add(shard_id)
        self._has_arrived.set()

    @property
    def is_deaf(self) -> bool:
        """Whether a shard has been without a connection for longer than a reconnect takes."""
        shards = (stream.shard for stream in self._streams.values())
        return any(shard is not None and shard.lost_for_s > DEAF_S for shard in shards)

    async def close(self) -> None:
        """End so that the next process can go on from here."""
        if not self.is_closed():
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_WITHIN_S):
                    await self._part()
            await self.answers.end()
        await super().close()

    async def leave(self) -> None:
        """End because somebody said so, which is no failure however soon it comes."""
        await self.close()
        for number, stream in self._streams.items():
            if stream.ready_at is not None:
                await self.admission.steady(number)

    async def _part(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for stream in self._streams.values():
                if stream.shard is not None:
                    tasks.create_task(stream.shard.close())
        await self._save()

    async def _hear_missed(self, number: int, stream: Stream) -> Sequence[Event] | None:
        missed = None
        old = await self._bookmarks.take(number, self.shard_count or 1)
        if old is not None:
            missed = await listen_to_missed(self, number, old, stream.is_complete)
        if missed is None:
            stream.is_open.set()  # nothing is going to come that new events had to wait for
        return missed

    async def _arrivals(self) -> None:
        """See to each session that begins, for as long as the bot runs."""
        while True:
            await self._has_arrived.wait()
            self._has_arrived.clear()
            pause_s = AGAIN_S
            while not await self._see_to_all():
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, AGAIN_AT_MOST_S)
            await self._save()  # not a second later, in which we may crash

    async def _see_to_all(self) -> bool:
        for number in sorted(self._arrived):
            self._arrived.discard(number)  # before: it may arrive again meanwhile
            if not await _tried(partial(self._catch_up, number)):
                self._arrived.add(number)
                return False
        have_come = sum(stream.is_complete.is_set() for stream in self._streams.values())
        if self._was_ready or have_come != self.shard_count:
            return True
        self._was_ready = await _tried(self._on_first_ready)
        return self._was_ready

    async def _catch_up(self, number: int) -> None:
        stream = self._streams[number]
        if stream.shard is None or stream.shard.place is None:
            return  # its session is gone already: there will be another
        session = stream.shard.place.id
        missed = None if stream.missed is None else await stream.missed
        if missed is None:
            log.info("what was missed has to be looked up", extra={"shard": number})
            await self._on_gap(self, number)
        else:
            log.info("hearing what was missed", extra={"shard": number, "events": len(missed)})
            await self._guilds_of(missed)
            with self._backlog.telling():
                for event in missed:
                    await self._tell_again(event)
            stream.is_open.set()
        stream.missed = None
        stream.dealt_with = session

    async def _guilds_of(self, missed: Sequence[Event]) -> None:
        """Wait for guilds that are there but slow: their channels are not known before."""
        numbers = {int(event.data["guild_id"]) for event in missed if "guild_id" in event.data}
        with suppress(TimeoutError):
            async with asyncio.timeout(GUILDS_WITHIN_S):
                while any(guild.unavailable for guild in map(self.get_guild, numbers) if guild):
                    self._guild_has_come.clear()
                    await self._guild_has_come.wait()

    async def _tell_again(self, event: Event) -> None:
        """Handle one event to its end: an edit must not overtake its message."""
        others = set(self._handling)
        token = _is_told_again.set(True)
        try:
            if event.name == "CHANNEL_DELETE":  # of a channel that discord.py has not heard of
                guild_id = int(event.data.get("guild_id") or 0)
                self.dispatch("missed_channel_delete", int(event.data["id"]), guild_id)
            else:
                self._connection.parsers[event.name](event.data)
        except Exception:  # the boundary: those behind it must not be lost with it
            log.exception("an event was not understood", extra={"event": event.name})
        finally:
            _is_told_again.reset(token)
        await _ended(self._handling - others)

    def _schedule_event(
        self, coro: Handler, event_name: str, *args: Any, **kwargs: Any
    ) -> asyncio.Task[None]:
        if event_name not in _CHANGES_MEMORY:
            return super()._schedule_event(coro, event_name, *args, **kwargs)
        stream = self._stream_of(args[0])
        if stream is not None and not _is_told_again.get() and not stream.is_open.is_set():
            coro = partial(self._after_missed, stream, coro)
        task = super()._schedule_event(coro, event_name, *args, **kwargs)
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)
        return task

    async def _after_missed(self, stream: Stream, handler: Handler, *args: Any) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(MISSED_WITHIN_S):
                await stream.is_open.wait()
        async with self._in_order:
            await handler(*args)

    def _stream_of(self, event: object) -> Stream | None:
        match event:
            case discord.Message():
                guild_id = event.guild.id if event.guild else None
            case (
                discord.RawMessageUpdateEvent()
                | discord.RawMessageDeleteEvent()
                | discord.RawBulkMessageDeleteEvent()
            ):
                guild_id = event.guild_id
            case _:
                return None
        return self._streams.get(((guild_id or 0) >> 22) % (self.shard_count or 1))

    async def _upkeep(self) -> None:
        while True:
            await asyncio.sleep(min(SAVE_EVERY_S, self._steady_s))
            await _tried(self._save, "saving our place")
            await _tried(self._note_steady, "noting a good start")

    async def _note_steady(self) -> None:
        for number, stream in self._streams.items():
            since = stream.ready_at
            if since is None or stream.is_steady:
                continue
            if time.monotonic() - since >= self._steady_s:
                stream.is_steady = True
                await self.admission.steady(number)

    async def _save(self) -> None:
        heard = {number: stream.place for number, stream in self._streams.items()}
        if await _ended(set(self._handling)):
            places = {number: place for number, place in heard.items() if place is not None}
            await self._bookmarks.save(places, self.shard_count or 1)


async def _ended(handlers: set[asyncio.Task[None]]) -> bool:
    """Wait until all have; False if one takes too long."""
    if not handlers:
        return True
    _, late = await asyncio.wait(handlers, timeout=SETTLE_WITHIN_S)
    return not late


async def _tried(step: Callable[[], Awaitable[None]], what: str = "catching up") -> bool:
    """Do *step*; False if it is worth another try."""
    try:
        await step()
    except RoleplayError as error:
        log.warning("%s has to wait", what, extra={"error": type(error).__name__})
        return False
    except Exception:  # the boundary: what is a bug would be one again
        log.exception("%s failed", what)
    return True
