"""What one turn costs Redis: the real pipeline and store on a server of our own.

Model and Discord answer at once, inside this process, so nothing is measured
but what a turn asks of the store. Round trips are the requests that the server
has read; its CPU is that of its main thread, what it does by itself taken off.
"""

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis

from bot.adapters.profile_files import load_profile
from bot.adapters.re2_patterns import Re2PatternSearch
from bot.adapters.redis_store import RedisSceneStore, connect
from bot.adapters.redis_store.lore_books import RedisLoreStore
from bot.adapters.valkey import open_embedded
from bot.assembly import Pace, World, pipeline_of
from bot.bench import material
from bot.bench.redis_replay import replayed_us
from bot.core.characters import Character
from bot.core.generation import Delta, Finish, FinishReason, GenerationRequest, ModelLimits, Tokens
from bot.core.metrics import Event, Stage
from bot.core.ports import Button, ShownPost, Speaker
from bot.core.scene import (
    ChannelId,
    CharacterKey,
    GuildId,
    MessageId,
    Place,
    Role,
    SceneHead,
    Turn,
    UserId,
    player_turn_id,
)
from bot.services.channel_leases import CHECKPOINT_EVERY_S
from bot.services.echoes import Echoes
from bot.services.incoming import Incoming, Patience
from bot.services.lore_telling import LoreTelling
from bot.services.lorebooks import Lorebooks
from bot.services.posting import Poster
from bot.services.prompting import Prompting
from bot.services.turns import TurnPipeline

STORY_TURNS: Final = 200
"""As many are kept, so that every turn costs the same."""
LINE_TOKENS: Final = 75
"""Of about four characters each."""
REPLY_S: Final = 5 * CHECKPOINT_EVERY_S
"""How long a slow reply takes."""
TRIPS_OF_A_TURN: Final = 6
"""The line, the channel, the player's length, a post before and after it, and the end."""
WARM_UP: Final = 5
REPLAYS: Final = 9

_CHANNEL: Final = ChannelId(1_000_000_000_000_000_000)
_PLACE: Final = Place(_CHANNEL, GuildId(1), _CHANNEL)
_MARA: Final = UserId(11)
_CLOVER: Final = Character(key=CharacterKey("clover"), name=material.HERO, persona=material.PERSONA)
_FIRST_MESSAGE: Final = 1_100_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class TurnCost:
    """What a turn of a scene of 200 turns costs.

    Attributes:
        round_trips: requests to Redis in a turn, on average.
        redis_us: time that Redis' commands for a turn take, in microseconds, one
            after the other as on a busy server (`redis_replay`); the best, the median
            and the worst of the runs. Other processes on the machine stretch it.
        paced_us: the same where each request waits for the bot, as one channel does.
        streaming_trips: further round trips in each two seconds of a reply.
    """

    turns: int
    round_trips: float
    redis_us: tuple[float, float, float]
    paced_us: tuple[float, float, float]
    streaming_trips: float


async def measure_turns(turns: int, *, streams: int) -> TurnCost:
    """Play *turns* turns at once, then *streams* that take their time, and tell what they cost.

    Raises:
        StartupError: there is no server program, or it does not start.
    """
    with tempfile.TemporaryDirectory() as folder:
        async with open_embedded(Path(folder)) as url:
            redis = connect(url, timeout_s=5.0)
            if not isinstance(redis, Redis):
                raise TypeError("the embedded server is no cluster")
            try:
                return await _measure(redis, turns, streams)
            finally:
                await redis.aclose()


async def _measure(redis: Redis, turns: int, streams: int) -> TurnCost:
    requests = _count_requests(redis)
    store = RedisSceneStore(redis, keep=2000, ttl=timedelta(days=1))
    await _tell_story(store)
    model = _Model()
    costs, trips = [], []
    await asyncio.gather(*(redis.ping() for _ in range(4)))  # to connect takes requests, too
    shelf = Lorebooks(RedisLoreStore(redis, ttl=timedelta(days=1)), Re2PatternSearch)
    async with _playing(store, model, LoreTelling(Re2PatternSearch, shelf)) as player:
        for _ in range(WARM_UP):  # connections, scripts and counts are there from then on
            await player.play()
        for _ in range(turns):
            await redis.config_resetstat()
            before = requests.sent
            await player.play()
            trips.append(requests.sent - before)
            costs.append(await _command_us(redis))
        replayed = [await replayed_us(redis, _CHANNEL, player.play) for _ in range(REPLAYS)]
        model.pause_s = REPLY_S / LINE_TOKENS
        streaming = [await _streaming_trips(requests, player) for _ in range(streams)]
    return TurnCost(
        turns=turns,
        round_trips=statistics.fmean(trips),
        redis_us=_spread(replayed),
        paced_us=_spread(costs),
        streaming_trips=statistics.fmean(streaming) if streaming else 0.0,
    )


def _spread(found: Sequence[float]) -> tuple[float, float, float]:
    return min(found), statistics.median(found), max(found)


@dataclass(slots=True)
class _Requests:
    """How many requests have left for Redis; commands that are sent together are one."""

    sent: int = 0


def _count_requests(redis: Redis) -> _Requests:
    """Count what the connections send that the client makes from now on."""
    requests = _Requests()
    pool = redis.connection_pool
    kind: Any = pool.connection_class

    class Counted(kind):  # type: ignore[misc]  # whatever kind the address asks for
        async def send_packed_command(self, *args: Any, **options: Any) -> None:
            requests.sent += 1
            await super().send_packed_command(*args, **options)

    pool.connection_class = Counted
    return requests


async def _command_us(redis: Redis) -> float:
    """Of scripts with all they call, and of the reads that are sent along with them."""
    found = await redis.info("commandstats")
    spent = (found.get(f"cmdstat_{name}") for name in ("evalsha", "eval", "hgetall", "hvals"))
    return sum(float(each["usec"]) for each in spent if each)


async def _streaming_trips(requests: _Requests, player: "_Player") -> float:
    """Play a slow turn; returns its round trips in each two seconds, those of any turn aside."""
    before, started = requests.sent, time.monotonic()
    await player.play()
    spent_s = time.monotonic() - started
    return (requests.sent - before - TRIPS_OF_A_TURN) / (spent_s / CHECKPOINT_EVERY_S)


async def _tell_story(store: RedisSceneStore) -> None:
    head = SceneHead(_PLACE, _MARA, _CLOVER.key, _CLOVER.name, started_ms=1)
    await store.start(head, None)
    for number in range(STORY_TURNS):
        message = MessageId(_FIRST_MESSAGE - STORY_TURNS + number)
        is_line = number % 2 == 0
        turn = Turn(
            player_turn_id(message),
            Role.PLAYER if is_line else Role.CHARACTER,
            "Mara" if is_line else _CLOVER.name,
            (material.text(LINE_TOKENS, number),),
            author=_MARA if is_line else None,
            messages=(message,),
            at_ms=time.time_ns() // 1_000_000,
        )
        if is_line:
            await store.ingest(_CHANNEL, turn)
        else:
            await store.commit(_CHANNEL, turn)


class _Player:
    """Writes lines and waits for their replies."""

    def __init__(self, pipeline: TurnPipeline) -> None:
        self._pipeline = pipeline
        self._messages = itertools.count(_FIRST_MESSAGE, 1_000)

    async def play(self) -> None:
        message = MessageId(next(self._messages))
        incoming = Incoming(
            place=_PLACE,
            message=message,
            author=_MARA,
            name="Mara",
            text=material.text(LINE_TOKENS, message),
            mentions_bot=False,
            replies_to_character=False,
            at_ms=time.time_ns() // 1_000_000,
        )
        await self._pipeline.receive(incoming)
        await self._pipeline.written(_CHANNEL)


@asynccontextmanager
async def _playing(
    store: RedisSceneStore, model: "_Model", lore: LoreTelling
) -> AsyncGenerator[_Player, None]:
    profile = load_profile("zephrp")
    voice, metrics = _Voice(), _Metrics()
    world = World(
        store=store,
        generator=model,
        voice=voice,
        poster=Poster(voice, Echoes(store=store, voice=voice, metrics=metrics)),
        characters=_Characters(),
        metrics=metrics,
        prompting=Prompting(
            store=store, generator=model, profile=profile, metrics=metrics, lore=lore
        ),
        profile=profile,
        owner="bench",
        now_ms=lambda: time.time_ns() // 1_000_000,
        new_seed=lambda: 1,
    )
    pace = Pace(patience=Patience(resume_age_s=600), merge_pause_s=0.0)
    async with pipeline_of(world, pace) as pipeline:
        yield _Player(pipeline)


@dataclass(slots=True)
class _Model:
    """Writes a reply of 75 tokens; each takes *pause_s*."""

    pause_s: float = 0.0
    _replies: "itertools.count[int]" = field(default_factory=lambda: itertools.count(10_000))

    @asynccontextmanager
    async def stream(
        self, request: GenerationRequest
    ) -> AsyncGenerator[AsyncIterator[Delta], None]:
        yield self._deltas(request)

    async def _deltas(self, _request: GenerationRequest) -> AsyncIterator[Delta]:
        number = next(self._replies)
        # No two replies begin alike: one that repeats another would be asked for again.
        beginning = " ".join(f"{number * prime:x}" for prime in (31, 101, 307, 1009, 3001, 9001))
        pieces = material.pieces_of(f"{beginning}. {material.text(LINE_TOKENS - 15, number)}")
        for piece in pieces:
            await asyncio.sleep(self.pause_s)
            yield Delta(piece)
        yield Delta("", Finish(FinishReason.END, len(pieces)))

    async def limits(self) -> ModelLimits:
        return ModelLimits("bench", 3_584, 4_096, 4)

    async def tokenize(self, text: str) -> Tokens:
        starts = range(0, len(text.encode()), 4)
        return Tokens(range(len(starts)), starts)


class _Characters:
    def characters(self) -> Mapping[CharacterKey, Character]:
        return {_CLOVER.key: _CLOVER}


class _Metrics:
    def turn_ended(self, outcome: str, seconds: float) -> None: ...

    def first_text(self, seconds: float) -> None: ...

    def took(self, stage: Stage, seconds: float) -> None: ...

    def count(self, event: Event, label: str = "", times: int = 1) -> None: ...

    def prefix_reused(self, *, reused: int, total: int) -> None: ...

    def generated(self, *, prompt_tokens: int, new_tokens: int) -> None: ...

    def foreign_post(self) -> None: ...


class _Voice:
    """A Discord that takes everything."""

    def __init__(self) -> None:
        self._ids = itertools.count(_FIRST_MESSAGE + 500, 1_000)

    async def say(
        self,
        place: Place,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
        *,
        mark: str = "",
    ) -> MessageId:
        _ = place, speaker, text, buttons, mark
        return MessageId(next(self._ids))

    async def find(self, place: Place, mark: str, *, after: MessageId) -> MessageId | None:
        _ = place, mark, after
        return None

    async def edit(
        self,
        place: Place,
        message: MessageId,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
    ) -> int:
        _ = place, message, speaker, text, buttons
        return 0

    async def put_buttons(
        self, place: Place, message: MessageId, buttons: Sequence[Button] = ()
    ) -> None: ...

    async def look(self, place: Place, message: MessageId) -> ShownPost | None:
        _ = place, message
        return None

    async def delete(self, place: Place, message: MessageId) -> None: ...

    async def notice(self, place: Place, text: str, buttons: Sequence[Button] = ()) -> MessageId:
        _ = place, text, buttons
        return MessageId(next(self._ids))

    async def typing(self, place: Place) -> None: ...

    async def react(self, place: Place, message: MessageId, emoji: str) -> None: ...

    async def unreact(self, place: Place, message: MessageId, emoji: str) -> None: ...
