"""Our whole way to Discord on a local Discord with faults, and words to use it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bot.adapters.discord_rest import DiscordRest, DiscordVoice, WebhookDirectory
from bot.adapters.discord_rest.places import Places
from bot.core.characters import Character
from bot.core.errors import PostRefused
from bot.core.pacing import Pacer
from bot.core.ports import Button, Speaker
from bot.core.scene import (
    ChannelId,
    GuildId,
    MessageId,
    Place,
    mark_of,
    player_turn_id,
    reply_turn_id,
)
from bot.playground.world import GUILD_ID, HARBOUR_ID, TAVERN_ID
from bot.services.echoes import Echoes
from bot.services.live_reply import LiveReply
from bot.services.posting import Poster
from tests.fakes.discord_faults import DiscordFaults
from tests.fakes.memory_store import MemorySceneStore
from tests.playground.driver import Playground, playground
from tests.services.growing import Notebook, cut
from tests.services.stage import CountingMetrics

TAVERN = Place(ChannelId(TAVERN_ID), GuildId(GUILD_ID), ChannelId(TAVERN_ID))
HARBOUR = Place(ChannelId(HARBOUR_ID), GuildId(GUILD_ID), ChannelId(HARBOUR_ID))
MIRA = Speaker("Mira")
EXECUTE = "POST /webhooks/"
EDIT = "PATCH /webhooks/"
PLAIN = f"/channels/{TAVERN_ID}/messages"
HOOKS = f"/channels/{TAVERN_ID}/webhooks"


class NoFaces:
    async def url(self, character: Character) -> str | None:
        _ = character
        return None


@dataclass
class Clock:
    """Time that passes only when it is told to, beside the real one."""

    ahead_s: float = 0.0
    base: Callable[[], float] = lambda: 0.0

    def __call__(self) -> float:
        return self.base() + self.ahead_s


@dataclass
class Desk:
    world: Playground
    faults: DiscordFaults
    rest: DiscordRest
    voice: DiscordVoice
    poster: Poster
    metrics: CountingMetrics
    clock: Clock

    async def screen(self, channel: str = "tavern") -> list[str]:
        return [message.content for message in await self.world.mara.messages(channel)]

    def times(self, start: str) -> int:
        """How often a call that begins like this has come."""
        return sum(call.startswith(start) for call in self.faults.asked)

    @property
    def invalid(self) -> int:
        """How many answers Discord counts against us."""
        return self.rest._limits.invalid_lately

    async def post(self, text: str, number: int = 0, place: Place = TAVERN) -> MessageId:
        mark = mark_of(reply_turn_id(player_turn_id(MessageId(1_000 + number))), 0)
        return await self.poster.post(
            place, MIRA, text, [button(mark)], mark=mark, after=MessageId(1_000)
        )

    def live(
        self,
        *,
        place: Place = TAVERN,
        last_edit_s: float = 5.0,
        on_refused: Callable[[PostRefused], None] = lambda _: None,
    ) -> LiveReply:
        reply = reply_turn_id(player_turn_id(MessageId(1_000)))
        return LiveReply(
            self.voice,
            self.poster,
            place,
            MIRA,
            pacer=Pacer(every_s=0.02, at_most_s=0.05, calls=99),
            split=cut,
            outbox=Notebook(),
            mark=lambda part: mark_of(reply, part),
            buttons_while_writing=lambda mark: [button(mark)],
            after=MessageId(1_000),
            on_refused=on_refused,
            last_edit_s=last_edit_s,
            retry_s=0.02,
        )


def button(mark: str) -> Button:
    return Button("Stop", f"stop:7:{mark}", danger=True)


@asynccontextmanager
async def discord_desk(
    *, seed: int = 1, answer_s: float = 0.8, whole_s: float = 3.0
) -> AsyncGenerator[Desk, None]:
    faults, metrics = DiscordFaults(seed=seed), CountingMetrics()
    async with playground(faults=[faults.strike]) as world, aiohttp.ClientSession() as session:
        clock = Clock()
        rest = DiscordRest(
            session,
            api_url=world.address.api_url,
            token=world.token,
            answer_s=answer_s,
            whole_s=whole_s,
            per_second=10_000,
            chance=lambda: 0.0,
        )
        voice = DiscordVoice(rest, WebhookDirectory(rest), NoFaces(), places=Places(clock=clock))
        echoes = Echoes(store=MemorySceneStore(), voice=voice, metrics=metrics)
        poster = Poster(voice, echoes, echo_s=0.005)
        yield Desk(world, faults, rest, voice, poster, metrics, clock)
