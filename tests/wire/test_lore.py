"""Lore on a running bot: added, told, explained, tried out, imported, removed."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.playground.driver import Member, Use
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
    await played.command("lore edit", entry=ref, text="It is cracked.")
    await played.restart()
    await played.reply(after=await played.say("The bell?"))
    assert "It is cracked." in played.tgi.asked[-1].prompt

    [(_, ref)] = await entries(played.world.mara)
    assert await played.command("lore remove", what=ref) == "The entry is gone."
    left = await played.command("lore list")
    assert left.startswith("**Clover** brings a lorebook")


async def test_an_entry_is_changed_in_a_form_that_outlives_the_process(played: Played) -> None:
    mara = played.world.mara
    options: dict[str, Any] = {
        "text": "It rings.",
        "keys": "bell, tower",
        "name": "The bell",
        "also": "old",
    }
    await mara.answer(await mara.slash("lore add", **options))
    [(_, ref)] = await entries(mara)
    use = await mara.slash("lore edit", entry=ref)
    assert prepared(use) == {
        "text": "It rings.", "keys": "bell, tower", "also": "old", "name": "The bell", "ways": [],
    }  # fmt: skip
    await played.restart()

    text = "It is cracked.\n\nNobody says so."
    sent = await mara.submit(use, {"text": text, "keys": "bell\n/b(e|a){1,2}ll/", "also": ""})
    assert (await mara.answer(sent)).content == "The entry is changed."

    await played.reply(after=await played.say("The baall?"))
    assert text in played.tgi.asked[-1].prompt
    [(_, ref)] = await entries(mara)
    again = prepared(await mara.slash("lore edit", entry=ref))
    assert (again["keys"], again["also"]) == ("bell\n/b(e|a){1,2}ll/", "")


async def test_a_form_switches_an_entry_off_and_has_it_told_always(played: Played) -> None:
    mara = played.world.mara
    await add(played, "It rings.", "bell", "The bell")
    [(_, ref)] = await entries(mara)

    await submitted(mara, ref, ways="always")
    await played.reply(after=await played.say("Hello."))
    assert "It rings." in played.tgi.asked[-1].prompt

    use = await mara.slash("lore edit", entry=ref)
    assert prepared(use)["ways"] == ["always"]
    await mara.answer(await mara.submit(use, {"ways": "always off"}))
    await played.reply(after=await played.say("Hello again."))
    assert "It rings." not in played.tgi.asked[-1].prompt

    await submitted(mara, ref, ways="")
    assert "- The bell: bell" in await played.command("lore list")


async def test_a_form_that_comes_too_late_gives_back_what_was_written(played: Played) -> None:
    mara, tom = played.world.mara, played.world.tom
    await add(played, "It rings.", "bell", "The bell")
    [(_, ref)] = await entries(mara)
    early = await mara.slash("lore edit", entry=ref)
    await submitted(mara, ref, text="It hums.")

    await mara.submit(early, {"text": "It is lost."})

    await mara.wait_for_message(lambda m: "changed meanwhile" in m.content)
    kept = await mara.wait_for_message(lambda m: "Here is what you wrote" in m.content)
    assert kept.raw["attachments"]
    refused = await tom.slash("lore edit", entry=ref)
    assert refused.modal is None
    assert "Only the one who started" in (await tom.answer(refused)).content


async def test_an_entry_that_no_form_holds_says_so(played: Played) -> None:
    long = json.dumps({"entries": [{"keys": ["sea"], "content": "Waves. " * 700}]}).encode()
    await played.command("lore import", file=("sea.json", long))
    [(_, ref)] = await entries(played.world.mara)

    told = await played.command("lore edit", entry=ref)

    assert "no place in a form" in told
    assert "changed" in await played.command("lore edit", entry=ref, keys="sea, ocean")


async def submitted(who: Member, ref: str, **fields: str) -> None:
    use = await who.slash("lore edit", entry=ref)
    assert (await who.answer(await who.submit(use, fields))).content == "The entry is changed."


def prepared(use: Use) -> dict[str, str | list[str]]:
    """What stands in the form that was opened."""
    assert use.modal is not None
    fields = [each["component"] for each in use.modal["components"]]
    return {
        each["custom_id"]: [one["value"] for one in each["options"] if one.get("default")]
        if "options" in each
        else each.get("value") or ""
        for each in fields
    }


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
