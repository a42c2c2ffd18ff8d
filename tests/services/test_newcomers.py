"""Who is new in a shared story is told so once, and not for ever."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.core.errors import PostRefused, StoreUnavailable
from bot.core.ports import Button
from bot.core.scene import GuildId, MessageId, Place, UserId
from bot.services.newcomers import MOST_WAITING, Newcomer, Newcomers
from bot.services.notices import Notices
from tests.fakes.memory_consents import MemoryConsents
from tests.fakes.scripted_voice import ScriptedVoice
from tests.services.stage import HARBOUR, MARA, TAVERN, TOM, open_stage

STANDS_S = 10.0
NEW = Newcomer(HARBOUR, TOM, "Tom")


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Away(MemoryConsents):
    async def told(self, guild: GuildId, user: UserId, at_ms: int) -> bool:
        raise StoreUnavailable(f"away for {user} in {guild} at {at_ms}")


@asynccontextmanager
async def telling(
    voice: ScriptedVoice, store: MemoryConsents, clock: Clock
) -> AsyncGenerator[Newcomers, None]:
    newcomers = Newcomers(store, voice, now_ms=lambda: 5, clock_s=clock, stands_s=STANDS_S)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(newcomers.run())
        yield newcomers
        running.cancel()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.002)


async def test_they_are_told_once_on_a_server_with_three_choices() -> None:
    voice = ScriptedVoice()
    async with telling(voice, MemoryConsents(), Clock()) as newcomers:
        for newcomer in (NEW, NEW, replace(NEW, place=TAVERN), replace(NEW, user=MARA)):
            newcomers.joined(newcomer)
        await until(lambda: len(voice.on_screen(HARBOUR.channel)) == 2)

    first, second = voice.on_screen(HARBOUR.channel)
    assert "**Tom**, you play in a shared story now" in first.text
    assert first.custom_ids == [f"consent:{choice}:{TOM}" for choice in ("join", "read", "never")]
    assert second.custom_ids[0] == f"consent:join:{MARA}"
    assert voice.on_screen(TAVERN.channel) == []


async def test_what_nobody_presses_leaves_after_a_while() -> None:
    voice, clock = ScriptedVoice(), Clock()
    async with telling(voice, MemoryConsents(), clock) as newcomers:
        newcomers.joined(NEW)
        await until(lambda: bool(voice.on_screen(HARBOUR.channel)))
        clock.now_s = STANDS_S - 1
        newcomers.joined(replace(NEW, user=MARA))
        await until(lambda: len(voice.on_screen(HARBOUR.channel)) == 2)
        clock.now_s = STANDS_S + 0.5
        newcomers.joined(replace(NEW, place=replace(HARBOUR, guild=None)))
        await until(lambda: len(voice.on_screen(HARBOUR.channel)) == 1)

    assert voice.on_screen(HARBOUR.channel)[0].custom_ids[0] == f"consent:join:{MARA}"


async def test_where_nothing_can_be_noted_or_posted_nobody_is_told_and_the_next_one_is() -> None:
    voice = ScriptedVoice()
    async with telling(voice, Away(), Clock()) as newcomers:
        newcomers.joined(NEW)
        await asyncio.sleep(0.02)
    assert voice.acts == []

    class Refusing(ScriptedVoice):
        async def notice(
            self, place: Place, text: str, buttons: Sequence[Button] = ()
        ) -> MessageId:
            if place.channel == HARBOUR.channel:
                raise PostRefused("no")
            return await super().notice(place, text, buttons)

    voice = Refusing()
    async with telling(voice, MemoryConsents(), Clock()) as newcomers:
        newcomers.joined(NEW)
        newcomers.joined(replace(NEW, place=replace(TAVERN, guild=GuildId(2))))
        await until(lambda: bool(voice.on_screen(TAVERN.channel)))


async def test_a_crowd_is_not_kept_waiting() -> None:
    newcomers = Newcomers(MemoryConsents(), ScriptedVoice(), now_ms=lambda: 5, clock_s=Clock())

    for number in range(MOST_WAITING + 50):
        newcomers.joined(replace(NEW, user=UserId(number)))


async def test_only_who_is_new_in_the_story_of_somebody_else_counts() -> None:
    found: list[Newcomer] = []
    voice = ScriptedVoice()
    async with open_stage(voice=voice, notices=Notices(voice, found.append)) as stage:
        await stage.begin()
        await stage.say("I started this.", author=MARA)
        await stage.say("Hello.", author=TOM)
        await stage.say("Hello again.", author=TOM)
        await stage.say("(( a remark", author=TOM)
        await stage.quiet()

    assert found == [Newcomer(HARBOUR, TOM, "Tom")]
