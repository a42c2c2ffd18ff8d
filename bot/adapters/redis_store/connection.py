"""From an address to a Redis that can be trusted with stories."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import FullJitterBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

from bot.adapters.redis_store.journal import Journal
from bot.adapters.redis_store.pools import Pool, SentinelPool
from bot.adapters.redis_store.watching import Watch, WatchedCluster, WatchedRedis
from bot.core.doctor import KEEPS_ALL, NO_FILE, evicts, too_old
from bot.core.errors import StartupError

RedisClient = Redis | RedisCluster

EXIT_UNREACHABLE = 69
EXIT_CONFIG = 78

CONNECTIONS = 32
"""The most to one server; further commands wait for one, up to the time limit."""
_RETRIES = 1
_DEFAULT_PORT = 6379
_SENTINEL_PORT = 26379


def connect(
    url: str, *, timeout_s: float, watch: Watch | None = None
) -> WatchedRedis | WatchedCluster:
    """Prepare a client; nothing is sent yet. The caller closes it with `aclose`.

    `redis://`, `rediss://` and `unix://` as redis-py has them, and:

        redis+sentinel://user:password@host:port,host:port/service?db=0
        redis+cluster://user:password@host:port,host:port

    `sentinel_username` and `sentinel_password` in the query are for the
    sentinels themselves. `ssl=true` encrypts either kind.

    Args:
        timeout_s: the longest wait for one answer. A command is sent twice at
            most: redis-py's own ten times would hold up a reply for a minute.
        watch: told how long each answer took.

    Raises:
        StartupError: the URL is wrong.
    """
    # The URL stays out of the sentence, and so does redis-py's error, which may
    # quote it: it may hold a password.
    why = "it is not a valid address"
    try:
        client = _client(url, timeout_s, journal := Journal())
        if watch is not None:
            client.observer = watch
    except _BadUrl as error:
        why = str(error)
    except (ValueError, TypeError, RedisClusterException):
        pass
    else:
        client.journal = journal
        return client
    raise StartupError(
        f"BOT_REDIS__URL cannot be used: {why}."
        " Write it like redis://host:6379/0, rediss://, unix:///path,"
        " redis+sentinel://host:26379/service or redis+cluster://host:6379.",
        exit_code=EXIT_CONFIG,
    )


def address_of(redis: RedisClient) -> str:
    """Where *redis* goes, as `host:port`; never with a password."""
    if isinstance(redis, RedisCluster):
        return ", ".join(redis.nodes_manager.startup_nodes)
    pool = redis.connection_pool
    if isinstance(pool, SentinelConnectionPool):
        sentinels = ", ".join(address_of(each) for each in pool.sentinel_manager.sentinels)
        return f"{pool.service_name} by sentinel {sentinels}"
    where = pool.connection_kwargs
    if "path" in where:
        return str(where["path"])
    return f"{where.get('host', 'localhost')}:{where.get('port', _DEFAULT_PORT)}"


async def wait_until_ready(redis: RedisClient, *, give_up_s: float) -> None:
    """Wait for the first answer.

    Raises:
        StartupError: none came within *give_up_s* (69), or the server does not
            let us in (78).
    """
    reason = "no answer"
    try:
        async with asyncio.timeout(give_up_s):
            pause_s = 0.05
            while True:
                try:
                    await redis.ping()
                except (RedisError, RedisClusterException, OSError) as error:
                    if _is_refused(error):
                        raise StartupError(
                            f"Redis at {address_of(redis)} does not accept the user name or"
                            " password in BOT_REDIS__URL.",
                            exit_code=EXIT_CONFIG,
                        ) from None
                    reason = type(error).__name__
                else:
                    return
                await asyncio.sleep(pause_s)
                pause_s = min(1.0, pause_s * 2)
    except TimeoutError:
        raise StartupError(
            f"Redis at {address_of(redis)} cannot be reached ({reason}, tried for {give_up_s:g} s)."
            " Start it, or correct BOT_REDIS__URL.",
            exit_code=EXIT_UNREACHABLE,
        ) from None


def _is_refused(error: Exception) -> bool:
    # On a Unix socket redis-py wraps it in one of the connection.
    kinds = (AuthenticationError, NoPermissionError)
    return isinstance(error, kinds) or isinstance(error.__cause__, kinds)


async def check_server(redis: RedisClient) -> str | None:
    """Refuse a server that would lose stories; returns a warning, if there is one.

    Asks with INFO, which managed servers allow where they forbid CONFIG.

    Raises:
        StartupError: it is too old, or deletes keys when its memory is full.
    """
    warning = None
    try:
        async for info in infos(redis):
            _refuse_old(str(info.get("redis_version", "")))
            _refuse_eviction(str(info.get("maxmemory_policy", "noeviction")))
            if not int(info.get("aof_enabled", 1)):
                warning = " ".join(NO_FILE)
    except ResponseError as error:
        return f"Redis does not let us check its settings ({type(error).__name__})."
    except (RedisError, OSError) as error:
        raise StartupError(
            f"Redis at {address_of(redis)} stopped answering ({type(error).__name__}).",
            exit_code=EXIT_UNREACHABLE,
        ) from None
    return warning


async def infos(redis: RedisClient) -> AsyncIterator[Mapping[str, Any]]:
    """INFO of every server that takes writes."""
    if not isinstance(redis, RedisCluster):
        yield await redis.info()
        return
    for node in redis.get_primaries():
        yield await redis.info(target_nodes=node)


def _refuse_old(version: str) -> None:
    if why := too_old(version):
        raise StartupError(why, exit_code=EXIT_CONFIG)


def _refuse_eviction(policy: str) -> None:
    if policy != KEEPS_ALL:
        raise StartupError(" ".join(evicts(policy)), exit_code=EXIT_CONFIG)


class _BadUrl(ValueError):
    """Says itself what is wrong, in words that are ours."""


def _client(url: str, timeout_s: float, journal: Journal) -> WatchedRedis | WatchedCluster:
    options = _options(timeout_s)
    greeted = {**options, "redis_connect_func": journal.connected}
    parts = urlsplit(url)
    match parts.scheme:
        case "redis" | "rediss" | "unix":
            pool = Pool.from_url(url, max_connections=CONNECTIONS, timeout=timeout_s, **greeted)
            # Refuses an option that does not exist; connects nothing.
            pool.connection_class(**pool.connection_kwargs)
            client = WatchedRedis(connection_pool=pool)
            client.auto_close_connection_pool = True  # as `from_pool` has it
            return client
        case "redis+sentinel":
            return _sentinel_client(parts, options, greeted)
        case "redis+cluster":
            return _cluster_client(parts, options, journal)
        case _:
            raise _BadUrl("its scheme is none that we know")


def _options(timeout_s: float) -> dict[str, Any]:
    return {
        "decode_responses": True,
        "encoding_errors": "replace",
        "protocol": 2,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        # Once: for every connection redis-py would read its own version from a file,
        # and a process that has no file left would fail in a way that nobody expects.
        "driver_info": DriverInfo(),
        "retry": Retry(FullJitterBackoff(cap=0.2, base=0.02), _RETRIES),
    }


class _SentinelRedis(WatchedRedis):
    """A client for the master; closes the connections to the sentinels, too."""

    async def aclose(self, *args: Any, **options: Any) -> None:
        pool = self.connection_pool
        await super().aclose(*args, **options)
        if isinstance(pool, SentinelConnectionPool):
            await pool.sentinel_manager.aclose()


def _sentinel_client(
    parts: SplitResult, options: Mapping[str, Any], greeted: Mapping[str, Any]
) -> WatchedRedis:
    query = _query(parts, {"db", "ssl", "sentinel_username", "sentinel_password"})
    service = unquote(parts.path.strip("/"))
    if not service:
        raise _BadUrl("it names no service")
    sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py leaves it without types
        _hosts(parts, default_port=_SENTINEL_PORT),
        sentinel_kwargs={
            **options,
            "username": query.get("sentinel_username"),
            "password": query.get("sentinel_password"),
            "ssl": _is_true(query.get("ssl")),
        },
    )
    client: WatchedRedis = sentinel.master_for(
        service,
        redis_class=_SentinelRedis,
        connection_pool_class=SentinelPool,
        db=int(query.get("db", "0")),
        ssl=_is_true(query.get("ssl")),
        max_connections=CONNECTIONS * 8,  # this pool refuses where the other one waits
        **_login(parts),
        **greeted,
    )
    return client


def _cluster_client(
    parts: SplitResult, options: Mapping[str, Any], journal: Journal
) -> WatchedCluster:
    query = _query(parts, {"ssl"})
    nodes = [ClusterNode(host, port) for host, port in _hosts(parts, default_port=_DEFAULT_PORT)]
    client = WatchedCluster(
        startup_nodes=nodes,
        ssl=_is_true(query.get("ssl")),
        max_connections=CONNECTIONS * 8,
        **_login(parts),
        **options,
    )
    # Its constructor does not take this, although its nodes do.
    greets = {"redis_connect_func": journal.connected}
    client.nodes_manager.connection_kwargs.update(greets)
    for node in client.nodes_manager.startup_nodes.values():
        node.connection_kwargs.update(greets)
    return client


def _hosts(parts: SplitResult, *, default_port: int) -> list[tuple[str, int]]:
    """The `host:port` pairs; `SplitResult.port` would take several for a bad one."""
    found = []
    for pair in parts.netloc.rpartition("@")[2].split(","):
        one = urlsplit(f"//{pair.strip()}")
        if not one.hostname:
            raise _BadUrl("it names no host")
        found.append((one.hostname, one.port or default_port))
    return found


def _login(parts: SplitResult) -> dict[str, Any]:
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    return {"username": unquote(user) or None, "password": unquote(password) or None}


def _query(parts: SplitResult, known: set[str]) -> dict[str, str]:
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    for name in given:
        if name not in known:
            raise _BadUrl(f"the option {name} is not known")
    return given


def _is_true(value: str | None) -> bool:
    return (value or "").lower() in {"1", "true", "yes"}
