"""Lore on a running bot: added, told, explained, tried out, imported, removed."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.playground.driver import Member
from tests.wire.playing import Played, playing

FILE = json.dumps(
    {"entries": {"0": {"key": ["gull"], "content": "Gulls are thieves.", "comment": "Gulls"}}}
).encode()


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        yield everything


async def add(played: Played, text: str, keys: str, name: str) -> str:
    use = await played.world.mara.slash("lore add", text=text, keys=keys, name=name)
    return (await played.world.mara.answer(use)).content


async def entries(who: Member) -> list[tuple[str, str]]:
    return await who.autocomplete("lore edit", "entry", "")


async def test_lore_is_told_when_it_comes_up_and_why_says_so(played: Played) -> None:
    mara, tom = played.world.mara, played.world.tom
    told = await add(played, "{{char}} rings it.", "bell", "The bell")
    assert "**lore**" in told

    assert "The bell" in await played.command("lore test", text="a bell!")
    assert await played.command("lore test", text="nothing") == "Nothing would come up."
    assert "Only the one who started" in await played.command(
        "lore add", member=tom, text="x", keys="x"
    )
    assert await entries(tom) == []

    line = await played.say("Do you hear the bell?")
    shown = await played.reply(after=line)

    assert "Clover rings it." in played.tgi.asked[-1].prompt
    why = await mara.answer(await mara.context("Why?", shown))
    assert "**Lore:** The bell" in why.content
    assert "Lore that came up: The bell." in await played.command("context")


async def test_entries_are_changed_and_removed_and_outlive_the_process(played: Played) -> None:
    await add(played, "It rings.", "bell", "The bell")
    [(name, ref)] = await entries(played.world.mara)
    assert name == "The bell: bell"
    assert "It rings." in await played.command("lore edit", entry=ref)

    await played.command("lore edit", entry=ref, text="It is cracked.")
    await played.restart()
    await played.reply(after=await played.say("The bell?"))
    assert "It is cracked." in played.tgi.asked[-1].prompt

    [(_, ref)] = await entries(played.world.mara)
    assert await played.command("lore remove", what=ref) == "The entry is gone."
    left = await played.command("lore list")
    assert left.startswith("**Clover** brings a lorebook")


async def test_a_lorebook_comes_from_a_file_and_goes_as_a_whole(played: Played) -> None:
    told = await played.command("lore import", file=("coast.json", FILE))
    assert "**coast** is here: 1 entries." in told
    assert "Gulls: gull" in await played.command("lore list")

    await played.reply(after=await played.say("A gull!"))
    assert "Gulls are thieves." in played.tgi.asked[-1].prompt

    choices = await played.world.mara.autocomplete("lore remove", "what", "coast")
    assert "is gone" in await played.command("lore remove", what=choices[0][1])
    assert "no lorebook in" in await played.command(
        "lore import", file=("a.json", b'{"entries": {}}')
    )
