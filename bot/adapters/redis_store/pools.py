"""Pools that lend connections which work before those that failed."""

from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.sentinel import SentinelConnectionPool


class _WorkingFirst(ConnectionPool):
    """Puts a connection that comes back without being connected below all others.

    redis-py lends what came back last. Where no new connection can be made, because no
    file is left or the server has too many clients, that would be one that has just
    failed, again and again, while others that work lie below it.
    """

    async def release(self, connection: AbstractConnection) -> None:
        await super().release(connection)
        free: Any = self._get_free_connections()
        if not connection.is_connected and connection in free:
            free.remove(connection)
            free.insert(0, connection)


class Pool(_WorkingFirst, BlockingConnectionPool):
    """Connections to one server; whoever comes when all are lent waits."""


class SentinelPool(_WorkingFirst, SentinelConnectionPool):
    """Connections to the master of the day."""
