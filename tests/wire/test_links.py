"""S09: links in whatever stands under a character's name, by the choice of the server's admins."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.wire.playing import Played, playing

LINK, DEFANGED = "[gold](https://evil.example/a)", "[gold](https: //evil.example/a)"


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        everything.tgi.reply = lambda prompt: f" Take {LINK} or {prompt.count('Input')}."
        yield everything


async def test_s09_replies_edits_and_narrations_hold_no_link_unless_an_admin_lets_them(
    played: Played,
) -> None:
    mara = played.world.mara
    reply = await played.reply(after=await played.say("Where is it?"))
    assert reply.content.startswith(f"Take {DEFANGED}")
    for revision in await played.world.history(reply.id):
        assert "https://" not in revision.text

    opened = await mara.context("Edit reply", reply)
    await mara.submit(opened, {"text": f"No: {LINK} at discord.gg/abc!"})
    await mara.wait_for_message(lambda m: m.content == f"No: {DEFANGED} at discord.gg/…")
    await played.command("narrate", text=f"A sign says {LINK}.")
    told = [text for _, text in await played.screen() if "A sign" in text]
    assert [DEFANGED in text for text in told] == [True]

    await played.command("settings links", member=played.world.ann, keep=True)
    reply = await played.reply(after=await played.say("And now?"))
    assert LINK in reply.content
