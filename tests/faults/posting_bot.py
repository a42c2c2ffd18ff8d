"""Posts replies as the bot does, and nothing else: `python posting_bot.py TASK`.

TASK is a JSON file, see `Task`. In each channel one reply follows the other; one
that a killed process left behind is finished first. Some replies kill the
process at a point of their post, chosen by the seed.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from redis.asyncio import Redis

from bot.adapters.discord_rest import DiscordRest, DiscordVoice, WebhookDirectory
from bot.adapters.prometheus import PrometheusMetrics
from bot.adapters.redis_store import RedisSceneStore, connect
from bot.core.characters import Character
from bot.core.pacing import Pacer
from bot.core.ports import Button, Speaker
from bot.core.scene import (
    ChannelId,
    CharacterKey,
    GuildId,
    MessageId,
    Place,
    Role,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    Work,
    mark_of,
    message_of,
    player_turn_id,
    reply_turn_id,
)
from bot.core.split import split
from bot.playground.snowflakes import EPOCH_MS
from bot.playground.world import GUILD_ID, MARA_ID
from bot.services.echoes import Echoes
from bot.services.live_reply import LiveReply
from bot.services.milestones import Milestone
from bot.services.posting import Poster

PROGRAM = Path(__file__)
LEASE_S = 30.0
ECHO_S = 0.05
"""No gateway tells of what has arrived: only the channel does."""
KEEP = 10_000
MIRA = Speaker("Mira")
DEADLY = (
    Milestone.INTENT,
    Milestone.POST_SENT,
    Milestone.POST_ANSWERED,
    Milestone.POSTED,
    Milestone.FINAL_EDIT,
)


@dataclass(frozen=True, slots=True)
class Task:
    """What there is to do, and how often it goes wrong.

    Attributes:
        start: number of this process; the one before it is dead.
        replies: per channel.
        kills: the share of posts that end the process.
    """

    redis_url: str
    api_url: str
    token: str
    parent: int
    channels: Sequence[int]
    replies: int
    kills: float
    seed: int
    start: int


class NoFaces:
    """Speaks without a picture."""

    async def url(self, character: Character) -> str | None:
        _ = character
        return None


class Fate:
    """Whether the process dies at a point; asked by milestones of the reply that is next."""

    def __init__(self, task: Task) -> None:
        self._chance = random.Random(f"{task.seed} {task.start}")
        self._kills = task.kills
        self._deadly: Milestone | None = None

    def next_post(self) -> None:
        """Decide about the post that begins."""
        if self._deadly is None and self._chance.random() < self._kills:
            self._deadly = self._chance.choice(DEADLY)

    def __call__(self, milestone: Milestone) -> None:
        """Die here, if that is decided."""
        if milestone is self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def trace(self) -> aiohttp.TraceConfig:
        """Tells of posts that have just left."""
        config = aiohttp.TraceConfig()
        config.on_request_chunk_sent.append(self._sent)
        return config

    async def _sent(self, _session: Any, _context: Any, sent: Any) -> None:
        if sent.method == "POST" and sent.url.path.count("/webhooks/"):
            self(Milestone.POST_SENT)


@dataclass
class Outbox:
    """Notes posts of one reply."""

    store: RedisSceneStore
    channel: ChannelId
    reply: TurnId
    fence: int

    async def intend(self, mark: str) -> None:
        """Before a post."""
        await self.store.intent(self.channel, self.reply, mark, fence=self.fence)

    async def confirm(self) -> None:
        """Nobody else posts here."""

    async def posted(self, message: MessageId) -> None:
        """After it."""
        await self.store.posted(self.channel, self.reply, message, fence=self.fence)


@dataclass
class PostOffice:
    """Makes the replies of all channels, side by side."""

    task: Task
    store: RedisSceneStore
    voice: DiscordVoice
    poster: Poster
    fate: Fate

    async def work(self) -> None:
        """Make what is left to make."""
        async with asyncio.TaskGroup() as tasks:
            for number in self.task.channels:
                tasks.create_task(self._serve(ChannelId(number)))

    async def _serve(self, channel: ChannelId) -> None:
        place = Place(channel, GuildId(GUILD_ID), ChannelId(self.task.parent))
        head = SceneHead(place, UserId(MARA_ID), CharacterKey("mira"), "Mira", started_ms=1)
        await self.store.start(head, None)  # which may be done twice
        await self.store.release(channel, f"process {self.task.start - 1}")
        scene = await self.store.read(channel)
        turns = scene.turns if scene is not None else ()
        made = sum(turn.role is Role.CHARACTER for turn in turns)
        waiting = turns[-1].id if turns and turns[-1].role is Role.PLAYER else None
        for number in range(made, self.task.replies):
            line = waiting or await self._line(channel)
            await self._reply(place, line, f"Reply {number} in {channel}.")
            waiting = None

    async def _line(self, channel: ChannelId) -> TurnId:
        """Remember a line of now, that nobody wrote; its id is like no other channel's."""
        now_ms = time.time_ns() // 1_000_000 - EPOCH_MS
        message = MessageId(now_ms << 22 | self.task.channels.index(channel))
        turn = player_turn_id(message)
        author, messages = UserId(MARA_ID), (message,)
        line = Turn(
            turn, Role.PLAYER, "Mara", ("Go on.",), author=author, messages=messages,
            at_ms=now_ms + EPOCH_MS,
        )  # fmt: skip
        await self.store.ingest(channel, line)
        return turn

    async def _reply(self, place: Place, line: TurnId, text: str) -> None:
        owner = f"process {self.task.start}"
        reply = reply_turn_id(line)
        taken = await self.store.take(place.channel, owner, LEASE_S, Work(reply, line))
        assert taken is not None, "the channel is somebody else's"
        assert taken.work is not None, "nothing was claimed"
        self.fate.next_post()
        async with LiveReply(
            self.voice,
            self.poster,
            place,
            MIRA,
            pacer=Pacer(every_s=0.01, at_most_s=0.02),
            split=split,
            outbox=Outbox(self.store, place.channel, reply, taken.fence),
            mark=partial(mark_of, reply),
            buttons_while_writing=lambda mark: (Button("Stop", f"stop:{place.channel}:{mark}"),),
            after=message_of(line),
            already=taken.work.messages,
            posting=taken.work.posting,
            reached=self.fate,
        ) as live:
            messages = await live.finish(text)
        turn = Turn(reply, Role.CHARACTER, "Mira", (text,), messages=messages)
        await self.store.commit(place.channel, turn, fence=taken.fence, release=owner)


async def post_all(task: Task) -> None:
    """Do the task, or die."""
    fate = Fate(task)
    redis = connect(task.redis_url, timeout_s=2.0)
    assert isinstance(redis, Redis)
    store = RedisSceneStore(redis, keep=KEEP, ttl=timedelta(days=1))
    async with aiohttp.ClientSession(trace_configs=[fate.trace()]) as http:
        rest = DiscordRest(http, api_url=task.api_url, token=task.token, per_second=100_000)
        voice = DiscordVoice(rest, WebhookDirectory(rest), NoFaces())
        echoes = Echoes(store=store, voice=voice, metrics=PrometheusMetrics())
        poster = Poster(voice, echoes, echo_s=ECHO_S)
        await PostOffice(task, store, voice, poster, fate).work()
    await redis.aclose()


if __name__ == "__main__":
    asyncio.run(post_all(Task(**json.loads(Path(sys.argv[1]).read_text()))))
