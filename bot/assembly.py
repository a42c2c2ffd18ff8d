"""Puts the turn pipeline together from what stands behind its ports."""

import secrets
import time
from functools import partial

from bot.core.pacing import Pacer
from bot.core.ports import CharacterSource, Metrics, SceneStore, TextGenerator, Voice
from bot.core.profiles import ModelProfile
from bot.core.split import split
from bot.services.answering import Answering
from bot.services.channel_leases import ChannelLeases
from bot.services.dispatcher import Dispatcher
from bot.services.drafting import Drafter
from bot.services.heard import Heard
from bot.services.incoming import Patience
from bot.services.live_reply import LiveReply
from bot.services.milestones import Reached
from bot.services.notices import Notices
from bot.services.posting import Poster
from bot.services.prompting import Prompting
from bot.services.reply_writer import ReplyWriter
from bot.services.resumption import Resumption
from bot.services.turns import TurnPipeline
from bot.settings import Settings


def pipeline_of(
    settings: Settings,
    *,
    owner: str,
    store: SceneStore,
    generator: TextGenerator,
    voice: Voice,
    poster: Poster,
    characters: CharacterSource,
    metrics: Metrics,
    prompting: Prompting,
    profile: ModelProfile,
    reached: Reached,
) -> TurnPipeline:
    """The pipeline of one process.

    Args:
        owner: this process, among all that use the store.
        reached: told of every milestone of a turn.
    """
    turns = settings.turns
    heard, notices = Heard(), Notices(voice)
    patience = Patience(resume_age_s=turns.resume_age_s)
    leases = ChannelLeases(store, owner=owner, for_s=turns.lease_s, now_ms=now_ms, reached=reached)
    drafter = Drafter(
        generator=generator,
        prompting=prompting,
        dispatcher=Dispatcher(slots=turns.writing_at_once, waiting=turns.waiting),
        profile=profile,
        metrics=metrics,
        new_seed=lambda: secrets.randbits(31),
        reached=reached,
    )
    pacer = Pacer(every_s=settings.stream.edit_every_s, at_most_s=settings.stream.edit_at_most_s)
    writer = ReplyWriter(
        store=store,
        characters=characters,
        drafter=drafter,
        leases=leases,
        resumption=Resumption(voice, profile),
        profile=profile,
        metrics=metrics,
        open_live_reply=partial(
            LiveReply,
            voice,
            poster,
            pacer=pacer,
            split=split,
            last_edit_s=settings.stream.last_edit_s,
        ),
        heard=heard.newest,
        merge_pause_s=turns.merge_pause_s,
        now_ms=now_ms,
        reached=reached,
    )
    answering = Answering(
        store=store,
        voice=voice,
        notices=notices,
        writer=writer,
        leases=leases,
        metrics=metrics,
        patience=patience,
    )
    return TurnPipeline(
        store=store,
        notices=notices,
        answering=answering,
        prompting=prompting,
        heard=heard,
        patience=patience,
        now_ms=now_ms,
        reached=reached,
    )


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
