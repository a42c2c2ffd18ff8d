"""What a catch-up needs around it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.core.scene import ChannelId, GuildId, Place, Scene
from bot.core.store_answers import Survey
from bot.services.catch_up import CatchUp
from bot.services.doubts import Doubts
from bot.services.verify import Verifier
from tests.fakes.bookkeeper import Bookkeeper
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_screen import ScriptedScreen
from tests.services.verifying import BEGUN, HARBOUR, head

TAVERN = Place(ChannelId(600), GuildId(1), ChannelId(600))
PIER = Place(ChannelId(510), GuildId(1), ChannelId(500))
ABROAD = Place(ChannelId(700), GuildId(2), ChannelId(700))
DIRECT = Place(ChannelId(800), None, None)
EVERYWHERE = (HARBOUR, TAVERN, PIER, ABROAD, DIRECT)


class AwayStore(MemorySceneStore):
    """Answers nothing while it has an error."""

    error: Exception | None = None
    asked = 0

    async def read(self, channel: ChannelId) -> Scene | None:
        self._answer()
        return await super().read(channel)

    async def survey(self, channels: Sequence[ChannelId]) -> Sequence[Survey]:
        self._answer()
        return await super().survey(channels)

    def _answer(self) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error


@dataclass
class Stage:
    store: AwayStore = field(default_factory=AwayStore)
    screen: ScriptedScreen = field(default_factory=ScriptedScreen)
    doubts: Doubts = field(default_factory=Doubts)
    forgotten: list[ChannelId] = field(default_factory=list)
    on_taken_up: Callable[[ChannelId], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        self.memory = Bookkeeper(self.store)

        async def forget(channel: ChannelId) -> None:
            self.forgotten.append(channel)
            await self.store.purge(channel)

        async def take_up(channel: ChannelId) -> None:
            await (self.on_taken_up or self.memory.take_up)(channel)

        self.catch_up = CatchUp(
            store=self.store,
            screen=self.screen,
            verifier=Verifier(store=self.store, screen=self.screen, memory=self.memory),
            memory=self.memory,
            doubts=self.doubts,
            forget=forget,
            take_up=take_up,
            store_pause_s=0.01,
            screen_pauses_s=(0.001, 0.001),
        )

    async def begin(self, *places: Place) -> None:
        for place in places:
            await self.store.start(head(place), None)
            await self.memory.receive(self.screen.write(place, BEGUN + 10, "Known."))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.catch_up.run())
        yield
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.002)

    async def start(self) -> Collection[ChannelId]:
        """Begin, and look at everything that is doubtful then; returns what was due."""
        await self.catch_up.begin()
        due = self.catch_up.due
        await self.catch_up.settle()
        return due

    async def texts(self, place: Place = HARBOUR) -> list[str]:
        scene = await self.store.read(place.channel)
        assert scene is not None
        return [turn.text for turn in scene.turns]
