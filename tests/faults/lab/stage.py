"""Bots as processes between a watched Discord, a Redis and a model server, all of which may fail.

async with open_lab(redis, redis_url, tmp_path) as lab:
    bot = await lab.start_bot()
    ...
    await lab.holds()
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from bot.core.scene import ChannelId, Role, Turn
from bot.playground.world import BOT_ID
from tests.fakes.discord_faults import DiscordFaults
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.faults.lab.invariants import Evidence, broken
from tests.faults.lab.memory import Memory
from tests.faults.lab.watching import Kind, Seen, Watcher
from tests.playground.driver import Playground, playground
from tests.ports import free_port
from tests.wire.running import Begin, BotProcess, settings_for

_POLL_S = 0.02
POST_AS_CHARACTER = rf"POST /webhooks/(?!{BOT_ID}/)\d+/[^/]+$"
"""Not what answers a command, which goes by the bot's own id."""


@dataclass
class Lab:
    """Everything there is. What is asked for goes through the two ways, and may get lost there.

    Attributes:
        memory: looked up at the server itself.
        settings: of every bot; changes hold for those that start later.
    """

    world: Playground
    watcher: Watcher
    faults: DiscordFaults
    tgi: ScriptedTgi
    memory: Memory
    way_to_redis: FaultProxy
    way_to_tgi: FaultProxy
    settings: dict[str, str]
    folder: Path
    bots: list[BotProcess] = field(default_factory=list)

    async def start_bot(self, *, begin: Begin | None = None, **settings: str) -> BotProcess:
        """Start one more; `wait_ready` tells when it is connected."""
        given = {**self.settings, "BOT_HTTP__PORT": str(free_port()), **settings}
        bot = BotProcess(given, self.folder, begin=begin)
        await bot.start()
        self.bots.append(bot)
        return bot

    async def begin(self, channel: str | int, **options: Any) -> int:
        """Let Mara start a scene with Clover; returns the channel's id."""
        mara = self.world.mara
        use = await mara.slash("roleplay start", channel=channel, character="clover", **options)
        told = await mara.answer(use)
        assert "Clover" in told.content, told.content
        return await mara.channel_id(channel)

    async def replies(self, channel: int) -> list[Turn]:
        """What the character has said there, as it is remembered."""
        scene = (await self.memory.of(ChannelId(channel))).scene
        return [turn for turn in scene.turns if turn.role is Role.CHARACTER] if scene else []

    async def shows(self, channel: int, whole: str, *, after: int, within_s: float = 15.0) -> float:
        """Wait until all that the character said since *after* is *whole*; returns when it is.

        Raises:
            AssertionError: it is not; says what there is.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while True:
            shown = self.watcher.screen()[ChannelId(channel)]
            said = [seen for seen in shown if seen.kind is Kind.CHARACTER and seen.id > after]
            is_done = not any(seen.grows for seen in said)
            if is_done and " ".join(seen.text for seen in said) == whole:
                return loop.time()
            if loop.time() > deadline:
                raise AssertionError([(seen.text[:40], seen.buttons) for seen in shown])
            await asyncio.sleep(_POLL_S)

    async def is_answered(self, channel: int, *, after: int, within_s: float = 20.0) -> None:
        """Wait until the character has said something since *after*, and has ended.

        Raises:
            AssertionError: it has not; says what there is.
        """
        deadline = asyncio.get_running_loop().time() + within_s
        while True:
            shown = self.watcher.screen()[ChannelId(channel)]
            said = [seen for seen in shown if seen.kind is Kind.CHARACTER and seen.id > after]
            if said and not any(seen.grows for seen in said):
                return
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError([(seen.text[:40], seen.buttons) for seen in shown[-6:]])
            await asyncio.sleep(_POLL_S)

    def notices(self, channel: int, words: str = "") -> list[Seen]:
        """What the bot says there in its own name."""
        shown = self.watcher.screen()[ChannelId(channel)]
        return [seen for seen in shown if seen.kind is Kind.BOT and words in seen.text]

    async def is_told(self, channel: int, words: str, within_s: float = 20.0) -> None:
        """Wait until the bot says so there.

        Raises:
            AssertionError: it does not; says what there is.
        """
        deadline = asyncio.get_running_loop().time() + within_s
        while not self.notices(channel, words):
            if asyncio.get_running_loop().time() > deadline:
                shown = self.watcher.screen()[ChannelId(channel)]
                raise AssertionError([(seen.text[:60], seen.buttons) for seen in shown])
            await asyncio.sleep(_POLL_S)

    async def evidence(
        self,
        *channels: int,
        unheard: Collection[int] = (),
        unwanted: Collection[int] = (),
    ) -> Evidence:
        """Screen and memory as they are now, of *channels* or of all."""
        remembered = await self.memory.of_all()
        screen = self.watcher.screen()
        if channels:
            remembered = {key: value for key, value in remembered.items() if key in channels}
            screen = {key: value for key, value in screen.items() if key in channels}
        posts, calls = self.watcher.posts, tuple(self.watcher.calls)
        return Evidence(screen, remembered, posts, calls, unheard, unwanted)

    async def holds(
        self,
        *channels: int,
        within_s: float = 10.0,
        unheard: Collection[int] = (),
        unwanted: Collection[int] = (),
    ) -> None:
        """Wait until no rule is broken, in *channels* or anywhere.

        Raises:
            AssertionError: some still are; says which.
        """
        deadline = asyncio.get_running_loop().time() + within_s
        while found := broken(await self.evidence(*channels, unheard=unheard, unwanted=unwanted)):
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError("\n".join(found))
            await asyncio.sleep(_POLL_S)

    async def close(self) -> None:
        """End all bots; none may have failed in a way that nobody meant."""
        for bot in self.bots:
            await bot.stop()
        for bot in self.bots:
            for printed in bot.printed:
                assert "Traceback" not in printed, printed
        assert await self.memory.shards_held() == []


def going_on(whole: str) -> Callable[[str], str]:
    """Write *whole*, or what a prompt lacks of it; blanks do not count where messages meet."""

    def rest(prompt: str) -> str:
        written = sum(not sign.isspace() for sign in prompt.rpartition("Clover:")[2])
        ends = [at for at, sign in enumerate(whole, 1) if not sign.isspace()]
        return whole[ends[written - 1] :] if written else " " + whole

    return rest


@asynccontextmanager
async def open_lab(
    redis: Redis, redis_url: str, folder: Path, **settings: str
) -> AsyncGenerator[Lab, None]:
    """Build a lab without a bot. Its bots are ended with it, and the rules looked at again."""
    watcher, faults = Watcher(), DiscordFaults(seed=1)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(
            playground(faults=[watcher.hear, faults.strike, watcher.see])
        )
        tgi = await stack.enter_async_context(ScriptedTgi().running())
        way_to_redis = FaultProxy(redis_url.partition("://")[2])
        way_to_tgi = FaultProxy(tgi.url.removeprefix("http://"))
        await stack.enter_async_context(way_to_redis)
        await stack.enter_async_context(way_to_tgi)
        given = settings_for(
            world,
            redis_url=f"redis://{way_to_redis.address}",
            tgi_url=f"http://{way_to_tgi.address}",
        )
        lab = Lab(
            world, watcher, faults, tgi, Memory(redis), way_to_redis, way_to_tgi,
            {**given, **settings}, folder,
        )  # fmt: skip
        stack.push_async_callback(_end, lab)
        yield lab
        await lab.close()


async def _end(lab: Lab) -> None:
    for bot in lab.bots:
        await bot.end()
