"""Narrator's lines, dice, notes, scenarios and wishes, on a running bot."""

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.redis_store import RedisSceneStore
from bot.core.scene import ChannelId, MessageId, Role, Turn
from bot.playground.rights import Right
from bot.playground.world import TAVERN_ID, TOM_ID
from tests.fakes.discord_faults import STORE_THEN_SILENCE
from tests.fakes.scripted_discord import Fault
from tests.playground.driver import Member, Shown, eventually
from tests.wire.faulty import Faulty, faulty
from tests.wire.running import Running

TAVERN = ChannelId(TAVERN_ID)
SILENCE = Fault(after_s=3600)
ANSWER = " By this lamp, I do."


async def begin(stage: Running | Faulty, *, greeting: str = "none") -> None:
    mara = stage.world.mara
    stage.tgi.reply = lambda _: ANSWER
    await mara.answer(await mara.slash("roleplay start", character="clover", greeting=greeting))


async def told(member: Member, command: str, **options: Any) -> Shown:
    """What the bot answers to a command: seen by nobody else."""
    answer = await member.answer(await member.slash(command, **options))
    assert answer.is_ephemeral
    return answer


async def narrated(member: Member) -> list[Shown]:
    """What the narrator has said, as everybody sees it."""
    return [m for m in await member.messages() if m.is_webhook and m.author == "Narrator"]


async def reply(stage: Running | Faulty, line: str) -> str:
    """Say *line*, wait for the reply, and return the prompt that it was asked with."""
    mara = stage.world.mara
    sent = await mara.send(line)
    await mara.wait_for_message(
        lambda m: m.is_webhook and m.id > sent.id and ANSWER[1:] in m.content
    )
    # Whatever is noted with the reply is there once the scene says that none is written.
    await eventually(lambda: _is_quiet(mara))
    return stage.tgi.asked[-1].prompt


async def _is_quiet(member: Member) -> bool:
    return "is being written" not in (await told(member, "roleplay status")).content


async def turns(store: RedisSceneStore, role: Role = Role.NARRATOR) -> list[Turn]:
    scene = await store.read(TAVERN)
    assert scene is not None
    return [turn for turn in scene.turns if turn.role is role]


async def test_what_a_narrator_tells_is_seen_remembered_and_read(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    await begin(stage)

    await told(mara, "narrate", text="Thunder rolls over the bay.")
    await told(mara, "time", text="three days later")
    await told(mara, "roll", dice="2d6 + 3", reason="Stealth")

    shown = await narrated(mara)
    thunder, time, roll = (m.content for m in shown)
    assert (thunder, time) == ("Thunder rolls over the bay.", "— Three days later. —")
    found = re.fullmatch(r"Mara rolls 2d6\+3: ([1-6]) \+ ([1-6]) \+ 3 = (\d+) \(Stealth\)", roll)
    assert found is not None
    assert int(found[1]) + int(found[2]) + 3 == int(found[3])
    assert [m.labels for m in shown] == [[], [], []]
    remembered = [(turn.text, turn.messages) for turn in await turns(scene_store)]
    assert remembered == [(m.content, (MessageId(m.id),)) for m in shown]
    assert stage.tgi.asked == []  # nobody was asked for an answer
    prompt = await reply(stage, "I step inside.")
    assert f"{thunder}\n{time}\n{roll}\nMara: I step inside." in prompt


async def test_a_narrators_line_that_is_edited_or_deleted_is_so_in_memory(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, ann = stage.world.mara, stage.world.ann
    await begin(stage)
    await told(mara, "narrate", text="It rains.")
    [line] = await narrated(mara)

    await ann.delete(line)

    async def is_forgotten() -> bool:
        return await turns(scene_store) == []

    await eventually(is_forgotten)


async def test_why_says_what_a_narrators_line_is(stage: Running) -> None:
    mara = stage.world.mara
    await begin(stage)
    await told(mara, "narrate", text="It rains.")
    [line] = await narrated(mara)

    why = await mara.answer(await mara.context("Why?", line))

    assert "a narrator's line: Clover knows it" in why.content


async def test_notes_scenarios_and_wishes_reach_the_next_prompt(stage: Running) -> None:
    mara = stage.world.mara
    await begin(stage)

    note = await told(mara, "note", text="The lamp oil runs low.", depth=1, **{"for": "next"})
    scenario = await told(mara, "scenario", text="A lighthouse in a storm.")
    wish = await told(mara, "ooc", text="Keep it short.")

    assert note.content == (
        "**Author's note** (for the next reply, 1 line before the end): The lamp oil runs low."
    )
    assert scenario.content == "**Scenario:** A lighthouse in a storm."
    assert wish.content == "**For the next reply:** Keep it short."
    first = await reply(stage, "Good evening.")
    assert "Scenario: A lighthouse in a storm.\n" in first
    assert "The lamp oil runs low.\nMara: Good evening.\n[Keep it short.]" in first
    second = await reply(stage, "And now?")
    assert "Scenario: A lighthouse in a storm.\n" in second
    assert "lamp oil" not in second
    assert "Keep it short" not in second
    assert "no author's note" in (await told(mara, "note")).content
    assert (await told(mara, "ooc")).content == "Nothing is asked of the next reply."


async def test_row_09_a_note_stays_until_it_is_cleared_also_after_a_restart(stage: Running) -> None:
    mara = stage.world.mara
    await begin(stage)
    await told(mara, "note", text="The lamp oil runs low.")
    assert "The lamp oil runs low." in await reply(stage, "Good evening.")
    note = await told(mara, "note")
    wish = await told(mara, "ooc", text="Keep it short.")
    await stage.bot.kill()
    await stage.bot.start()
    await stage.bot.wait_ready()

    for shown in (note, wish):
        assert (await mara.click(shown, "Clear")).is_acknowledged
        await mara.wait_for_message(
            lambda m, shown=shown: m.id == shown.id and "any more" in m.content  # type: ignore[misc]  # mypy knows no types of lambdas with defaults
        )

    prompt = await reply(stage, "And now?")
    assert "lamp oil" not in prompt
    assert "Keep it short" not in prompt


async def test_dice_that_cannot_be_read_get_one_sentence(stage: Running) -> None:
    mara = stage.world.mara
    await begin(stage)

    answer = await told(mara, "roll", dice="a fireball")

    assert answer.content == "I cannot read these dice. Write them like 1d20+3, 4d6 or 2d20kh1."
    assert await narrated(mara) == []


async def test_two_members_who_tell_at_once_are_both_heard(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    await begin(stage)

    answers = await asyncio.gather(
        told(mara, "narrate", text="It rains."),
        told(tom, "narrate", text="It pours."),
        told(mara, "note", text="The lamp oil runs low."),
        told(mara, "ooc", text="Keep it short."),
        told(tom, "roll", dice="d20"),
    )
    assert not [answer.content for answer in answers if "try again" in answer.content]

    shown = await narrated(mara)
    assert {m.content for m in shown} >= {"It rains.", "It pours."}
    assert {turn.text for turn in await turns(scene_store)} == {m.content for m in shown}
    assert len(shown) == 3
    prompt = await reply(stage, "Good evening.")
    assert "The lamp oil runs low." in prompt
    assert "[Keep it short.]" in prompt


async def test_row_15_who_has_no_right_gets_one_sentence(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    await begin(stage)
    note = await told(mara, "note", text="The lamp oil runs low.")

    for command, options in (
        ("note", {}),
        ("note", {"text": "No."}),
        ("scenario", {"text": "No."}),
    ):
        answer = await told(tom, command, **options)
        assert answer.content.startswith("Only the one who started the scene and moderators may ")
    assert (await told(tom, "scenario")).content.startswith("**Scenario:**")

    await stage.world.overwrite(TAVERN_ID, TOM_ID, deny=int(Right.SEND_MESSAGES))
    for command, options in (
        ("narrate", {"text": "No."}),
        ("time", {"text": "No."}),
        ("roll", {"dice": "d20"}),
        ("ooc", {"text": "No."}),
    ):
        answer = await told(tom, command, **options)
        assert answer.content.startswith("You need the right to write here to ")

    scene = await scene_store.read(TAVERN)
    assert scene is not None
    assert (scene.turns, scene.head.note) == ((), "The lamp oil runs low.")
    assert note.is_ephemeral


async def test_row_14_nothing_that_is_told_pings_anybody(stage: Running) -> None:
    mara, world = stage.world.mara, stage.world
    await begin(stage)
    line = f"@everyone <@{TOM_ID}> look!"

    await told(mara, "narrate", text=line)
    await told(mara, "roll", dice="d20", reason=line)

    shown = await narrated(mara)
    assert [line in m.content for m in shown] == [True, True]
    for message in shown:
        raw = await world.rest("GET", f"/channels/{TAVERN_ID}/messages/{message.id}")
        assert (raw["mention_everyone"], raw["mentions"]) == (False, [])


async def test_without_a_scene_nothing_is_told(stage: Running) -> None:
    mara = stage.world.mara

    for command, options in (
        ("narrate", {"text": "It rains."}),
        ("roll", {"dice": "d20"}),
        ("note", {}),
        ("scenario", {}),
        ("ooc", {"text": "Keep it short."}),
    ):
        assert "No scene is live here" in (await told(mara, command, **options)).content

    assert await narrated(mara) == []


async def test_a_line_is_told_in_direct_messages_under_the_narrators_name(stage: Running) -> None:
    mara = stage.world.mara
    dm = await mara.dm()
    await mara.answer(
        await mara.slash("roleplay start", character="clover", greeting="none", channel=dm)
    )

    await mara.answer(await mara.slash("narrate", text="It rains.", channel=dm))

    shown = [m.content for m in await mara.messages(dm) if not m.is_ephemeral]
    assert shown == ["**Narrator**\nIt rains."]


@pytest.fixture
async def hanging(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Faulty, None]:
    """A bot in a Discord that answers a post when it is told to."""
    async with faulty(clean_redis_url, tmp_path) as everything:
        yield everything


@pytest.mark.parametrize("is_told_again", [True, False], ids=["told again", "looked up"])
@pytest.mark.parametrize("fault", [SILENCE, STORE_THEN_SILENCE], ids=["before", "after"])
async def test_p2_a_line_is_told_once_although_the_bot_is_killed_around_its_post(
    hanging: Faulty, scene_store: RedisSceneStore, fault: Fault, *, is_told_again: bool
) -> None:
    """What is said meanwhile is heard, whether Discord tells of it or it has to be read."""
    mara = hanging.world.mara
    await begin(hanging, greeting="1")
    bot = (await hanging.world.rest("GET", "/users/@me"))["id"]
    hanging.faults.script(f"POST /webhooks/(?!{bot})", fault)
    await mara.slash("narrate", text="Thunder rolls over the bay.")
    await eventually(lambda: len(hanging.faults.struck) == 1)

    await hanging.bot.kill()
    await mara.send("Did you hear that?")
    if not is_told_again:
        await hanging.world.gateway("invalidate", resumable=False)
    await hanging.bot.start()
    await hanging.bot.wait_ready()

    await eventually(lambda: _is_remembered(scene_store))
    await eventually(lambda: _is_without_row(mara))  # the mark leaves after it is remembered
    [shown] = await narrated(mara)
    [turn] = await turns(scene_store)
    assert shown.content == "Thunder rolls over the bay."
    assert turn.messages == (MessageId(shown.id),)
    await mara.wait_for_message(lambda m: ANSWER[1:] in m.content, 20)
    assert "Thunder rolls over the bay.\nMara: Did you hear that?" in hanging.tgi.asked[-1].prompt


async def _is_without_row(member: Member) -> bool:
    return not any(shown.labels for shown in await narrated(member))


async def _is_remembered(store: RedisSceneStore) -> bool:
    return all(turn.messages for turn in await turns(store))
