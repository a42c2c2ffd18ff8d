"""A shelf over a pipeline, with what stands around them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.core.scene import MessageId, Place, Turn
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


@dataclass
class Shelving:
    """Everything there is; `events` counts interactions."""

    stage: Stage
    shelf: Shelf
    branches: Branches
    threads: ScriptedThreads
    scenes: Scenes
    events: int = 2_000_000

    @property
    def store(self) -> MemorySceneStore:
        return self.stage.store

    def opening(self, place: Place = HARBOUR) -> Opening:
        self.events += 100
        self.stage.clock_ms[0] += 1
        return Opening(
            MessageId(self.events), place, MARA, "Mara", MIRA.key, at_ms=self.stage.clock_ms[0]
        )

    async def tell(self, line: str, reply: str) -> Turn:
        """A line of Mara's and what it is answered with."""
        self.events += 100
        self.stage.tgi.reply = lambda _: f" {reply}"
        await self.stage.say(line, number=self.events)
        await self.stage.quiet()
        return await self.stage.last_turn()

    async def texts(self, place: Place = HARBOUR) -> list[str]:
        return [text for _, text in await self.stage.memory(place)]


@asynccontextmanager
async def shelving(*, keep: int = 100) -> AsyncGenerator[Shelving, None]:
    """A scene remembers *keep* turns."""
    async with open_stage(store=MemorySceneStore(keep=keep)) as stage:
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
        yield Shelving(stage, shelf, branches, threads, scenes)
