"""Several characters in the tavern of a running bot: screen, memory, prompts."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.core.scene import ChannelId, Scene
from bot.playground.world import TAVERN_ID
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.playground.driver import Member, Playground, Shown, eventually
from tests.wire.remembering import until_remembered
from tests.wire.running import BotProcess, running

ROW = "⋯"
TOPICS = (
    "Old copper kettles",
    "Rain on a slate roof",
    "Bread, still warm",
    "Seven lost buttons",
    "The moon over reeds",
    "A fiddle without strings",
    "Salt and smoke",
    "Nobody's umbrella",
)


@dataclass
class Played:
    """A scene with Clover in the tavern; Mara has started it."""

    world: Playground
    tgi: ScriptedTgi
    bot: BotProcess
    store: RedisSceneStore

    async def command(self, name: str, *, member: Member | None = None, **options: Any) -> str:
        """What the bot answers to a command; nobody else sees it."""
        who = member or self.world.mara
        answer = await who.answer(await who.slash(name, **options))
        assert answer.is_ephemeral
        return answer.content

    async def talk(self, speaker: str, *, member: Member | None = None) -> str:
        """What the bot answers to `/talk as:`."""
        who = member or self.world.mara
        options: dict[str, Any] = {"as": speaker}
        return (await who.answer(await who.slash("talk", **options))).content

    async def say(self, text: str, *, member: Member | None = None, **options: Any) -> Shown:
        return await (member or self.world.mara).send(text, **options)

    async def reply(self, *, after: Shown, by: str = "") -> Shown:
        """Wait for the newest whole reply behind a message, and until it is remembered."""
        shown = await self.world.mara.wait_for_message(
            lambda m: m.is_webhook and m.id > after.id and "Stop" not in m.labels and by in m.author
        )
        return await until_remembered(self.bot, shown)

    async def scene(self) -> Scene:
        found = await self.store.read(ChannelId(TAVERN_ID))
        assert found is not None
        return found

    async def equal(self, *said: tuple[str, str]) -> None:
        """Wait until that, by name and text, is on the screen and in memory, and nothing else."""

        async def is_so() -> bool:
            return await self.screen() == await self.memory() == list(said)

        try:
            await eventually(is_so, 10)
        except AssertionError:
            found = (await self.screen(), await self.memory())
            raise AssertionError(f"screen and memory are {found}") from None

    async def screen(self) -> list[tuple[str, str]]:
        shown = await self.world.mara.messages()
        return [(m.author, m.content) for m in shown if not m.is_ephemeral]

    async def memory(self) -> list[tuple[str, str]]:
        return [(turn.name, turn.text) for turn in (await self.scene()).turns]

    async def remembers(self, count: int) -> list[str]:
        """Wait until so many turns are in memory; returns who tells them."""

        async def are_there() -> bool:
            return len(await self.memory()) >= count

        await eventually(are_there)
        return [name for name, _ in await self.memory()]

    async def asked(self, count: int) -> str:
        """Wait until the model was asked so often; returns the last prompt."""
        await eventually(lambda: len(self.tgi.asked) >= count)
        return self.tgi.asked[-1].prompt

    async def restart(self) -> None:
        """Kill the bot, and start another."""
        await self.bot.kill()
        await self.bot.start()
        await self.bot.wait_ready()


@asynccontextmanager
async def playing(redis_url: str, folder: Path, **settings: Any) -> AsyncGenerator[Played, None]:
    """Start a scene in the tavern, without a greeting; each character says who it is."""
    client = connect(redis_url, timeout_s=2.0)
    store = RedisSceneStore(client, keep=2000, ttl=timedelta(days=1))
    try:
        async with running(redis_url, folder, **settings) as all_there:
            played = Played(all_there.world, all_there.tgi, all_there.bot, store)
            played.tgi.reply = speaking
            await played.command("roleplay start", character="clover", greeting="none")
            yield played
    finally:
        await client.aclose()


def speaking(prompt: str) -> str:
    """Each says who it is, and nobody repeats what was said."""
    return f" {said(name_in(prompt), prompt.count(', says '))}"


def said(name: str, number: int) -> str:
    """What whoever speaks says as the story's reply of that number, from 0."""
    return f"{TOPICS[number]}, says {name}."


def name_in(prompt: str) -> str:
    """Who is to speak."""
    return prompt.rpartition("\n")[2].removesuffix(":")
