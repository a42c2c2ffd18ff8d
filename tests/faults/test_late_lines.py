"""Lines of which the bot is told only after another story has begun in their place."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.core.scene import ChannelId, Scene
from bot.playground.world import TAVERN_ID
from tests.faults.lab.theatre import Theatre, open_theatre
from tests.playground.driver import Shown

TAVERN = ChannelId(TAVERN_ID)


@dataclass
class Holding:
    """Keeps what the gateway has to tell of new messages back, for as long as it is to."""

    is_on: bool = False
    held: list[Callable[[], None]] = field(default_factory=list)

    def __call__(self, name: str, deliver: Callable[[], None]) -> None:
        if self.is_on and name == "MESSAGE_CREATE":
            self.held.append(deliver)
        else:
            deliver()

    def let_go(self) -> None:
        self.is_on = False
        while self.held:
            self.held.pop(0)()


@dataclass
class Late:
    """A story, and a line after it that nobody has heard of yet."""

    theatre: Theatre
    holding: Holding
    line: Shown
    before: list[str]

    async def scene(self) -> Scene:
        scene = (await self.theatre.memory.of(TAVERN)).scene
        assert scene is not None
        return scene

    async def texts(self) -> list[str]:
        return [turn.text.strip() for turn in (await self.scene()).turns]

    async def use(self, command: str, **options: Any) -> Shown:
        mara = self.theatre.world.mara
        told = await mara.answer(await mara.slash(command, channel=TAVERN_ID, **options))
        await self.theatre.quiet()
        return told

    async def is_told(self) -> None:
        self.holding.let_go()
        await self.theatre.quiet()


@pytest.fixture
async def late(redis: Redis, redis_url: str) -> AsyncIterator[Late]:
    async with open_theatre(redis, redis_url) as theatre:
        mara, holding = theatre.world.mara, Holding()
        theatre.faults.gateway.pass_on = holding
        theatre.tgi.reply = lambda _: " Aye."
        story = Late(theatre, holding, Shown({}), [])
        await story.use("roleplay start", character="clover")
        await mara.send("One.", TAVERN_ID)
        await theatre.quiet()
        story.before = await story.texts()
        assert story.before[1:] == ["One.", "Aye."]
        await story.use("roleplay save", name="then")
        holding.is_on = True
        story.line = await mara.send("Tardy.", TAVERN_ID)
        yield story


@pytest.mark.parametrize(
    ("command", "options", "kept"),
    [("roleplay restart", {}, 1), ("roleplay load", {"name": "then"}, 3)],
)
async def test_a_line_from_before_a_story_is_no_part_of_it_and_not_answered(
    late: Late, command: str, options: dict[str, str], kept: int
) -> None:
    await late.use(command, **options)
    asked = len(late.theatre.tgi.asked)

    await late.is_told()

    assert await late.texts() == late.before[:kept]
    assert len(late.theatre.tgi.asked) == asked
    told = await late.use("scene verify")
    assert "Tardy." not in await late.texts(), told.content
    await late.theatre.world.mara.edit(late.line, "Tardy, corrected.")
    await late.theatre.quiet()
    await late.theatre.world.mara.send("Two.", TAVERN_ID)
    await late.theatre.quiet()
    assert await late.texts() == [*late.before[:kept], "Two.", "Aye."]
    assert "Tardy" not in late.theatre.tgi.asked[-1].prompt


async def test_the_story_that_comes_back_is_as_it_was(late: Late) -> None:
    told = await late.use("roleplay restart")
    await late.is_told()

    await late.theatre.world.mara.click(told, "Undo")
    await late.theatre.quiet()

    assert await late.texts() == late.before


async def test_a_line_from_before_a_scene_s_end_is_no_part_of_the_next_scene(late: Late) -> None:
    await late.use("roleplay stop")
    await late.use("roleplay start", character="clover", greeting="none")

    await late.is_told()

    assert await late.texts() == []
