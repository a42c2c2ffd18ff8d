"""What was missed is read where it stands: after a start, a gap, and a loss of the store.

Only channels in which something has happened are read, newest activity first
and a bounded way back. One task does it all; it sleeps while nothing is
doubtful.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from bot.core.errors import (
    ChannelGone,
    ScreenError,
    ScreenRefused,
    StoreRefusesWrites,
    StoreUnavailable,
)
from bot.core.ports import SceneStore
from bot.core.scene import ChannelId, GuildId, MessageId
from bot.core.store_answers import Survey
from bot.services.doubts import Doubt, Doubts, Gap
from bot.services.screen import Screen
from bot.services.verify import Verifier

log = logging.getLogger(__name__)

PAGES = 5
"""Of a hundred messages each; what is older stays unread."""
READERS = 3
"""Channels that are read at the same time."""
STORE_PAUSE_S = 1.0
REFUSED_PAUSE_S = 15.0
SCREEN_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Before each further try at a channel that Discord does not show just now."""

_BEGINNING = MessageId(0)

Step = Callable[[ChannelId], Awaitable[object]]


class Deletes(Protocol):
    """What of the turn pipeline forgets messages."""

    async def deleted(self, channel: ChannelId, messages: Sequence[MessageId]) -> None: ...


class CatchUp:
    """Looks at doubtful channels. Borrows all it is given.

    Args:
        forget: ends the scene of a channel that is gone.
        take_up: answers what an earlier process left of a channel, once all
            that was missed there is known.
    """

    def __init__(
        self,
        *,
        store: SceneStore,
        screen: Screen,
        verifier: Verifier,
        memory: Deletes,
        doubts: Doubts,
        forget: Step,
        take_up: Step,
        store_pause_s: float = STORE_PAUSE_S,
        screen_pauses_s: Sequence[float] = SCREEN_PAUSES_S,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._screen = screen
        self._verifier = verifier
        self._memory = memory
        self._doubts = doubts
        self._forget = forget
        self._take_up = take_up
        self._store_pause_s = store_pause_s
        self._screen_pauses_s = screen_pauses_s
        self._chance = chance
        self._left: dict[ChannelId, Survey] | None = None
        self._to_take_up: set[ChannelId] = set()
        self._pause_s = 0.0

    async def prepare(self) -> None:
        """Note how far each scene was followed; before anything new is heard.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        surveys = await self._store.survey(await self._store.live_channels())
        self._left = {survey.head.place.channel: survey for survey in surveys}

    async def begin(self, guilds: Collection[GuildId | None] | None = None) -> None:
        """Connected anew: look, in the background, where something was missed before the start.

        Args:
            guilds: only there; None among them stands for direct messages, None
                instead of them for everywhere.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        if self._left is None:
            await self.prepare()
        self._look_at_left(guilds)

    @property
    def due(self) -> Collection[ChannelId]:
        """Channels that are answered by `take_up`, once they were looked at."""
        return frozenset(self._to_take_up)

    def guild_is_back(self, guild: GuildId) -> None:
        """A guild that was out of order at the start can be read now."""
        self._look_at_left((guild,))

    async def run(self) -> None:
        """Look at what is doubtful, for as long as the process lives."""
        while True:
            await self._doubts.wait()
            try:
                pause_s = await self.settle()
            except Exception:  # the task's boundary: a bug here ends no replies
                log.exception("catching up failed")
                pause_s = REFUSED_PAUSE_S
            await asyncio.sleep(pause_s)

    async def settle(self) -> float:
        """Look at what is doubtful now; returns for how long to leave the rest alone."""
        self._pause_s = 0.0
        doubtful = self._doubts.take()
        queue: deque[tuple[ChannelId, Doubt]] = deque()
        try:
            queue.extend(await self._with_scenes(doubtful.channels))
        except (StoreUnavailable, StoreRefusesWrites) as error:
            for channel, doubt in doubtful.channels.items():
                self._doubts.add(channel, doubt)
            self._wait_for_store(error)
        for gap in doubtful.gaps:
            try:
                queue.extend(await self._touched_in(gap))
            except (StoreUnavailable, StoreRefusesWrites) as error:
                self._doubts.gap(gap)
                self._wait_for_store(error)
        async with asyncio.TaskGroup() as readers:
            for _ in range(min(READERS, len(queue))):
                readers.create_task(self._read(queue))
        self._doubts.looked()
        return self._pause_s

    def _look_at_left(self, guilds: Collection[GuildId | None] | None) -> None:
        left = self._left or {}
        fitting = [
            survey
            for survey in left.values()
            if guilds is None or survey.head.place.guild in guilds
            if self._screen.is_in_reach(survey.head.place)
        ]
        for survey in fitting:
            del left[survey.head.place.channel]
        moved = self._newest_first(survey for survey in fitting if self._has_moved(survey))
        for survey in moved:
            channel = survey.head.place.channel
            self._to_take_up.add(channel)
            self._doubts.changed(channel, _known(survey) or _BEGINNING)
        if moved:
            log.info("catching up", extra={"channels": len(moved)})

    def _has_moved(self, survey: Survey) -> bool:
        newest, known = self._screen.newest(survey.head.place), _known(survey)
        return newest is None or known is None or newest > known

    def _newest_first(self, surveys: Iterable[Survey]) -> list[Survey]:
        """Direct messages have a page each and somebody who waits; old threads come last."""

        def rank(survey: Survey) -> tuple[bool, int]:
            newest = self._screen.newest(survey.head.place)
            is_told = newest is not None or survey.head.place.guild is None
            return is_told, newest or survey.head.seen or _BEGINNING

        return sorted(surveys, key=rank, reverse=True)

    async def _with_scenes(
        self, doubtful: Mapping[ChannelId, Doubt]
    ) -> list[tuple[ChannelId, Doubt]]:
        """While the store is away, every channel in which somebody writes is doubtful."""
        surveys = await self._store.survey(tuple(doubtful)) if doubtful else ()
        playing = {survey.head.place.channel for survey in surveys}
        self._to_take_up -= doubtful.keys() - playing
        return [each for each in doubtful.items() if each[0] in playing]

    async def _touched_in(self, gap: Gap) -> list[tuple[ChannelId, Doubt]]:
        """Channels in which something happened that nobody heard."""
        surveys = await self._store.survey(await self._store.live_channels())
        touched = [survey for survey in surveys if self._was_touched(survey, gap)]
        log.info("looking into a gap", extra={"channels": len(touched)})
        return [
            (survey.head.place.channel, Doubt(gap.since)) for survey in self._newest_first(touched)
        ]

    def _was_touched(self, survey: Survey, gap: Gap) -> bool:
        place = survey.head.place
        if gap.guilds is not None and place.guild not in gap.guilds:
            return False
        newest = self._screen.newest(place)
        if place.guild is None:
            return True
        return self._screen.is_in_reach(place) and newest is not None and newest > gap.since

    async def _read(self, queue: deque[tuple[ChannelId, Doubt]]) -> None:
        while queue:
            channel, doubt = queue.popleft()
            try:
                await self._look_at(channel, doubt)
            except (StoreUnavailable, StoreRefusesWrites) as error:
                # Nothing can be set right now. This one comes last the next time,
                # should it be only this one's part of the store that is away.
                for later in (*queue, (channel, doubt)):
                    self._doubts.add(*later)
                queue.clear()
                self._wait_for_store(error)
            except Exception:  # the task's boundary: one channel does not stop the others
                log.exception("a channel was not looked at", extra={"channel": channel})

    async def _look_at(self, channel: ChannelId, doubt: Doubt) -> None:
        if doubt.gone:
            await self._memory.deleted(channel, sorted(doubt.gone))
        if doubt.since is not None:
            await self._repair(channel, doubt.since)
        if channel in self._to_take_up:
            await self._take_up(channel)
            self._to_take_up.discard(channel)

    async def _repair(self, channel: ChannelId, since: MessageId) -> None:
        """Make memory as the screen is, as far as Discord lets us."""
        for pause_s in (*self._screen_pauses_s, None):
            try:
                await self._verifier.repair(channel, since=since, pages=PAGES)
            except ChannelGone:
                await self._forget(channel)
            except ScreenError as error:
                if pause_s is not None and not isinstance(error, ScreenRefused):
                    await asyncio.sleep(pause_s * (0.5 + self._chance()))
                    continue
                facts = {"channel": channel, "error": type(error).__name__}
                log.warning("a channel cannot be read", extra=facts)
            return

    def _wait_for_store(self, error: Exception) -> None:
        refused = isinstance(error, StoreRefusesWrites)
        self._pause_s = max(self._pause_s, REFUSED_PAUSE_S if refused else self._store_pause_s)


def _known(survey: Survey) -> MessageId | None:
    """The newest message that memory is sure to have had.

    Where that is noted, turns say nothing: what is missing may be older than they.
    """
    if survey.head.seen is not None:
        return survey.head.seen
    last = survey.last.messages if survey.last is not None else ()
    noted = survey.work.messages if survey.work is not None else ()
    return max((*last, *noted), default=None)
