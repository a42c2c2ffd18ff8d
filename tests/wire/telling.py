"""A story told on a running bot: what is on the screen, in memory, and told to the model."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.core.scene import ChannelId, Scene
from bot.playground.world import TAVERN_ID
from bot.services.debts import TAKEN_BACK
from tests.fakes.discord_faults import DiscordFaults
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.playground.driver import Member, Playground, Shown, eventually
from tests.wire.faulty import faulty
from tests.wire.remembering import until_remembered
from tests.wire.running import BotProcess

MORE = "⋯"


@dataclass
class Told:
    """A bot that plays in the tavern; Mara has started the scene."""

    world: Playground
    faults: DiscordFaults
    tgi: ScriptedTgi
    bot: BotProcess
    store: RedisSceneStore

    async def exchange(
        self, line: str, answer: str, *, member: Member | None = None
    ) -> tuple[Shown, Shown]:
        """Somebody says *line*, and the character answers *answer*."""
        self.tgi.reply = lambda _: f" {answer}"
        sent = await (member or self.world.mara).send(line)
        return sent, await self.reply(answer, after=sent.id)

    async def reply(self, text: str, *, after: int = 0) -> Shown:
        """Wait until the newest reply is there, whole and with its buttons, and remembered."""
        shown = await self.world.mara.wait_for_message(
            lambda m: m.is_webhook and m.id > after and m.content == text and MORE in m.labels
        )
        return await until_remembered(self.bot, shown)

    async def command(self, name: str, /, *, member: Member | None = None, **options: Any) -> Shown:
        """What the bot answers to a command; nobody else sees it."""
        who = member or self.world.mara
        answer = await who.answer(await who.slash(name, **options))
        assert answer.is_ephemeral
        return answer

    async def menu(self, name: str, message: Shown, *, member: Member | None = None) -> Shown:
        """What the bot answers to a choice in the menu of a message."""
        who = member or self.world.mara
        answer = await who.answer(await who.context(name, message))
        assert answer.is_ephemeral
        return answer

    async def press(self, message: Shown, button: str, *, member: Member | None = None) -> Shown:
        """Press a button that is answered with words for whoever pressed."""
        who = member or self.world.mara
        answer = await who.answer(await who.click(message, button))
        assert answer.is_ephemeral
        return answer

    async def choose(self, offered: Shown, what: str, *, member: Member | None = None) -> str:
        """Choose from what was offered; returns what it became."""
        who = member or self.world.mara
        assert (await who.choose(offered, what)).is_acknowledged
        done = await who.wait_for_message(lambda m: m.id == offered.id and not m.components)
        return done.content

    async def press_choice(
        self, offered: Shown, what: str, *, member: Member | None = None
    ) -> Shown:
        """Choose what is refused; returns with which words."""
        who = member or self.world.mara
        answer = await who.answer(await who.choose(offered, what))
        assert answer.is_ephemeral
        return answer

    async def screen(self) -> list[str]:
        """What everybody sees, without what is marked as taken back."""
        shown = await self.world.mara.messages()
        return [m.content for m in shown if not m.is_ephemeral and not is_marked(m)]

    async def scene(self) -> Scene:
        found = await self.store.read(ChannelId(TAVERN_ID))
        assert found is not None
        return found

    async def memory(self) -> list[str]:
        return [turn.text for turn in (await self.scene()).turns]

    async def equal(self, *texts: str) -> None:
        """Wait until *texts*, and nothing else, are on the screen and in memory."""

        async def is_so() -> bool:
            return await self.screen() == await self.memory() == list(texts)

        try:
            await eventually(is_so, 10)
        except AssertionError:
            found = (await self.screen(), await self.memory())
            raise AssertionError(f"screen and memory are {found}") from None

    async def prompt(self, line: str = "And now?") -> str:
        """The prompt for one more line."""
        await self.exchange(line, "So it is.")
        return self.tgi.asked[-1].prompt

    async def row(self) -> int:
        """Wait until exactly one message has the buttons of the newest reply; returns it."""
        found: list[int] = []

        async def is_one() -> bool:
            found[:] = [m.id for m in await self.world.mara.messages() if MORE in m.labels]
            return len(found) == 1

        await eventually(is_one)
        return found[0]

    async def restart(self) -> None:
        """Kill the bot, and start another once Discord works again."""
        await self.bot.kill()
        self.faults.calm()
        await self.bot.start()
        await self.bot.wait_ready()


def is_marked(message: Shown) -> bool:
    """Whether a line is marked as taken back."""
    reactions: Sequence[dict[str, Any]] = message.raw.get("reactions") or ()
    return any(each["emoji"]["name"] == TAKEN_BACK for each in reactions)


@asynccontextmanager
async def telling(
    redis_url: str, folder: Path, *, greeting: str = "none"
) -> AsyncGenerator[Told, None]:
    """Start a scene in the tavern, without a greeting unless one is chosen."""
    client = connect(redis_url, timeout_s=2.0)
    store = RedisSceneStore(client, keep=2000, ttl=timedelta(days=1))
    try:
        async with faulty(redis_url, folder) as all_there:
            told = Told(all_there.world, all_there.faults, all_there.tgi, all_there.bot, store)
            await told.command("roleplay start", character="clover", greeting=greeting)
            yield told
    finally:
        await client.aclose()
