"""What a bot stands on, as the settings say: Redis, the model, Discord's REST API, the clock."""

import logging
import secrets
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp

from bot import __version__
from bot.adapters.card_reader import read_card_file
from bot.adapters.character_files import DirectoryCharacters
from bot.adapters.discord_rest import (
    DiscordClock,
    DiscordRest,
    DiscordThreads,
    DiscordVoice,
    Portraits,
    WebhookDirectory,
    post_sent,
)
from bot.adapters.http_filter import HttpContentFilter
from bot.adapters.pictures import redrawn
from bot.adapters.process_name import our_name
from bot.adapters.prometheus import PrometheusMetrics
from bot.adapters.re2_patterns import Re2PatternSearch
from bot.adapters.redis_store import (
    RedisCharacterStore,
    RedisClient,
    RedisSceneStore,
    WriteProbe,
)
from bot.adapters.redis_store.connection import EXIT_UNREACHABLE
from bot.adapters.redis_store.consents import RedisConsents
from bot.adapters.redis_store.examination import RedisExamination
from bot.adapters.redis_store.guild_rules import RedisGuildRules
from bot.adapters.redis_store.keys import SCHEMA_VERSION
from bot.adapters.redis_store.refusals import RedisRefusals
from bot.adapters.redis_store.seals import Seals
from bot.adapters.redis_store.welcomes import RedisWelcomes
from bot.adapters.tgi import TgiGenerator
from bot.assembly import (
    Pace,
    World,
)
from bot.composition import (
    answer_within,
    lore_on,
    open_generator,
    open_redis,
    open_seals,
    profile_of,
    store_on,
)
from bot.core.errors import (
    StartupError,
    StoreRefusesWrites,
    StoreUnavailable,
)
from bot.core.ports import Threads, Voice
from bot.core.profiles import ModelProfile
from bot.core.scene import ChannelId, GuildId
from bot.core.token_bucket import Rate
from bot.services.card_desk import CardDesk
from bot.services.casting import IsAgeRestricted
from bot.services.content_guard import ContentGuard, Fails
from bot.services.disclosure import Disclosure
from bot.services.doctor import Doctor, places_that_matter
from bot.services.doubts import Doubts
from bot.services.echoes import Echoes
from bot.services.filtered_voice import FilteredVoice
from bot.services.forgetting import Forgetting, Held
from bot.services.guild_desk import GuildDesk
from bot.services.incoming import Incoming, Patience
from bot.services.limits import Limits, Rates
from bot.services.lore_telling import LoreTelling
from bot.services.lorebooks import Lorebooks
from bot.services.milestones import Milestone, Reached
from bot.services.newcomers import ConsentStore
from bot.services.outgoing import Outgoing
from bot.services.posting import Poster
from bot.services.privacy import Privacy
from bot.services.prompting import Prompting
from bot.services.refusals import Refusals
from bot.services.retention import Retention
from bot.services.roster import Roster
from bot.services.staff import Staff
from bot.services.turns import TurnPipeline
from bot.services.welcome import WelcomeStore
from bot.services.worded_voice import WordedThreads, WordedVoice, WordsOf, english
from bot.settings import Settings, token_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything else stands on."""

    profile: ModelProfile
    characters: Roster
    kept: RedisCharacterStore
    redis: RedisClient
    seals: Seals
    store: RedisSceneStore
    lorebooks: Lorebooks
    guild_desk: GuildDesk
    welcomes: WelcomeStore
    consents: ConsentStore
    refusals: Refusals
    limits: Limits
    probe: WriteProbe
    generator: TgiGenerator
    metrics: PrometheusMetrics
    clock: DiscordClock
    owner: str
    doubts: Doubts = field(default_factory=Doubts)

    async def hears(self, incoming: Incoming) -> bool:
        """Whether a line may be part of a story."""
        if not await self.refusals.is_heard(incoming):
            return False
        return await self.guild_desk.hears(incoming)


async def open_ground(settings: Settings, stack: AsyncExitStack) -> Ground:
    """Open all of it; the stack closes it again.

    Raises:
        StartupError: characters, memory or a port are not usable.
    """
    profile = profile_of(settings)
    host = DirectoryCharacters(
        settings.characters, lengths=[step.name for step in profile.lengths.choices]
    )
    for warning in host.warnings:
        log.warning(warning)
    metrics = PrometheusMetrics()
    metrics.is_made_of(version=__version__, schema=SCHEMA_VERSION)
    redis = await open_redis(settings, stack, watch=metrics.redis)
    seals = await open_seals(redis, settings)
    kept = RedisCharacterStore(
        redis,
        seals=seals,
        retired_for=timedelta(days=settings.turns.history_days),
        answer_within=answer_within(settings),
    )
    characters = Roster(host=host, store=kept, read=read_card_file)
    await characters.begin()
    refusals = Refusals(RedisRefusals(redis, answer_within=answer_within(settings)))
    try:
        await refusals.look()
    except (StoreUnavailable, StoreRefusesWrites) as error:
        raise StartupError(
            "Redis does not say who must not be stored. Look whether it is well, then start again.",
            exit_code=EXIT_UNREACHABLE,
        ) from error
    guild_desk = GuildDesk(
        RedisGuildRules(redis, answer_within=answer_within(settings)),
        is_open=settings.guilds.members_start,
    )
    store = store_on(
        redis,
        settings,
        bring=characters.bring,
        unseen=refusals,
        days_in=guild_desk.keep_days,
        seals=seals,
    )
    await _complete_index(store)
    return Ground(
        profile=profile,
        characters=characters,
        kept=kept,
        redis=redis,
        seals=seals,
        store=store,
        lorebooks=Lorebooks(lore_on(redis, settings, seals), Re2PatternSearch),
        guild_desk=guild_desk,
        welcomes=RedisWelcomes(redis, answer_within=answer_within(settings)),
        consents=RedisConsents(redis, answer_within=answer_within(settings)),
        refusals=refusals,
        limits=Limits(rates_of(settings)),
        probe=WriteProbe(redis, answer_within=answer_within(settings)),
        generator=await stack.enter_async_context(open_generator(settings, watch=metrics.model)),
        metrics=metrics,
        clock=DiscordClock(),
        owner=our_name(),
    )


async def open_world(
    settings: Settings,
    ground: Ground,
    stack: AsyncExitStack,
    *,
    on_unauthorized: Callable[[], None],
    reached: Reached,
    is_age_restricted: IsAgeRestricted,
    words_of: WordsOf = english,
) -> tuple[World, Echoes, Threads]:
    """Open what the pipeline works on; beside it the echoes of our own posts, and threads.

    Args:
        on_unauthorized: told when Discord does not accept the token any more.
        is_age_restricted: asked of a channel before anybody plays in it.
        words_of: our own words in the language of a place.
    """
    http = await stack.enter_async_context(
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=64),
            trace_configs=[
                post_sent(lambda: reached(Milestone.POST_SENT)),
                ground.clock.listen(),
            ],
        )
    )
    rest = DiscordRest(
        http,
        api_url=settings.discord.api_url,
        token=token_of(settings),
        on_unauthorized=on_unauthorized,
        watch=ground.metrics.discord,
    )
    ground.metrics.watch(
        "rp_discord_invalid_requests",
        "Answers 401, 403 and 429 of the last ten minutes; Discord bears 10,000.",
        lambda: {"": rest.invalid_lately},
    )
    own_voice = _voice(settings, rest, ground.store)
    guard = _guard(settings, http, is_age_restricted)
    let_through: Voice = FilteredVoice(own_voice, guard) if settings.filter.url else own_voice
    voice = WordedVoice(let_through, words_of)
    echoes = Echoes(store=ground.store, voice=voice, metrics=ground.metrics)
    prompting = Prompting(
        store=ground.store,
        generator=ground.generator,
        profile=ground.profile,
        metrics=ground.metrics,
        lore=LoreTelling(Re2PatternSearch, ground.lorebooks),
    )
    world = World(
        store=ground.store,
        generator=ground.generator,
        voice=voice,
        poster=Poster(voice, echoes),
        characters=ground.characters,
        metrics=ground.metrics,
        prompting=prompting,
        profile=ground.profile,
        owner=ground.owner,
        now_ms=ground.clock.now_ms,
        new_seed=lambda: secrets.randbits(31),
        reached=reached,
        is_age_restricted=is_age_restricted,
        hears=ground.hears,
        may_ask=ground.limits.may_ask,
        outgoing=Outgoing(ground.guild_desk.has_links, guard.show),
        reads=guard.read,
    )
    return world, echoes, WordedThreads(DiscordThreads(rest), words_of)


def _guard(
    settings: Settings, http: aiohttp.ClientSession, is_age_restricted: IsAgeRestricted
) -> ContentGuard:
    chosen = settings.filter
    judge = HttpContentFilter(http, chosen.url) if chosen.url else None
    return ContentGuard(
        judge, is_age_restricted, within_s=chosen.within_s, fails=Fails(chosen.fails)
    )


def card_desk_of(ground: Ground, staff: Staff) -> CardDesk:
    """Takes members' characters in, and gives them out."""

    async def count(text: str) -> int:
        return len((await ground.generator.tokenize(text)).ids)

    return CardDesk(
        store=ground.kept,
        roster=ground.characters,
        read=read_card_file,
        redraw=redrawn,
        count=count,
        taken=lambda viewer: staff.names(viewer.guild, but=viewer.user),
        now_ms=ground.clock.now_ms,
    )


def memory_of(settings: Settings, ground: Ground) -> RedisExamination:
    """Looks at the servers that stories lie on."""
    return RedisExamination(ground.redis, answer_within=answer_within(settings))


def doctor_on(settings: Settings, ground: Ground) -> Doctor:
    """Examines what the bot stands on."""

    async def places(guild: GuildId) -> Collection[ChannelId]:
        return await places_that_matter(ground.store, await ground.guild_desk.rules(guild), guild)

    return Doctor(
        memory=memory_of(settings, ground),
        models=ground.generator,
        profile=ground.profile,
        ahead_s=ground.clock.ahead_s,
        places=places,
    )


def privacy_of(settings: Settings, world: World, ground: Ground, pipeline: TurnPipeline) -> Privacy:
    """What members may ask of their own data."""
    # Whoever is in no scene that is read has a right to what is stored of them, too.
    whole = store_on(ground.redis, settings, seals=ground.seals)

    retention = Retention(ground.store, ground.guild_desk, usual_days=settings.turns.history_days)
    held = Held(world.prompting.forget, ground.characters.forget)
    return Privacy(
        disclosure=Disclosure(
            store=whole,
            personas=ground.store,
            kept=ground.kept,
            refusals=ground.refusals,
            days_in=retention.days_in,
            now_ms=ground.clock.now_ms,
        ),
        forgetting=Forgetting(
            store=whole,
            personas=ground.store,
            kept=ground.kept,
            consents=ground.consents,
            pipeline=pipeline,
            forgets=held,
        ),
        retention=retention,
        refusals=ground.refusals,
    )


async def _complete_index(store: RedisSceneStore) -> None:
    """What an earlier version left without an entry; the next start does what this one cannot."""
    try:
        count = await store.complete_indexes()
    except (StoreUnavailable, StoreRefusesWrites) as error:
        log.warning("the index is not complete", extra={"error": type(error).__name__})
    else:
        if count:
            log.info("scenes of an earlier version were indexed", extra={"scenes": count})


def _voice(settings: Settings, rest: DiscordRest, notes: RedisSceneStore) -> DiscordVoice:
    assets = settings.discord.asset_channel
    portraits = Portraits(
        rest,
        notes,
        public_url=settings.http.public_url or None,
        asset_channel=None if assets is None else ChannelId(assets),
    )
    return DiscordVoice(rest, WebhookDirectory(rest), portraits)


HOUR_S = 3600.0


def rates_of(settings: Settings) -> Rates:
    """How much members and servers may ask for."""
    given = settings.limits
    return Rates(
        member=Rate(given.member_uses, given.uses_in_s),
        server=Rate(given.server_uses, given.uses_in_s),
        uploads=Rate(given.uploads, given.uploads_in_s),
        reports=Rate(given.reports_in_hour, HOUR_S),
    )


def pace_of(settings: Settings) -> Pace:
    """How fast the pipeline goes."""
    turns, stream = settings.turns, settings.stream
    return Pace(
        patience=Patience(resume_age_s=turns.resume_age_s),
        lease_s=turns.lease_s,
        merge_pause_s=turns.merge_pause_s,
        writing_at_once=turns.writing_at_once,
        waiting=turns.waiting,
        edit_every_s=stream.edit_every_s,
        edit_at_most_s=stream.edit_at_most_s,
        last_edit_s=stream.last_edit_s,
    )
