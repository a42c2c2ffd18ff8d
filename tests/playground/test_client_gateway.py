"""The gateway as a stock client meets it: cuts, resumes, refusals."""

import asyncio

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
