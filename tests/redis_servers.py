"""Servers of other shapes than the embedded one: on a port, a cluster, a sentinel."""

import asyncio
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.adapters.valkey import server_command
from tests.ports import free_port


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


SLOTS = 16384


@asynccontextmanager
async def cluster(folder: Path, nodes: int) -> AsyncIterator[list[int]]:
    """A cluster of so many masters, which share the slots evenly; yields their ports."""
    ports, buses = [free_port() for _ in range(nodes)], [free_port() for _ in range(nodes)]
    async with AsyncExitStack() as stack:
        for port, bus in zip(ports, buses, strict=True):
            home = folder / str(port)
            home.mkdir()
            options = ("--cluster-enabled", "yes", "--cluster-port", str(bus), "--save", "")
            await stack.enter_async_context(server(home, port, *options))
        await _join(ports, buses)
        yield ports


async def make_cluster_of_one(port: int) -> None:
    await _join([port], [0])


async def _join(ports: list[int], buses: list[int]) -> None:
    """Share the slots out, make the nodes known to the first, and wait until all agree."""
    bounds = [SLOTS * place // len(ports) for place in range(len(ports) + 1)]
    for place, port in enumerate(ports):
        async with asyncio.timeout(10), Redis(port=port, decode_responses=True) as client:
            await client.cluster("ADDSLOTSRANGE", bounds[place], bounds[place + 1] - 1)
            if place:
                # Nodes that meet under one epoch have to settle first who gets another.
                await client.cluster("SET-CONFIG-EPOCH", place + 1)
                await client.cluster("MEET", "127.0.0.1", ports[0], buses[0])
    for port in ports:
        async with asyncio.timeout(10), Redis(port=port, decode_responses=True) as client:
            while not _is_whole(await client.cluster("INFO"), len(ports)):
                await asyncio.sleep(0.01)


def _is_whole(info: dict[str, str], nodes: int) -> bool:
    return info["cluster_state"] == "ok" and int(info["cluster_known_nodes"]) == nodes
