"""A watched Discord, a model server and a bot, all in the test's own process."""

from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from redis.asyncio import Redis

from bot.playground.site import Site
from bot.playground.world import ANN_ID, TOM_ID
from tests.fakes.discord_faults import DiscordFaults, Disorder
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.faults.lab.in_process import InnerBot, inner_bot
from tests.faults.lab.invariants import Evidence
from tests.faults.lab.memory import Memory
from tests.faults.lab.watching import Watcher
from tests.playground.driver import Playground, playground
from tests.wire.running import settings_for

QUICK = {
    "BOT_HTTP__PORT": "0",
    "BOT_TURNS__MERGE_PAUSE_S": "0.02",
    "BOT_STREAM__EDIT_EVERY_S": "0.02",
    "BOT_STREAM__EDIT_AT_MOST_S": "0.05",
    "BOT_TGI__FIRST_TOKEN_S": "2",
    "BOT_TGI__BETWEEN_TOKENS_S": "1",
}


@dataclass
class Theatre:
    """Everything there is; the bot may be replaced by its successor.

    Attributes:
        disorder: in which the bot is told of messages; None for as they happen.
    """

    world: Playground
    watcher: Watcher
    faults: DiscordFaults
    tgi: ScriptedTgi
    memory: Memory
    settings: dict[str, str]
    bot: InnerBot = field(init=False)
    disorder: Disorder | None = None
    _bot_stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def site(self) -> Site:
        """The local Discord itself."""
        return self.watcher.site

    async def quiet(self) -> None:
        """Wait until the bot has heard everything and has nothing to do."""
        await self.bot.quiet()
        while self.is_telling_late:
            self.tell_what_is_late()
            await self.bot.quiet()

    @property
    def is_telling_late(self) -> bool:
        """Whether anything has happened that the bot is told of only later."""
        return self.disorder is not None and self.disorder.is_holding

    def tell_what_is_late(self) -> None:
        """Hold back no event any longer: a line that comes behind its scene's end is lost."""
        if self.disorder is not None:
            self.disorder.settle()

    def disturb(self, disorder: Disorder) -> None:
        """From now on tell the bot of messages in *disorder*."""
        self.disorder = self.faults.gateway.pass_on = disorder

    @asynccontextmanager
    async def slowly(
        self, tokens_per_s: float, *, first_token_s: float = 0.0
    ) -> AsyncGenerator[None, None]:
        """Let the model take its time for the length of the block."""
        self.tgi.tokens_per_s, self.tgi.first_token_s = tokens_per_s, first_token_s
        try:
            yield
        finally:
            self.tgi.tokens_per_s = self.tgi.first_token_s = 0

    async def start(self) -> None:
        """Connect a bot."""
        self.bot = await self._bot_stack.enter_async_context(inner_bot(self.settings, self.site))

    async def stop(self) -> None:
        """End it as SIGTERM does."""
        await self._bot_stack.aclose()
        self._bot_stack = AsyncExitStack()

    async def evidence(
        self,
        *,
        unheard: Collection[int] = (),
        unwanted: Collection[int] = (),
        proxied: Collection[int] = (),
    ) -> Evidence:
        """Screen and memory as they are now."""
        remembered = await self.memory.of_all()
        watcher = self.watcher
        return Evidence(
            watcher.screen(),
            remembered,
            watcher.posts,
            tuple(watcher.calls),
            unheard,
            unwanted,
            proxied,
        )


@asynccontextmanager
async def open_theatre(redis: Redis, redis_url: str) -> AsyncGenerator[Theatre, None]:
    """Build everything, a connected bot included."""
    watcher, faults = Watcher(), DiscordFaults(seed=1)
    async with (
        playground(
            faults=[watcher.hear, faults.strike, watcher.see], away=(TOM_ID, ANN_ID)
        ) as world,
        ScriptedTgi().running() as tgi,
    ):
        given = settings_for(world, redis_url=redis_url, tgi_url=tgi.url)
        theatre = Theatre(world, watcher, faults, tgi, Memory(redis), {**given, **QUICK})
        await theatre.start()
        try:
            yield theatre
        finally:
            await theatre.stop()
