"""A pipeline with everything it needs around it, and words to play with it."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Container
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.adapters.tgi import Deadlines, open_tgi
from bot.assembly import Pace, World, pipeline_of
from bot.core.characters import Character
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.metrics import LABELS, Event, bounded
from bot.core.metrics import Stage as TurnStage
from bot.core.ports import Voice
from bot.core.scene import (
    ChannelId,
    CharacterKey,
    GuildId,
    MessageId,
    Place,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    Work,
    player_turn_id,
)
from bot.core.triggers import Decision
from bot.services.backlog import Backlog
from bot.services.casting import IsAgeRestricted, nowhere
from bot.services.content_guard import ContentGuard
from bot.services.echoes import Echoes
from bot.services.filtered_voice import FilteredVoice
from bot.services.incoming import Incoming, Patience
from bot.services.intake import Hears, MayAsk, everybody, without_end
from bot.services.milestones import Reached, pass_by
from bot.services.notices import Notices
from bot.services.outgoing import Outgoing
from bot.services.posting import Poster
from bot.services.prompting import Prompting
from bot.services.turns import TurnPipeline
from tests import canaries
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.fakes.scripted_voice import ScriptedVoice
from tests.profiles import ZEPHRP

MARA, TOM = UserId(11), UserId(12)
NAMES = {MARA: "Mara", TOM: "Tom"}
MIRA = Character(
    key=CharacterKey("mira"), name="Mira", persona="Mira keeps the lamp.", greetings=("Hello.",)
)
HARBOUR = Place(ChannelId(500), GuildId(1), ChannelId(500))
TAVERN = Place(ChannelId(600), GuildId(1), ChannelId(600))


class CountingMetrics:
    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.foreign_posts = 0
        self.stages: set[TurnStage] = set()
        self.events: Counter[tuple[Event, str]] = Counter()

    def turn_ended(self, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.outcomes.append(outcome)

    def first_text(self, seconds: float) -> None:
        self.took(TurnStage.FIRST_VISIBLE, seconds)

    def took(self, stage: TurnStage, seconds: float) -> None:
        assert seconds >= 0
        self.stages.add(stage)

    def count(self, event: Event, label: str = "", times: int = 1) -> None:
        assert (bounded(event, label) == label) or not (label or event in LABELS)
        self.events[event, label] += times

    def prefix_reused(self, *, reused: int, total: int) -> None:
        assert 0 <= reused <= total

    def generated(self, *, prompt_tokens: int, new_tokens: int) -> None: ...

    def foreign_post(self) -> None:
        self.foreign_posts += 1


class OneCharacter:
    def __init__(self) -> None:
        self.loaded = {MIRA.key: MIRA}

    def characters(self) -> dict[CharacterKey, Character]:
        return self.loaded


@dataclass
class Stage:
    pipeline: TurnPipeline
    store: MemorySceneStore
    voice: ScriptedVoice
    tgi: ScriptedTgi
    metrics: CountingMetrics
    characters: OneCharacter
    clock_ms: list[int]
    frozen_s: list[float]
    """For how long the process has been frozen, in all."""
    echoes: Echoes
    backlog: Backlog
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(10_000))

    async def begin(self, place: Place = HARBOUR) -> None:
        head = SceneHead(place, MARA, MIRA.key, MIRA.name, started_ms=1)
        await self.store.start(head, None)

    async def say(
        self,
        text: str,
        *,
        author: UserId = MARA,
        place: Place = HARBOUR,
        mention: bool = False,
        number: int | None = None,
        replies_to: MessageId | None = None,
    ) -> tuple[TurnId, Decision | None]:
        canaries.note_text(text)
        message = MessageId(next(self._ids) if number is None else number)
        incoming = self.line(
            text,
            message,
            author=author,
            place=place,
            mention=mention,
            replies_to=replies_to,
        )
        try:
            decision = await self.pipeline.receive(incoming)
        except (StoreUnavailable, StoreRefusesWrites):
            decision = None  # said in the channel; the gateway's side notes it for later
        return player_turn_id(message), decision

    def line(
        self,
        text: str,
        message: MessageId,
        *,
        author: UserId = MARA,
        place: Place = HARBOUR,
        mention: bool = False,
        replies_to: MessageId | None = None,
    ) -> Incoming:
        shown = {each.id for each in self.voice.on_screen(place.channel)}
        return Incoming(
            place=place,
            message=message,
            author=author,
            name=NAMES[author],
            text=text,
            mentions_bot=mention,
            replies_to_character=replies_to in shown,
            at_ms=self.clock_ms[0],
            replies_to=replies_to,
        )

    async def leave(self, work: Work, place: Place = HARBOUR) -> None:
        """Claim a reply as a process does that is gone since."""
        assert await self.store.take(place.channel, "a process that is gone", 60, work) is not None
        await self.store.release(place.channel, "a process that is gone")

    def screen(self, place: Place = HARBOUR) -> list[str]:
        return [shown.text for shown in self.voice.on_screen(place.channel)]

    async def memory(self, place: Place = HARBOUR) -> list[tuple[str, str]]:
        scene = await self.store.read(place.channel)
        assert scene is not None
        return [(turn.name, turn.text) for turn in scene.turns]

    async def last_turn(self, place: Place = HARBOUR) -> Turn:
        scene = await self.store.read(place.channel)
        assert scene is not None
        return scene.turns[-1]

    async def until(self, condition: Callable[[], bool], *, within_s: float = 5.0) -> None:
        """Wait until *condition* holds."""
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.002)

    async def quiet(self, place: Place = HARBOUR) -> None:
        """Wait until nothing is being written in *place*."""
        await self.until(lambda: not self.pipeline.is_writing(place.channel))


@asynccontextmanager
async def open_stage(
    *,
    merge_pause_s: float = 0.0,
    resume_age_s: float = 600.0,
    store: MemorySceneStore | None = None,
    voice: ScriptedVoice | None = None,
    slots: int = 4,
    process: str = "this process",
    lease_s: float = 15.0,
    reached: Reached = pass_by,
    doubtful: Container[ChannelId] = (),
    notices: Notices | None = None,
    is_age_restricted: IsAgeRestricted = nowhere,
    hears: Hears = everybody,
    may_ask: MayAsk = without_end,
    guard: ContentGuard | None = None,
) -> AsyncGenerator[Stage, None]:
    store = store or MemorySceneStore()
    voice = voice or ScriptedVoice()
    spoken_by: Voice = FilteredVoice(voice, guard) if guard else voice
    metrics = CountingMetrics()
    characters = OneCharacter()
    clock_ms = [1_000_000]
    frozen_s = [0.0]
    backlog = Backlog()
    seeds = itertools.count(1)
    deadlines = Deadlines(connect_s=1, first_token_s=0.5, between_tokens_s=0.3, whole_reply_s=10)
    async with (
        ScriptedTgi().running() as tgi,
        open_tgi(urls=[tgi.url], api_key=None, deadlines=deadlines) as generator,
    ):
        echoes = Echoes(store=store, voice=spoken_by, metrics=metrics)
        poster = Poster(spoken_by, echoes, echo_s=0.05)
        prompting = Prompting(store=store, generator=generator, profile=ZEPHRP, metrics=metrics)
        pipeline = pipeline_of(
            World(
                store=store,
                generator=generator,
                voice=spoken_by,
                poster=poster,
                characters=characters,
                metrics=metrics,
                prompting=prompting,
                profile=ZEPHRP,
                owner=process,
                now_ms=lambda: clock_ms[0],
                new_seed=lambda: next(seeds),
                clock_s=lambda: time.monotonic() + frozen_s[0],
                reached=reached,
                is_age_restricted=is_age_restricted,
                hears=hears,
                may_ask=may_ask,
                outgoing=Outgoing(show=guard.show) if guard else Outgoing(),
            ),
            Pace(
                patience=Patience(
                    resume_age_s=resume_age_s,
                    retry_first_s=0.02,
                    retry_at_most_s=0.05,
                    store_pauses_s=(0.01, 0.01),
                ),
                lease_s=lease_s,
                merge_pause_s=merge_pause_s,
                writing_at_once=slots,
                waiting=1,
                edit_every_s=0.02,
                edit_at_most_s=0.05,
                last_edit_s=2.0,
                retry_s=0.01,
            ),
            doubtful=doubtful,
            notices=notices,
            backlog=backlog,
        )
        async with pipeline:
            yield Stage(
                pipeline,
                store,
                voice,
                tgi,
                metrics,
                characters,
                clock_ms,
                frozen_s,
                echoes,
                backlog,
            )
