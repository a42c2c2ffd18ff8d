"""The composition root: the only place that names what stands behind the ports."""

import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial

from bot.adapters.http_server import open_http_server
from bot.adapters.process_name import has_ended
from bot.adapters.redis_store import (
    GatewayPlace,
    GatewaySessions,
    RedisClient,
    RedisStartGuard,
    ShardLeases,
    WriteProbe,
    fingerprint,
)
from bot.adapters.redis_store.resealing import seal_old
from bot.adapters.tgi import TgiGenerator
from bot.adapters.word_files import words_in
from bot.assembly import (
    World,
    dispatcher_of,
    pipeline_of,
    presenter_of,
)
from bot.commanding import actions_of
from bot.composition import answer_within
from bot.core.errors import (
    GenerationError,
    StartupError,
    first_of,
)
from bot.core.gateway_ports import GatewayWatch
from bot.core.metrics import Event
from bot.core.scene import SceneHead
from bot.discord_ui.client import RoleplayBot, use_discord_at
from bot.discord_ui.continuity import Continuity, ContinuousBot
from bot.discord_ui.screen import DiscordScreen
from bot.gauges import watch_gauges
from bot.ground import (
    Ground,
    memory_of,
    open_ground,
    open_world,
    pace_of,
)
from bot.services.age_watch import AgeWatch
from bot.services.backlog import Backlog
from bot.services.casting import Casting
from bot.services.debts import Debts
from bot.services.milestones import Reached, pass_by
from bot.services.newcomers import Newcomers
from bot.services.notices import Notices
from bot.services.presenting import Presenter
from bot.services.scenes import Scenes, in_silence
from bot.services.turns import TurnPipeline
from bot.services.vitals import Vitals
from bot.serving import Stops, serve
from bot.settings import EXIT_CONFIG, Settings, token_of
from bot.upkeep import Upkeep, upkeep_of

log = logging.getLogger(__name__)


async def run_bot(
    settings: Settings, *, model_url: str | None = None, reached: Reached = pass_by
) -> int:
    """Run the bot until a signal, then let replies end; returns the exit code.

    Args:
        model_url: asked instead of the settings' model servers.
        reached: told of every milestone of a turn.

    Raises:
        StartupError: something it cannot do without is wrong or missing.
    """
    token = token_of(settings)
    if not token:
        raise StartupError(
            "No Discord token is set. Put BOT_DISCORD__TOKEN=… into .env (developer portal, your "
            "application, page Bot), or try everything without one: make play.",
            exit_code=EXIT_CONFIG,
        )
    stops = Stops()
    stops.listen()
    if model_url is not None:
        tgi = settings.tgi.model_copy(update={"urls": (model_url,)})
        settings = settings.model_copy(update={"tgi": tgi})
    try:
        async with open_app(settings, stops, reached=reached) as (bot, pipeline, place):
            await serve(bot, pipeline, place, stops, token=token, turns=settings.turns)
    except* StartupError as group:
        raise first_of(group) from None
    finally:
        stops.ignore()
    return 0


@asynccontextmanager
async def open_app(
    settings: Settings, stops: Stops, *, reached: Reached = pass_by
) -> AsyncGenerator[tuple[RoleplayBot, TurnPipeline, GatewayPlace], None]:
    """Build the bot; leaving the block closes everything in reverse order.

    Raises:
        StartupError: characters, memory or a port are not usable. A model
            server that is down stops nothing.
    """
    async with AsyncExitStack() as stack:
        async with stops.heeded():
            ground = await open_ground(settings, stack)
        place = _place(settings, ground.redis, ground.owner)
        stack.push_async_callback(place.release)
        screen = DiscordScreen(unnamed=ground.refusals)
        world, echoes, threads = await open_world(
            settings,
            ground,
            stack,
            on_unauthorized=stops.refused.set,
            reached=reached,
            is_age_restricted=screen.is_age_restricted,
            words_of=lambda place: words_in(screen.language_of(place)),
        )
        newcomers = Newcomers(
            ground.consents, world.voice, now_ms=ground.clock.now_ms, clock_s=time.monotonic
        )
        asks = settings.guilds.ask_players
        notices = Notices(world.voice, newcomers.joined) if asks else Notices(world.voice)
        pace = pace_of(settings)
        dispatcher = dispatcher_of(pace)
        backlog = Backlog()
        pipeline = pipeline_of(
            world, pace, dispatcher, doubtful=ground.doubts, notices=notices, backlog=backlog
        )
        await stack.enter_async_context(pipeline)
        has_notice = settings.guilds.ai_notice
        presenter, scenes = _scenes(world, ground, pipeline, notices, has_notice=has_notice)

        def oldest_ms() -> float:
            return ground.clock.now_ms() - settings.turns.resume_age_s * 1000

        upkeep = _upkeep(
            world,
            ground,
            pipeline,
            scenes,
            screen=screen,
            notices=notices,
            newcomers=newcomers,
            present=lambda head: presenter.finish(head, oldest_ms=oldest_ms()),
        )
        await stack.enter_async_context(upkeep.running())

        async def first_ready() -> None:
            await upkeep.begin(partial(presenter.finish_all, oldest_ms=oldest_ms()))
            due = upkeep.events.catch_up.due
            count = await pipeline.recover(place.predecessor, later=due)
            if count:
                ground.metrics.count(Event.RECOVERED, times=count)
                log.info("answering what was left", extra={"lines": count})

        use_discord_at(settings.discord.api_url, settings.discord.gateway_url or None)
        bot = RoleplayBot(
            actions=actions_of(
                settings,
                world,
                ground,
                pipeline,
                scenes=scenes,
                upkeep=upkeep,
                presenter=presenter,
                dispatcher=dispatcher,
                threads=threads,
            ),
            events=upkeep.events,
            notes=ground.store,
            on_first_ready=first_ready,
            on_own_message=echoes.heard,
            on_answers=ground.clock.listen(),
            words_in=words_in,
            continuity=_continuity(
                settings,
                ground.redis,
                ground.owner,
                upkeep,
                told=ground.metrics.discord,
                backlog=backlog,
            ),
        )
        screen.use(bot)
        vitals = Vitals(memory_of(settings, ground), ground.metrics.lagged)
        await stack.enter_async_context(vitals.felt())
        watch_gauges(ground, bot, pipeline, dispatcher, vitals)
        await stack.enter_async_context(_http_server(settings, stops, bot, ground))
        yield bot, pipeline, place


def _scenes(
    world: World,
    ground: Ground,
    pipeline: TurnPipeline,
    notices: Notices,
    *,
    has_notice: bool,
) -> tuple[Presenter, Scenes]:
    presenter = presenter_of(world, notices)
    scenes = Scenes(
        store=ground.store,
        presenter=presenter,
        characters=ground.characters,
        prompting=world.prompting,
        lengths=ground.profile.lengths,
        noted=pipeline.noted,
        fit=world.outgoing.fit,
        announce=notices.say if has_notice else in_silence,
    )
    return presenter, scenes


def _upkeep(
    world: World,
    ground: Ground,
    pipeline: TurnPipeline,
    scenes: Scenes,
    *,
    screen: DiscordScreen,
    notices: Notices,
    newcomers: Newcomers,
    present: Callable[[SceneHead], Awaitable[None]],
) -> Upkeep:
    ages = AgeWatch(
        store=ground.store,
        casting=Casting(world.characters, world.is_age_restricted),
        notices=notices,
        stop=pipeline.stopped,
        take_up=pipeline.take_up,
        present=present,
    )
    return upkeep_of(
        ground.store,
        pipeline,
        scenes,
        ground.doubts,
        Debts(ground.store, world.voice),
        kept=ground.kept,
        screen=screen,
        ages=ages,
        lorebooks=ground.lorebooks,
        guild_desk=ground.guild_desk,
        welcomes=ground.welcomes,
        voice=world.voice,
        refusals=ground.refusals,
        consents=ground.consents,
        newcomers=newcomers,
        reads=world.reads,
        now_ms=ground.clock.now_ms,
        clock_s=time.monotonic,
        seal_old=partial(seal_old, ground.redis, ground.seals),
    )


def _http_server(
    settings: Settings, stops: Stops, bot: RoleplayBot, ground: Ground
) -> AbstractAsyncContextManager[object]:
    return open_http_server(
        host=settings.http.host,
        port=settings.http.port,
        reasons=lambda: _reasons(stops, bot, ground.probe, ground.generator),
        metrics_page=ground.metrics.page,
        characters=ground.characters,
        face=ground.characters.face,
    )


def _place(settings: Settings, redis: RedisClient, owner: str) -> GatewayPlace:
    leases = ShardLeases(redis, answer_within=answer_within(settings))
    return GatewayPlace(
        leases,
        bot=fingerprint(token_of(settings)),
        owner=owner,
        for_s=settings.turns.lease_s,
        has_ended=has_ended,
    )


def _continuity(
    settings: Settings,
    redis: RedisClient,
    owner: str,
    upkeep: Upkeep,
    *,
    told: GatewayWatch,
    backlog: Backlog,
) -> Continuity:
    async def look_up(bot: ContinuousBot, shard: int) -> None:
        await upkeep.look_up(bot.guilds, shard)

    bot, patience = fingerprint(token_of(settings)), answer_within(settings)
    return Continuity(
        sessions=GatewaySessions(redis, bot=bot, owner=owner, answer_within=patience),
        guard=RedisStartGuard(redis, bot=bot, answer_within=patience),
        told=told,
        steady_s=settings.discord.steady_s,
        on_gap=look_up,
        backlog=backlog,
    )


async def _reasons(
    stops: Stops, bot: RoleplayBot, probe: WriteProbe, generator: TgiGenerator
) -> Mapping[str, str]:
    """Why a message would not be answered now."""
    if stops.asked.is_set():
        return {"bot": "It is stopping."}  # at once: nothing else is asked
    missing: dict[str, str] = {}
    if not bot.is_ready() or bot.is_deaf:
        missing["discord"] = bot.admission.why or "Discord is not connected."
    if why := await probe.why_not():
        missing["redis"] = why
    try:
        await generator.limits()
    except GenerationError:
        missing["model"] = "The model server does not answer."
    return missing
