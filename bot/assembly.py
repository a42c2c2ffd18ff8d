"""Puts the turn pipeline together from what stands behind its ports."""

import time
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from functools import partial

from bot.core.dice import Die
from bot.core.pacing import Pacer
from bot.core.ports import CharacterSource, Metrics, SceneMemory, TextGenerator, Voice
from bot.core.profiles import ModelProfile
from bot.core.scene import ChannelId
from bot.core.split import split
from bot.services.answering import Answering
from bot.services.backlog import Backlog
from bot.services.banter import Banter
from bot.services.casting import Casting, IsAgeRestricted, nowhere
from bot.services.channel_leases import ChannelLeases
from bot.services.directing import Director
from bot.services.dispatcher import Dispatcher
from bot.services.drafting import Drafter
from bot.services.heard import Heard
from bot.services.incoming import Patience
from bot.services.intake import Ears, Hears, MayAsk, Reads, as_written, everybody, without_end
from bot.services.live_reply import LiveReply
from bot.services.milestones import Reached, pass_by
from bot.services.notices import Notices
from bot.services.outgoing import Outgoing
from bot.services.personas import Personas
from bot.services.player_lines import PlayerLines
from bot.services.posting import Poster
from bot.services.presenting import Presenter
from bot.services.prompting import Prompting
from bot.services.reply_writer import ReplyWriter
from bot.services.resumption import Resumption
from bot.services.rows import Rows
from bot.services.turns import TurnPipeline


@dataclass(frozen=True, slots=True)
class World:
    """What the pipeline works on, and who it is there.

    Attributes:
        owner: this process, among all that use the store.
        now_ms: Unix time in milliseconds.
        clock_s: seconds that pass, also while the process is frozen.
        reached: told of every milestone of a turn.
        is_age_restricted: whether a channel is, as Discord has it now.
        hears: whether a member's line is part of a story.
        may_ask: whether another line of a member's gets a reply.
        reads: what of a member's words goes into a story.
        outgoing: what becomes of words before others see them.
    """

    store: SceneMemory
    generator: TextGenerator
    voice: Voice
    poster: Poster
    characters: CharacterSource
    metrics: Metrics
    prompting: Prompting
    profile: ModelProfile
    owner: str
    now_ms: Callable[[], int]
    new_seed: Callable[[], int]
    clock_s: Callable[[], float] = time.monotonic
    reached: Reached = pass_by
    is_age_restricted: IsAgeRestricted = nowhere
    hears: Hears = everybody
    may_ask: MayAsk = without_end
    outgoing: Outgoing = field(default_factory=Outgoing)
    reads: Reads = as_written


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast and how much at once; the names are those of the settings. All in seconds."""

    patience: Patience
    lease_s: float = 15.0
    merge_pause_s: float = 1.2
    writing_at_once: int = 16
    waiting: int = 64
    edit_every_s: float = 1.25
    edit_at_most_s: float = 2.5
    last_edit_s: float = 20.0
    retry_s: float = 0.5


def dispatcher_of(pace: Pace) -> Dispatcher:
    """Lends out the slots of one process, for everything that asks the model."""
    return Dispatcher(slots=pace.writing_at_once, waiting=pace.waiting)


def pipeline_of(
    world: World,
    pace: Pace,
    dispatcher: Dispatcher | None = None,
    *,
    doubtful: Container[ChannelId] = (),
    notices: Notices | None = None,
    backlog: Backlog | None = None,
) -> TurnPipeline:
    """The pipeline of one process.

    Args:
        dispatcher: lends out the slots; without it the pipeline has all for itself.
        doubtful: channels of which memory may lack something.
        notices: what else is said in the bot's own name, if somebody else says it, too.
        backlog: of what was missed, if somebody tells it.
    """
    heard, rows = Heard(doubtful), Rows(world.voice)
    notices = notices or Notices(world.voice)
    casting = Casting(world.characters, world.is_age_restricted)
    leases = ChannelLeases(
        world.store,
        owner=world.owner,
        for_s=pace.lease_s,
        patience=pace.patience,
        now_ms=world.now_ms,
        clock_s=world.clock_s,
        reached=world.reached,
    )
    answering = Answering(
        store=world.store,
        voice=world.voice,
        notices=notices,
        writer=_writer(
            world,
            pace,
            leases=leases,
            heard=heard,
            rows=rows,
            casting=casting,
            dispatcher=dispatcher or dispatcher_of(pace),
        ),
        leases=leases,
        metrics=world.metrics,
        patience=pace.patience,
        outgoing=world.outgoing,
        backlog=backlog or Backlog(),
    )
    return TurnPipeline(
        store=world.store,
        notices=notices,
        casting=casting,
        answering=answering,
        prompting=world.prompting,
        heard=heard,
        rows=rows,
        patience=pace.patience,
        now_ms=world.now_ms,
        reached=world.reached,
        ears=Ears(world.hears, world.may_ask, world.reads),
    )


def presenter_of(world: World, notices: Notices) -> Presenter:
    """Posts what is stored first. One for each process: it knows what it is at."""
    return Presenter(
        store=world.store,
        voice=world.voice,
        poster=world.poster,
        characters=world.characters,
        notices=notices,
        why_paused=Casting(world.characters, world.is_age_restricted).why_paused,
    )


def director_of(world: World, presenter: Presenter, personas: Personas, die: Die) -> Director:
    """Tells what nobody of a story says."""
    return Director(
        store=world.store,
        presenter=presenter,
        prompting=world.prompting,
        characters=world.characters,
        personas=personas,
        die=die,
        fit=world.outgoing.fit,
    )


def player_lines_of(
    world: World,
    pipeline: TurnPipeline,
    presenter: Presenter,
    dispatcher: Dispatcher,
    personas: Personas,
) -> PlayerLines:
    """Drafts lines for players, with the slots that replies have, too."""
    return PlayerLines(
        store=world.store,
        generator=world.generator,
        prompting=world.prompting,
        dispatcher=dispatcher,
        profile=world.profile,
        characters=world.characters,
        metrics=world.metrics,
        presenter=presenter,
        pipeline=pipeline,
        personas=personas,
        new_seed=world.new_seed,
        casting=Casting(world.characters, world.is_age_restricted),
        fit=world.outgoing.fit,
    )


def _writer(
    world: World,
    pace: Pace,
    *,
    leases: ChannelLeases,
    heard: Heard,
    rows: Rows,
    casting: Casting,
    dispatcher: Dispatcher,
) -> ReplyWriter:
    drafter = Drafter(
        generator=world.generator,
        prompting=world.prompting,
        dispatcher=dispatcher,
        profile=world.profile,
        metrics=world.metrics,
        patience=pace.patience,
        new_seed=world.new_seed,
        reached=world.reached,
        fit=world.outgoing.fit,
    )
    open_live_reply = partial(
        LiveReply,
        world.voice,
        world.poster,
        pacer=Pacer(every_s=pace.edit_every_s, at_most_s=pace.edit_at_most_s),
        split=split,
        last_edit_s=pace.last_edit_s,
        retry_s=pace.retry_s,
    )
    return ReplyWriter(
        store=world.store,
        casting=casting,
        banter=Banter(world.store, casting),
        drafter=drafter,
        leases=leases,
        resumption=Resumption(world.voice, world.profile, world.outgoing.fit),
        rows=rows,
        metrics=world.metrics,
        open_live_reply=open_live_reply,
        heard=heard.newest,
        merge_pause_s=pace.merge_pause_s,
        now_ms=world.now_ms,
        reached=world.reached,
    )
