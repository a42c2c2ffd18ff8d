"""When a running bot answers, what is quoted, and lines that another bot posts for a player."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.playground.world import TAVERN_ID
from tests.playground.driver import Shown, eventually
from tests.wire.playing import Played, playing


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        yield everything


async def is_told_why(played: Played, message: Shown, words: str) -> None:
    """Wait until "Why?" explains it so: a line is decided about a moment after it is written."""
    mara = played.world.mara

    async def is_so() -> bool:
        told = await mara.answer(await mara.context("Why?", message))
        return words in str(told.raw)

    await eventually(is_so)


async def test_each_mode_has_its_calls(played: Played) -> None:
    mara = played.world.mara
    assert "Answered now: **name**" in await played.command("scene reply", mode="name")
    ignored = await played.say("Is anybody there?")
    first = await played.reply(after=await played.say("Clover?"))
    await is_told_why(played, ignored, "say the name")

    await played.command("scene reply", mode="mention")
    unheard = await played.say("Clover?")
    second = await played.reply(after=await played.say("You!", reply_to=first))
    await is_told_why(played, unheard, "who mention me")

    await played.command("scene reply", mode="always")
    third = await played.reply(after=await played.say("Hm.", member=played.world.tom))

    assert len(played.tgi.asked) == 3
    assert len({first.content, second.content, third.content}) == 3
    assert "Mara: Is anybody there?" in played.tgi.asked[0].prompt
    assert not [m for m in await mara.messages() if "Several of you" in m.content]
    assert "Answered: **always**" in await played.command("roleplay status")


async def test_a_round_ends_when_both_have_written_also_over_a_restart(played: Played) -> None:
    tom = played.world.tom
    await played.reply(after=await played.say("Clover?"))
    await played.reply(after=await played.say("Clover!", member=tom))
    await played.command("scene reply", mode="turns")

    waiting = await played.say("I knock, Clover.")
    await is_told_why(played, waiting, "everybody who plays along has written")
    await played.restart()
    assert len(played.tgi.asked) == 2
    line = await played.say("I push.", member=tom)
    await played.reply(after=line)

    assert "### Input:\nMara: I knock, Clover.\nTom: I push.\n" in played.tgi.asked[2].prompt
    assert len(played.tgi.asked) == 3


async def test_row_04_two_last_lines_of_a_round_at_once_get_one_reply(played: Played) -> None:
    tom = played.world.tom
    await played.reply(after=await played.say("Clover?"))
    await played.reply(after=await played.say("Clover!", member=tom))
    await played.command("scene reply", mode="turns")
    before = len(await played.remembers(4))

    lines = await asyncio.gather(played.say("I knock."), played.say("I push.", member=tom))
    await played.reply(after=max(lines, key=lambda line: line.id))

    names = (await played.remembers(before + 3))[before:]
    assert sorted(names[:2]) == ["Mara", "Tom"]
    assert names[2:] == ["Clover"]


async def test_talk_ends_a_round_early(played: Played) -> None:
    await played.reply(after=await played.say("Clover?"))
    await played.reply(after=await played.say("Clover!", member=played.world.tom))
    await played.command("scene reply", mode="turns")
    line = await played.say("I knock.")

    await played.command("talk", member=played.world.tom)
    await played.reply(after=line)

    assert "Mara: I knock." in played.tgi.asked[-1].prompt


async def test_an_older_message_is_quoted_as_it_stands(played: Played) -> None:
    mara = played.world.mara
    first = await played.say("I am Bea.")
    reply = await played.reply(after=first)
    await mara.edit(first, "I am Ada.")

    async def is_edited() -> bool:
        return (await played.memory())[0][1] == "I am Ada."

    await eventually(is_edited)
    await played.reply(after=await played.say("Right before.", reply_to=reply))
    await played.reply(after=await played.say("Remember?", reply_to=first))

    assert "In answer to" not in played.tgi.asked[1].prompt
    assert "Mara: [In answer to Mara: “I am Ada.”] Remember?" in played.tgi.asked[2].prompt


async def test_row_16_a_proxied_line_is_one_line_with_one_reply(played: Played) -> None:
    world, mara = played.world, played.world.mara
    path = await world.foreign_webhook(TAVERN_ID)
    played.tgi.first_token_s = 0.3

    original = await played.say("L: I knock.")
    await played.asked(1)
    posted = await world.rest(
        "POST", f"{path}?wait=true", json={"content": "I knock.", "username": "Lyra"}
    )
    await world.ann.delete(original)
    reply = await played.reply(after=original, by="Clover")
    await played.equal(("Lyra", "I knock."), ("Clover", reply.content))

    line = (await played.scene()).turns[0]
    assert (line.author, line.messages) == (mara.id, (int(posted["id"]),))
    assert "### Input:\nLyra: I knock.\n" in played.tgi.asked[-1].prompt
    assert "L: I" not in played.tgi.asked[-1].prompt
    told = len(played.tgi.asked)

    await played.restart()
    assert "I remember them as they stand" in await played.command("scene verify")
    await played.equal(("Lyra", "I knock."), ("Clover", reply.content))
    assert len(played.tgi.asked) == told


async def test_row_16_the_deletion_may_come_first(played: Played) -> None:
    world = played.world
    path = await world.foreign_webhook(TAVERN_ID)
    played.tgi.first_token_s = 0.3

    original = await played.say("L: I knock.")
    await played.asked(1)
    await world.ann.delete(original)
    await world.rest("POST", path, json={"content": "I knock.", "username": "Lyra"})
    reply = await played.reply(after=original, by="Clover")

    await played.equal(("Lyra", "I knock."), ("Clover", reply.content))
    assert "Lyra: I knock." in played.tgi.asked[-1].prompt


async def test_row_16_a_proxied_line_that_a_kill_left_unanswered_is_answered_once(
    played: Played,
) -> None:
    world = played.world
    path = await world.foreign_webhook(TAVERN_ID)
    played.tgi.first_token_s = 30
    original = await played.say("L: I knock.")
    await played.asked(1)
    await world.rest("POST", path, json={"content": "I knock.", "username": "Lyra"})
    await world.ann.delete(original)

    async def is_taken() -> bool:
        return await played.memory() == [("Lyra", "I knock.")]

    await eventually(is_taken)
    played.tgi.first_token_s = 0
    await played.restart()

    reply = await played.reply(after=original, by="Clover")
    await played.equal(("Lyra", "I knock."), ("Clover", reply.content))
    assert "L: I" not in played.tgi.asked[-1].prompt


async def test_row_16_other_webhooks_stay_out_and_are_not_answered(played: Played) -> None:
    path = await played.world.foreign_webhook(TAVERN_ID)
    for text in ("Clover?", "Build 7 passed."):
        await played.world.rest("POST", path, json={"content": text, "username": "Lyra"})

    await played.reply(after=await played.say("Clover!"), by="Clover")

    assert await played.remembers(2) == ["Mara", "Clover"]
    assert "Build 7" not in played.tgi.asked[-1].prompt
    assert len(played.tgi.asked) == 1


async def test_a_proxied_line_is_edited_and_deleted_with_its_message(played: Played) -> None:
    world = played.world
    path = await world.foreign_webhook(TAVERN_ID)
    original = await played.say("L: I knock.")
    posted = await world.rest(
        "POST", f"{path}?wait=true", json={"content": "I knock.", "username": "Lyra"}
    )
    await world.ann.delete(original)
    reply = await played.reply(after=original, by="Clover")
    await played.equal(("Lyra", "I knock."), ("Clover", reply.content))

    await world.rest("PATCH", f"{path}/messages/{posted['id']}", json={"content": "I push."})
    await played.equal(("Lyra", "I push."), ("Clover", reply.content))
    await world.rest("DELETE", f"{path}/messages/{posted['id']}")
    await played.equal(("Clover", reply.content))


async def test_row_03_an_edit_of_a_proxied_line_reaches_its_reply(played: Played) -> None:
    world = played.world
    path = await world.foreign_webhook(TAVERN_ID)
    played.tgi.first_token_s = 30
    original = await played.say("L: I knock.")
    await played.asked(1)
    posted = await world.rest(
        "POST", f"{path}?wait=true", json={"content": "I knock.", "username": "Lyra"}
    )
    await world.ann.delete(original)
    await played.asked(2)

    played.tgi.first_token_s = 0
    await world.rest("PATCH", f"{path}/messages/{posted['id']}", json={"content": "I push."})
    reply = await played.reply(after=original, by="Clover")

    await played.equal(("Lyra", "I push."), ("Clover", reply.content))
    assert "### Input:\nLyra: I push.\n" in played.tgi.asked[-1].prompt
    assert "I knock" not in played.tgi.asked[-1].prompt


async def test_a_proxied_line_may_be_edited_before_its_own_message_is_deleted(
    played: Played,
) -> None:
    world = played.world
    path = await world.foreign_webhook(TAVERN_ID)
    original = await played.say("L: I knock.")
    posted = await world.rest(
        "POST", f"{path}?wait=true", json={"content": "I knock.", "username": "Lyra"}
    )

    await world.rest("PATCH", f"{path}/messages/{posted['id']}", json={"content": "I push."})
    await world.ann.delete(original)

    reply = await played.reply(after=original, by="Clover")
    await played.equal(("Lyra", "I push."), ("Clover", reply.content))


async def test_row_07_a_proxied_line_is_undone_and_brought_back_where_it_stands(
    played: Played,
) -> None:
    world, mara = played.world, played.world.mara
    path = await world.foreign_webhook(TAVERN_ID)
    await played.reply(after=await played.say("Clover?"))
    original = await played.say("L: I knock.")
    posted = Shown(
        await world.rest(
            "POST", f"{path}?wait=true", json={"content": "I knock.", "username": "Lyra"}
        )
    )
    await world.ann.delete(original)
    reply = await played.reply(after=original, by="Clover")
    whole = await played.memory()

    undone = await mara.answer(await mara.slash("undo"))
    await eventually(lambda: _is_so(played, 2))
    marked = await mara.see(posted)
    await mara.click(undone, "Redo")
    again = await played.reply(after=reply, by="Clover")

    assert marked is not None
    assert "🙈" in str(marked.raw["reactions"])
    await played.equal(*whole)
    assert again.content == reply.content
    unmarked = await mara.see(posted)
    assert unmarked is not None
    assert "🙈" not in str(unmarked.raw.get("reactions"))


async def _is_so(played: Played, turns: int) -> bool:
    return len(await played.memory()) == turns


@pytest.mark.parametrize("heard", ["the line", "nothing"])
async def test_row_16_a_line_proxied_while_the_bot_is_down_is_told_and_answered_once(
    played: Played, heard: str
) -> None:
    world = played.world
    path = await world.foreign_webhook(TAVERN_ID)
    as_lyra = {"content": "I listen.", "username": "Lyra"}
    first = await played.say("L: I listen.")
    await world.rest("POST", path, json=as_lyra)
    await world.ann.delete(first)
    answer = await played.reply(after=first, by="Clover")
    await played.equal(("Lyra", "I listen."), ("Clover", answer.content))
    told = len(played.tgi.asked)

    if heard == "the line":
        played.tgi.first_token_s = 30
        original = await played.say("L: I knock.")
        await played.asked(told + 1)
        await played.bot.kill()
    else:
        await played.bot.kill()
        original = await played.say("L: I knock.")
    await world.rest("POST", path, json={"content": "I knock.", "username": "Lyra"})
    await world.rest("POST", path, json={"content": "Build 7 passed.", "username": "Builds"})
    await world.ann.delete(original)
    await world.gateway("invalidate", resumable=False)
    played.tgi.first_token_s = 0
    await played.bot.start()
    await played.bot.wait_ready()
    reply = await played.reply(after=original, by="Clover")

    story = [("Lyra", "I listen."), ("Clover", answer.content)]
    story += [("Lyra", "I knock."), ("Clover", reply.content)]
    await _is_remembered(played, story)
    assert "### Input:\nLyra: I knock.\n" in played.tgi.asked[-1].prompt
    assert "Build 7" not in played.tgi.asked[-1].prompt
    line = (await played.scene()).turns[2]
    assert line.author == world.mara.id


async def _is_remembered(played: Played, story: list[tuple[str, str]]) -> None:
    async def is_so() -> bool:
        return await played.memory() == story

    try:
        await eventually(is_so, 10)
    except AssertionError:
        raise AssertionError(await played.memory()) from None
