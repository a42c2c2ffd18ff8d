"""S33: a host's filter over HTTP sees every line and every text that is shown, edits included."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.playground.driver import eventually
from tests.ports import free_port
from tests.wire.playing import Played, playing


class Judge:
    """Answers as a host's filter does; knows what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.port = free_port()

    async def check(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.asked.append(asked)
        text = str(asked["text"])
        if "bad" in text:
            return web.json_response({"action": "block"})
        if "rude" in text:
            return web.json_response({"action": "redact", "text": text.replace("rude", "----")})
        return web.json_response({"action": "allow"})


@pytest.fixture
async def judge() -> AsyncGenerator[Judge, None]:
    found = Judge()
    app = web.Application()
    app.router.add_post("/check", found.check)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", found.port).start()
    yield found
    await runner.cleanup()


@pytest.fixture
async def played(
    clean_redis_url: str, tmp_path: Path, judge: Judge
) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        everything.bot.settings["BOT_FILTER__URL"] = f"http://127.0.0.1:{judge.port}/check"
        everything.bot.settings["BOT_FILTER__WITHIN_S"] = "5"
        await everything.restart()
        yield everything


async def test_s33_what_the_filter_does_not_let_through_is_neither_read_nor_shown(
    played: Played,
) -> None:
    mara = played.world.mara
    await played.say("A bad line.")
    await mara.wait_for_message(lambda m: "does not let that line into the story" in m.content)
    assert await played.memory() == []
    assert played.tgi.asked == []

    played.tgi.reply = lambda _: " Something bad."
    await played.say("A rude line.")
    await mara.wait_for_message(lambda m: "does not let these words through" in m.content)
    assert [text for _, text in await played.memory()] == ["A ---- line."]
    assert not any("bad." in m.content for m in await mara.messages() if m.is_webhook)

    played.tgi.reply = lambda _: " How rude of you."
    reply = await played.reply(after=await played.say("Go on."))
    assert reply.content == "How ---- of you."
    assert (await played.memory())[-1] == ("Clover", "How ---- of you.")
    assert all("rude" not in each.text for each in await played.world.history(reply.id))

    opened = await mara.context("Edit reply", reply)
    await mara.submit(opened, {"text": "Now this is bad."})
    await mara.wait_for_message(lambda m: "does not let these words through" in m.content)
    assert (await played.memory())[-1] == ("Clover", "How ---- of you.")


async def test_s33_an_edited_line_is_judged_anew(played: Played, judge: Judge) -> None:
    line = await played.say("A good line.")
    await played.reply(after=line)

    await played.world.mara.edit(line, "A bad line.")

    async def is_gone() -> bool:
        return all("line" not in text for _, text in await played.memory())

    await eventually(is_gone)
    assert {each["direction"] for each in judge.asked} == {"incoming", "outgoing"}
