"""Builds what stands behind a port from the settings, for every command that needs it."""

import logging
from collections.abc import Awaitable, Callable, Container, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.adapters.profile_files import load_profile
from bot.adapters.redis_store import (
    CastStore,
    RedisClient,
    RedisSceneStore,
    check_server,
    connect,
    wait_until_ready,
)
from bot.adapters.redis_store.connection import EXIT_UNREACHABLE
from bot.adapters.redis_store.host_keys import HostKeys
from bot.adapters.redis_store.lore_books import RedisLoreStore
from bot.adapters.redis_store.seals import NO_SEALS, RedisSeals, Seals, refuse_sealed
from bot.adapters.redis_store.store import DaysIn, no_days
from bot.adapters.redis_store.watching import Watch as RedisWatch
from bot.adapters.tgi import Deadlines, TgiGenerator, open_tgi
from bot.adapters.tgi.generator import Watch as TgiWatch
from bot.adapters.valkey import open_embedded
from bot.core.errors import StartupError, StoreRefusesWrites, StoreUnavailable
from bot.core.profiles import ModelProfile
from bot.core.scene import CharacterKey, UserId
from bot.settings import Settings, encryption_keys_of, redis_url_of

log = logging.getLogger(__name__)


def profile_of(settings: Settings) -> ModelProfile:
    """The model's profile with what the settings change in it.

    Raises:
        StartupError: there is no such profile, or its file cannot be used.
    """
    profile = load_profile(settings.prompt.profile)
    changes: dict[str, Any] = {}
    if settings.prompt.later_input_header:
        changes["later_input_header"] = settings.prompt.later_input_header
    if settings.prompt.context_tokens is not None:
        changes["context_tokens"] = settings.prompt.context_tokens
    return replace(profile, **changes)


async def open_redis(
    settings: Settings, stack: AsyncExitStack, *, watch: RedisWatch | None = None
) -> RedisClient:
    """The configured server, or the embedded one; *stack* closes it.

    Args:
        watch: told how long each answer took.

    Raises:
        StartupError: it stays unreachable, or cannot be started.
    """
    url = redis_url_of(settings)
    if not url:  # `BOT_REDIS__URL=` in .env is not set either
        url = await stack.enter_async_context(open_embedded(settings.data))
    redis = connect(url, timeout_s=settings.redis.timeout_s, watch=watch)
    stack.push_async_callback(redis.aclose)
    await wait_until_ready(redis, give_up_s=settings.redis.give_up_s)
    warning = await check_server(redis)
    if warning:
        log.warning(warning)
    return redis


Bring = Callable[[Sequence[CharacterKey]], Awaitable[None]]


async def _nobody(_keys: Sequence[CharacterKey]) -> None:
    """Whoever only reads scenes needs nobody who plays in them."""


async def open_store(settings: Settings, stack: AsyncExitStack) -> RedisSceneStore:
    """The memory on that server.

    Raises:
        StartupError: it stays unreachable, or cannot be started.
    """
    redis = await open_redis(settings, stack)
    return store_on(redis, settings, seals=await open_seals(redis, settings))


def seals_on(redis: RedisClient, settings: Settings) -> RedisSeals | None:
    """What encrypts texts on *redis*; None if the host has chosen no key.

    Raises:
        StartupError: what is set is no key.
    """
    given = encryption_keys_of(settings)
    if not given:
        return None
    return RedisSeals(redis, HostKeys.parse(given), answer_within=answer_within(settings))


async def open_seals(redis: RedisClient, settings: Settings) -> Seals:
    """The same, once it is sure that all there is can be read.

    Raises:
        StartupError: a key is missing, or Redis does not say.
    """
    try:
        seals = seals_on(redis, settings)
        if seals is None:
            await refuse_sealed(redis, answer_within=answer_within(settings))
            return NO_SEALS
        if renewed := await seals.begin():
            log.info("keys are under the newest of the host's", extra={"keys": renewed})
    except (StoreUnavailable, StoreRefusesWrites) as error:
        raise StartupError(
            f"{error} So it is not known what is encrypted. Correct that, then start again.",
            exit_code=EXIT_UNREACHABLE,
        ) from error
    return seals


async def look_at_seals(redis: RedisClient, settings: Settings) -> None:
    """Whether all there is can be read; changes nothing.

    Raises:
        StartupError: what is set is no key, or one is missing.
        StoreUnavailable, StoreRefusesWrites.
    """
    seals = seals_on(redis, settings)
    if seals is None:
        await refuse_sealed(redis, answer_within=answer_within(settings))
    else:
        await seals.look()


def store_on(
    redis: RedisClient,
    settings: Settings,
    *,
    bring: Bring = _nobody,
    unseen: Container[UserId] = (),
    days_in: DaysIn = no_days,
    seals: Seals,
) -> RedisSceneStore:
    """The memory on *redis*, which stays the caller's.

    Args:
        bring: told who plays in each scene that is read.
        unseen: users who are in no scene that is read.
        days_in: for how many days of silence a guild has its stories kept, if not as usual.
        seals: what encrypts texts, see `open_seals`.
    """
    return CastStore(
        redis,
        bring=bring,
        unseen=unseen,
        days_in=days_in,
        seals=seals,
        keep=settings.turns.history_keep,
        ttl=timedelta(days=settings.turns.history_days),
        answer_within=answer_within(settings),
    )


def lore_on(redis: RedisClient, settings: Settings, seals: Seals) -> RedisLoreStore:
    """The lorebooks on *redis*, which stays the caller's."""
    return RedisLoreStore(
        redis,
        ttl=timedelta(days=settings.turns.history_days),
        answer_within=answer_within(settings),
        seals=seals,
    )


def answer_within(settings: Settings) -> timedelta:
    """The longest wait for what Redis is asked, further tries included."""
    return timedelta(seconds=2.4 * settings.redis.timeout_s)


def open_generator(
    settings: Settings, *, watch: TgiWatch | None = None
) -> AbstractAsyncContextManager[TgiGenerator]:
    """The configured model servers."""
    tgi = settings.tgi
    return open_tgi(
        urls=tgi.urls,
        api_key=tgi.api_key.get_secret_value() if tgi.api_key else None,
        deadlines=Deadlines(
            connect_s=tgi.connect_s,
            first_token_s=tgi.first_token_s,
            between_tokens_s=tgi.between_tokens_s,
            whole_reply_s=tgi.whole_reply_s,
        ),
        watch=watch,
    )
