"""The local Discord's gateway when it stutters, and what a stock client makes of it."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
from discord.ext.commands import AutoShardedBot

from bot.playground.gateway import Intent
from tests.fakes.discord_faults import DiscordFaults, Disorder
from tests.faults.lab.leftovers import leaving_nothing
from tests.playground.client import INTENTS, new_bot, online
from tests.playground.driver import Playground, eventually, playground


@pytest.fixture
def faults() -> DiscordFaults:
    return DiscordFaults()


@pytest.fixture
async def world(faults: DiscordFaults) -> AsyncIterator[Playground]:
    async with playground(faults=[faults.strike]) as world:
        yield world


class Listener:
    """A bare client of the gateway that writes down what it is told of messages."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.heard: list[tuple[str, str]] = []
        self.numbers: list[int] = []
        self._socket = socket

    async def listen(self) -> None:
        async for frame in self._socket:
            payload = frame.json()
            if payload["op"] == 0:
                self.numbers.append(payload["s"])
            if str(payload["t"]).startswith("MESSAGE_"):
                self.heard.append((payload["t"], _what(payload["d"])))


def _what(data: dict[str, Any]) -> str:
    return str(data.get("content", data.get("id")))


@asynccontextmanager
async def listening(world: Playground) -> AsyncGenerator[Listener, None]:
    async with world.session.ws_connect(world.address.gateway_url) as socket:
        await socket.receive_json(timeout=5)
        intents = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.MESSAGE_CONTENT
        identity = {"token": world.token, "intents": int(intents), "shard": [0, 1]}
        await socket.send_json({"op": 2, "d": identity})
        assert (await socket.receive_json(timeout=5))["t"] == "READY"
        listener = Listener(socket)
        task = asyncio.create_task(listener.listen())
        try:
            yield listener
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def play(world: Playground, lines: int) -> Counter[tuple[str, str]]:
    """Write, correct and take away lines; return what is to be told of it."""
    told: Counter[tuple[str, str]] = Counter()
    for number in range(lines):
        message = await world.mara.send(f"line {number}")
        await world.mara.edit(message, f"line {number}!")
        told["MESSAGE_CREATE", f"line {number}"] += 1
        told["MESSAGE_UPDATE", f"line {number}!"] += 1
        if number % 3 == 0:
            await world.mara.delete(message)
            told["MESSAGE_DELETE", str(message.id)] += 1
    return told


async def test_every_event_may_come_twice(world: Playground, faults: DiscordFaults) -> None:
    faults.gateway.pass_on = Disorder(twice=1)

    async with listening(world) as client:
        told = await play(world, 4)
        await eventually(lambda: len(client.heard) >= 2 * told.total())

    assert Counter(client.heard) == told + told


async def test_late_events_come_all_and_in_another_order(
    world: Playground, faults: DiscordFaults
) -> None:
    disorder = Disorder(late=0.5, seed=2)
    faults.gateway.pass_on = disorder

    async with listening(world) as client:
        told = await play(world, 12)
        disorder.settle()
        await eventually(lambda: len(client.heard) >= told.total())

    assert Counter(client.heard) == told
    assert client.numbers == sorted(client.numbers)
    early = [
        number
        for number in range(12)
        if client.heard.index(("MESSAGE_UPDATE", f"line {number}!"))
        < client.heard.index(("MESSAGE_CREATE", f"line {number}"))
    ]
    assert early


async def test_a_single_late_event_comes_though_nothing_follows(
    world: Playground, faults: DiscordFaults
) -> None:
    faults.gateway.pass_on = Disorder(late=1)

    async with listening(world) as client:
        await world.mara.send("alone")
        await eventually(lambda: client.heard == [("MESSAGE_CREATE", "alone")])


async def test_a_connection_that_is_cut_leaves_nothing_behind(world: Playground) -> None:
    await world.gateway("cut")  # from now on there is a way to the page that stays

    async with leaving_nothing(within_s=1.0), aiohttp.ClientSession() as session:
        socket = await session.ws_connect(world.address.gateway_url)
        assert (await socket.receive_json(timeout=5))["op"] == 10
        assert await world.gateway("cut") == 1


async def disordered(seed: int) -> list[str]:
    faults = DiscordFaults()
    async with playground(faults=[faults.strike]) as world:
        disorder = Disorder(twice=0.3, late=0.3, seed=seed)
        faults.gateway.pass_on = disorder
        await play(world, 6)
        disorder.settle()
    return disorder.delivered


async def test_disorder_comes_again_with_the_same_seed() -> None:
    assert await disordered(1) == await disordered(1) != await disordered(2)


def recording(bot: AutoShardedBot) -> list[str]:
    heard: list[str] = []

    @bot.listen()
    async def on_message(message: discord.Message) -> None:
        heard.append(message.content)

    @bot.listen()
    async def on_shard_resumed(_shard: int) -> None:
        heard.append("(resumed)")

    @bot.listen()
    async def on_shard_ready(_shard: int) -> None:
        heard.append("(ready)")

    return heard


async def spoken(world: Playground, heard: list[str], *lines: str) -> None:
    for line in lines:
        await world.mara.send(line)
    await eventually(lambda: lines[-1] in heard)


async def test_a_resumed_client_may_hear_again_what_it_knows(
    world: Playground, faults: DiscordFaults
) -> None:
    bot = new_bot()
    heard = recording(bot)
    async with online(world, bot):
        await spoken(world, heard, "one", "two", "three")
        faults.gateway.repeated_on_resume = 2

        await world.gateway("cut")
        await eventually(lambda: "(resumed)" in heard, 20)

        assert Counter(heard) == Counter(
            ["(ready)", "one", "two", "three", "two", "three", "(resumed)"]
        )


async def test_an_invalid_session_that_may_go_on_goes_on(world: Playground) -> None:
    bot = new_bot()
    heard = recording(bot)
    async with online(world, bot):
        await eventually(lambda: "(ready)" in heard)

        await world.gateway("invalidate", resumable=True)
        await eventually(lambda: "(resumed)" in heard, 20)
        await spoken(world, heard, "after")

        assert heard.count("(ready)") == 1


async def test_a_connection_that_is_dead_without_saying_so_is_left_and_resumed(
    world: Playground, faults: DiscordFaults
) -> None:
    faults.gateway.heartbeat_every_s = 0.3
    faults.gateway.is_deaf = True
    bot = AutoShardedBot(
        "!", intents=INTENTS, help_command=None, guild_ready_timeout=0.05, heartbeat_timeout=0.5
    )
    heard = recording(bot)
    async with online(world, bot):
        await eventually(lambda: "(ready)" in heard)
        faults.gateway.heartbeat_every_s = 40  # for the next connection, which is well

        await eventually(lambda: "(resumed)" in heard, 20)
        await spoken(world, heard, "after")

        assert heard == ["(ready)", "(resumed)", "after"]


@pytest.mark.parametrize("code", [4000, 4008])
async def test_after_a_close_code_that_allows_it_the_client_resumes(
    world: Playground, code: int
) -> None:
    bot = new_bot()
    heard = recording(bot)
    async with online(world, bot):
        await eventually(lambda: "(ready)" in heard)

        await world.gateway("close", code=code)
        await eventually(lambda: "(resumed)" in heard, 20)

        assert heard.count("(ready)") == 1
