"""What a turn costs a Redis that goes on from request to request, as a busy one does.

One that waits for a channel's next request has lost its code and data out of the
processor's caches when it comes: measured so, waking up is most of the cost. So the
requests of one real turn are noted and sent again, without a pause, for many copies
of its channel.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from hiredis import Reader, ReplyError
from redis.asyncio import Redis

from bot.adapters.redis_store.keys import channel_keys, meta_key
from bot.core.scene import ChannelId

COPIES: Final = 200
_FENCE: Final = 8_000_000_000_000_000
"""Later than any clock, so that every copy gets the same next one."""
_COMMANDS: Final = ("evalsha", "hgetall", "hvals")
"""Those that the store sends for a turn; what scripts call is in their time."""
_END: Final = b"the end"
_READ: Final = 1 << 20
_DEADLINE_S: Final = 60


async def replayed_us(
    redis: Redis, channel: ChannelId, turn: Callable[[], Awaitable[None]]
) -> float:
    """Have *turn* played once in *channel*; returns what Redis' commands for it take, in µs.

    Nobody may hold the channel's lease, and *redis* must be what the turn is played
    with: a server of our own, on a socket, to which it is connected already.

    Raises:
        RuntimeError: a copy was refused what the channel was not.
    """
    copies = [ChannelId(channel + 1 + number) for number in range(COPIES)]
    await redis.hset(meta_key(channel), "fence", str(_FENCE))
    await _copy(redis, channel, copies)
    requests = await _noted(redis, turn)
    await redis.config_resetstat()
    await _send(
        redis,
        [each.replace(_tag(channel), _tag(copy)) for copy in copies for each in requests],
    )
    stats = await redis.info("commandstats")
    await redis.delete(*(key for copy in copies for key in channel_keys(copy)))
    spent = (stats.get(f"cmdstat_{command}", {"usec": 0})["usec"] for command in _COMMANDS)
    return sum(map(float, spent)) / COPIES


async def _copy(redis: Redis, channel: ChannelId, copies: Sequence[ChannelId]) -> None:
    pipeline = redis.pipeline(transaction=False)
    for copy in copies:
        for source, target in zip(channel_keys(channel), channel_keys(copy), strict=True):
            pipeline.copy(source, target, replace=True)
    await pipeline.execute()


async def _noted(redis: Redis, turn: Callable[[], Awaitable[None]]) -> list[bytes]:
    """The requests that are sent while *turn* is played, in their order."""
    pool = redis.connection_pool
    connections: Any = pool.connection_class
    send, noted = connections.send_packed_command, []

    async def note(connection: Any, request: Any, *args: Any, **options: Any) -> None:
        noted.append(b"".join([request] if isinstance(request, bytes) else request))
        await send(connection, request, *args, **options)

    connections.send_packed_command = note
    try:
        await turn()
    finally:
        connections.send_packed_command = send
    return noted


async def _send(redis: Redis, requests: Sequence[bytes]) -> None:
    path = redis.connection_pool.connection_kwargs["path"]
    async with asyncio.timeout(_DEADLINE_S):
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_read(reader))
                for request in (
                    *requests,
                    b"*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n" % (len(_END), _END),
                ):
                    writer.write(request)
                    await writer.drain()
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> None:
    """Until the end, which comes after everything else."""
    answers = Reader()
    while data := await reader.read(_READ):
        answers.feed(data)
        while (answer := answers.gets()) is not False:
            if answer == _END:
                return
            if isinstance(answer, ReplyError):
                raise RuntimeError("a copy was refused a request")  # noqa: TRY004  # it is an answer
    raise RuntimeError("the server hung up")


def _tag(channel: ChannelId) -> bytes:
    return f"{{{channel}}}".encode()
