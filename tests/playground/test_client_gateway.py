"""The gateway as a stock client meets it: cuts, resumes, refusals."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
from discord.ext.commands import AutoShardedBot

from bot.playground.gateway_session import REPLAYED_AT_MOST, Session
from tests.playground.client import new_bot, online, pointed_at
from tests.playground.driver import Playground, eventually, playground


def listening() -> tuple[AutoShardedBot, list[str]]:
    bot = new_bot()
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

    return bot, heard


async def _missed(world: Playground, action: str, **options: object) -> None:
    await world.gateway(action, **options)
    await world.wait_online(online=False)
    await world.mara.send("while you were away")


async def test_after_a_cut_the_client_resumes_and_gets_what_it_missed() -> None:
    bot, heard = listening()
    async with playground() as world, online(world, bot):
        await world.mara.send("before")
        await eventually(lambda: "before" in heard)

        await _missed(world, "cut")
        await eventually(lambda: "(resumed)" in heard, 20)

        assert heard == ["(ready)", "before", "while you were away", "(resumed)"]


async def test_asked_to_reconnect_the_client_resumes() -> None:
    bot, heard = listening()
    async with playground() as world, online(world, bot):
        await eventually(lambda: "(ready)" in heard)
        await world.gateway("reconnect")

        await eventually(lambda: "(resumed)" in heard, 20)
        await world.mara.send("after")
        await eventually(lambda: "after" in heard)

        assert heard.count("(ready)") == 1


async def test_an_invalid_session_begins_anew() -> None:
    bot, heard = listening()
    async with playground() as world, online(world, bot):
        await eventually(lambda: "(ready)" in heard)
        await world.gateway("invalidate", resumable=False)

        await eventually(lambda: heard.count("(ready)") == 2, 20)
        await world.mara.send("after")
        await eventually(lambda: "after" in heard)

        assert "(resumed)" not in heard


async def test_a_wrong_token_is_refused_for_good() -> None:
    async with playground() as world:
        with pointed_at(world):
            async with new_bot() as bot:
                with pytest.raises(discord.LoginFailure):
                    await bot.login("wrong")


async def test_a_switch_that_is_off_in_the_portal_refuses_the_intent() -> None:
    async with playground(message_content=False) as world:
        with pointed_at(world):
            async with new_bot() as bot:
                await bot.login(world.token)
                with pytest.raises(discord.PrivilegedIntentsRequired):
                    async with asyncio.timeout(15):
                        await bot.connect()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 1}}, 4004),
        ({"op": 2, "d": {"token": "TOKEN", "intents": 1, "shard": [1, 1]}}, 4010),
        ({"op": 2, "d": {"token": "TOKEN", "intents": 1 << 30}}, 4013),
        ({"op": 2, "d": {"token": "TOKEN", "intents": 1 << 1}}, 4014),
        ({"op": 8, "d": {}}, 4003),
        ({"op": 99, "d": {}}, 4001),
        ("no object", 4002),
    ],
)
async def test_every_mistake_has_its_close_code(payload: object, code: int) -> None:
    async with playground(token="TOKEN") as world:
        url = world.address.gateway_url + "?v=10&encoding=json"
        async with world.session.ws_connect(url) as socket:
            hello = await socket.receive_json(timeout=5)
            await socket.send_json(payload)
            closed = await socket.receive(timeout=5)

            assert hello["op"] == 10
            assert closed.type is aiohttp.WSMsgType.CLOSE
            assert closed.data == code


async def test_a_heartbeat_is_acknowledged() -> None:
    async with (
        playground() as world,
        world.session.ws_connect(world.address.gateway_url) as socket,
    ):
        await socket.receive_json(timeout=5)
        await socket.send_json({"op": 1, "d": None})

        assert (await socket.receive_json(timeout=5))["op"] == 11


async def test_a_resume_of_what_is_not_kept_any_more_is_refused() -> None:
    session = Session("s", (0, 1), 1)
    for number in range(REPLAYED_AT_MOST + 10):
        session.dispatch("TYPING_START", {"number": number})

    assert session.can_replay(session.seq)
    assert session.can_replay(session.seq - REPLAYED_AT_MOST)
    assert not session.can_replay(session.seq - REPLAYED_AT_MOST - 1)
    assert not session.can_replay(session.seq + 1)


async def test_a_session_that_is_unknown_cannot_be_resumed() -> None:
    async with playground() as world:
        async with world.session.ws_connect(world.address.gateway_url) as socket:
            await socket.receive_json(timeout=5)
            resume = {"token": world.token, "session_id": "never", "seq": 1}
            await socket.send_json({"op": 6, "d": resume})

            answer = await socket.receive_json(timeout=5)

        assert (answer["op"], answer["d"]) == (9, False)


@asynccontextmanager
async def connection(
    world: Playground, op: int, **data: Any
) -> AsyncGenerator[aiohttp.ClientWebSocketResponse, None]:
    async with world.session.ws_connect(world.address.gateway_url) as socket:
        await socket.receive_json(timeout=5)
        await socket.send_json({"op": op, "d": {"token": world.token, **data}})
        yield socket


async def session_left_with(world: Playground, code: int) -> str:
    async with connection(world, 2, intents=1 << 9) as socket:
        ready = await socket.receive_json(timeout=5)
        await socket.close(code=code)
    return str(ready["d"]["session_id"])


async def test_a_session_that_was_not_ended_is_gone_on_with_by_another_connection() -> None:
    async with playground() as world:
        session = await session_left_with(world, 4000)
        await world.mara.send("while you were away")

        async with connection(world, 6, session_id=session, seq=1) as socket:
            heard = [(await socket.receive_json(timeout=5))["t"] for _ in range(2)]

        assert heard == ["MESSAGE_CREATE", "RESUMED"]
        assert (await world.gateway_seen())["resumed"] == 1


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_session_that_was_ended_is_gone(code: int) -> None:
    async with playground() as world:
        session = await session_left_with(world, code)

        async with connection(world, 6, session_id=session, seq=1) as socket:
            answer = await socket.receive_json(timeout=5)

        assert (answer["op"], answer["d"]) == (9, False)
        assert (await world.gateway_seen())["closed"][0] == code


async def test_sessions_are_counted_and_come_back_with_the_next_day() -> None:
    async with playground() as world:
        await session_left_with(world, 4000)
        counted = (await world.rest("GET", "/gateway/bot"))["session_start_limit"]
        await world.gateway("limit starts", remaining=1, reset_after_s=0.2)
        scarce = (await world.rest("GET", "/gateway/bot"))["session_start_limit"]

        async def are_back() -> bool:
            starts = (await world.rest("GET", "/gateway/bot"))["session_start_limit"]
            return bool(starts["remaining"] == 1000)

        await eventually(are_back)

    assert counted["remaining"] == 999
    assert 23 * 3600_000 < counted["reset_after"] <= 24 * 3600_000
    assert (scarce["remaining"], scarce["reset_after"] <= 200) == (1, True)


async def test_who_has_no_session_left_loses_the_token_and_every_session() -> None:
    async with playground() as world:
        session = await session_left_with(world, 4000)
        await world.gateway("limit starts", remaining=0)

        async with connection(world, 2, intents=1 << 9) as socket:
            refused = await socket.receive(timeout=5)
        async with connection(world, 6, session_id=session, seq=1) as socket:
            answer = await socket.receive_json(timeout=5)

    assert refused.data == 4004
    assert (answer["op"], answer["d"]) == (9, False)
