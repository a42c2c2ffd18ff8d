"""A shelf over a pipeline, with what stands around them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.core.change import Undo
from bot.core.scene import ChannelId, MessageId, Place, Turn
from bot.core.store_answers import Ingested
from bot.services.branches import Branches
from bot.services.debts import Debts
from bot.services.doubts import Doubts
from bot.services.presenting import Presenter
from bot.services.prompting import Prompting
from bot.services.scenes import Opening, Scenes
from bot.services.shelf import Shelf
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_threads import ScriptedThreads
from tests.fakes.word_counter import WordCounter
from tests.profiles import ZEPHRP
from tests.services.growing import poster_on
from tests.services.stage import HARBOUR, MARA, MIRA, Stage, open_stage

MORE = "⋯"
"""A label under the newest reply alone, once it is whole."""


class SlowMemory(MemorySceneStore):
    """May take its time to remember a line, and a reply that is on the screen."""

    def __init__(self, *, keep: int) -> None:
        super().__init__(keep=keep)
        self.may_ingest = asyncio.Event()
        self.may_ingest.set()
        self.may_commit = asyncio.Event()
        self.may_commit.set()
        self.is_looked_at = asyncio.Event()
        """Set by whoever is about to change the story."""

    async def ingest(self, *args: Any, **options: Any) -> Ingested:
        await self.may_ingest.wait()
        return await super().ingest(*args, **options)

    async def commit(self, *args: Any, **options: Any) -> None:
        await self.may_commit.wait()
        await super().commit(*args, **options)

    async def undo(self, channel: ChannelId) -> Undo | None:
        self.is_looked_at.set()
        return await super().undo(channel)


@dataclass
class Shelving:
    """Everything there is; `events` counts interactions."""

    stage: Stage
    shelf: Shelf
    branches: Branches
    threads: ScriptedThreads
    scenes: Scenes
    store: SlowMemory
    events: int = 2_000_000

    def opening(self, place: Place = HARBOUR) -> Opening:
        self.events += 100
        self.stage.clock_ms[0] += 2
        at_ms = self.stage.clock_ms[0] - 1  # what is said from here on is said later
        return Opening(MessageId(self.events), place, MARA, "Mara", MIRA.key, at_ms=at_ms)

    async def tell(self, line: str, reply: str) -> Turn:
        """A line of Mara's and what it is answered with."""
        self.events += 100
        self.stage.tgi.reply = lambda _: f" {reply}"
        await self.stage.say(line, number=self.events)
        await self.stage.quiet()
        return await self.stage.last_turn()

    @asynccontextmanager
    async def telling(self, line: str, reply: str) -> AsyncGenerator[None, None]:
        """The reply is on the screen, whole and with its buttons, but not remembered.

        That is done once somebody in the block is about to change the story.
        """
        self.store.may_commit.clear()
        self.store.is_looked_at.clear()
        self.events += 100
        self.stage.tgi.reply = lambda _: f" {reply}"
        await self.stage.say(line, number=self.events)
        await self.stage.until(lambda: is_whole(self.stage, reply))
        assert reply not in await self.texts()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._commit_when_looked_at())
            yield
        await self.stage.quiet()

    async def _commit_when_looked_at(self) -> None:
        await self.store.is_looked_at.wait()
        self.store.may_commit.set()

    async def texts(self, place: Place = HARBOUR) -> list[str]:
        return [text for _, text in await self.stage.memory(place)]


def is_whole(stage: Stage, reply: str) -> bool:
    """Whether the last reply on the screen is that, with all its buttons."""
    shown = stage.voice.on_screen(HARBOUR.channel)
    return bool(shown) and shown[-1].text == reply and shown[-1].labels[-1:] == [MORE]


@asynccontextmanager
async def shelving(
    *, keep: int = 100, merge_pause_s: float = 0.0
) -> AsyncGenerator[Shelving, None]:
    """A scene remembers *keep* turns."""
    store = SlowMemory(keep=keep)
    async with open_stage(store=store, merge_pause_s=merge_pause_s) as stage:
        prompting = Prompting(
            store=stage.store, generator=WordCounter(), profile=ZEPHRP, metrics=stage.metrics
        )
        scenes = Scenes(
            store=stage.store,
            presenter=Presenter(
                store=stage.store,
                voice=stage.voice,
                poster=poster_on(stage.voice),
                characters=stage.characters,
            ),
            characters=stage.characters,
            prompting=prompting,
            lengths=ZEPHRP.lengths,
            noted=stage.pipeline.noted,
        )
        shelf = Shelf(
            store=stage.store,
            scenes=scenes,
            pipeline=stage.pipeline,
            voice=stage.voice,
            debts=Debts(stage.store, stage.voice),
            doubts=Doubts(),
            forget_prompt=prompting.forget,
            keep=keep,
        )
        threads = ScriptedThreads(stage.voice)
        branches = Branches(store=stage.store, threads=threads, scenes=scenes, shelf=shelf)
        yield Shelving(stage, shelf, branches, threads, scenes, store)
