"""Servers of other shapes than the embedded one: on a port, a cluster, a sentinel."""

import asyncio
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.adapters.valkey import server_command


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def server(folder: Path, port: int, *options: str) -> AsyncIterator[Process]:
    """A server on *port* of the loopback, with *options* on top of none of ours."""
    program = next(part for part in server_command(folder) if part.endswith("-server"))
    command = [program, *options, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL)
    try:
        await answer_from(port)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def answer_from(port: int) -> None:
    async with asyncio.timeout(10), Redis(port=port) as client:
        while True:
            with suppress(RedisError, OSError):
                await client.ping()
                return
            await asyncio.sleep(0.01)


async def make_cluster_of_one(port: int) -> None:
    async with asyncio.timeout(10), Redis(port=port, decode_responses=True) as client:
        await client.cluster("ADDSLOTSRANGE", "0", "16383")
        state = ""
        while state != "ok":
            await asyncio.sleep(0.01)
            state = (await client.cluster("INFO"))["cluster_state"]
