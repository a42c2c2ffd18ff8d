"""Clients that tell how long each command and each script took, and what failed."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Protocol

from redis.asyncio import Redis, RedisCluster

from bot.adapters.redis_store.journal import Journal

_SCRIPTS = frozenset({"EVAL", "EVALSHA"})


class Watch(Protocol):
    """Is told."""

    def took(self, script: str, seconds: float) -> None:
        """A script, or a command by its name, was answered."""
        ...

    def failed(self, kind: str) -> None:
        """One was not, or was refused."""
        ...


class Unwatched:
    """Nobody is told."""

    def took(self, script: str, seconds: float) -> None: ...

    def failed(self, kind: str) -> None: ...


class WatchedRedis(Redis):
    """Tells `observer` of each command but scripts, which tell themselves."""

    observer: Watch = Unwatched()
    journal: Journal | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        with timed(self, args[0]):
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py leaves it without types


class WatchedCluster(RedisCluster):
    """The same for a cluster."""

    observer: Watch = Unwatched()
    journal: Journal | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        with timed(self, args[0]):
            return await super().execute_command(*args, **options)


def journal_of(redis: Redis | RedisCluster) -> Journal | None:
    """What the client's server has taken of late, if that is kept."""
    return redis.journal if isinstance(redis, WatchedRedis | WatchedCluster) else None


@contextmanager
def timed(redis: Redis | RedisCluster, name: str) -> Generator[None, None, None]:
    """Tell the client's observer, if it has one, how long the block took."""
    if isinstance(redis, WatchedRedis | WatchedCluster):
        with _told(redis.observer, name):
            yield
        if redis.journal is not None:
            redis.journal.heard()
    else:
        yield


@contextmanager
def _told(watch: Watch, name: str) -> Generator[None, None, None]:
    if name in _SCRIPTS:
        yield
        return
    began = time.perf_counter()
    try:
        yield
    except Exception as error:
        watch.failed(type(error).__name__)
        raise
    watch.took(name.lower(), time.perf_counter() - began)
