"""`run --stand-in`: the bot brings a small model of its own."""

from pathlib import Path

import pytest

from tests.short_character import KEY as PIP
from tests.short_character import folder_of_pip
from tests.wire.running import running

pytestmark = pytest.mark.model


async def test_without_a_model_server_the_stand_in_answers(
    clean_redis_url: str, tmp_path: Path
) -> None:
    characters = str(folder_of_pip(tmp_path))
    async with running(clean_redis_url, tmp_path, start=False, BOT_CHARACTERS=characters) as stage:
        await stage.tgi.stop()
        stage.bot.arguments = ("--stand-in",)
        stage.bot.settings["BOT_DATA"] = str(tmp_path / "data")
        await stage.bot.start()
        await stage.bot.wait_ready(120)
        mara = stage.world.mara
        await mara.answer(await mara.slash("roleplay start", character=PIP, length="micro"))

        sent = await mara.send("Hello, Pip.")
        reply = await mara.wait_for_message(
            lambda m: m.is_webhook and m.id > sent.id and "Stop" not in m.labels, 60
        )
        code, _ = await stage.bot.stop()

    assert reply.content
    assert code == 0
