"""Drafts of a player's own turn and suggestions, on a running bot."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.redis_store import RedisSceneStore
from bot.core.scene import ChannelId, MessageId, Role, Turn, UserId
from bot.playground.rights import Right
from bot.playground.world import MARA_ID, TAVERN_ID, TOM_ID
from tests.fakes.discord_faults import STORE_THEN_SILENCE
from tests.fakes.scripted_discord import Fault
from tests.playground.driver import Member, Shown, eventually
from tests.wire.faulty import Faulty, faulty
from tests.wire.running import BotProcess, Running

TAVERN = ChannelId(TAVERN_ID)
SILENCE = Fault(after_s=3600)
HEADLINE = "-# A draft of your next turn: only you see it."
OPEN = "### Input:\nMara:"
ANSWER = "By this lamp, I do."
DRAFT = "I knock three times."
ACTIONS = [" I knock.", " I knock!", " I wait in the rain.", " I call her name."]


def scripted(stage: Running | Faulty, *drafts: str) -> None:
    """Let the model write *drafts* for players, one after the other, and answer all else."""
    left = list(drafts)

    def write(prompt: str) -> str:
        if prompt.endswith("Mara:"):
            return left.pop(0) if len(left) > 1 else left[0]
        return f" {ANSWER}"

    stage.tgi.reply = write


async def begin(stage: Running | Faulty) -> None:
    mara = stage.world.mara
    scripted(stage, f" {DRAFT}\nClover: Come in.\n### Response:\nClover: Sit.")
    await mara.answer(await mara.slash("roleplay start", character="clover", greeting="1"))


async def draft(stage: Running | Faulty, **options: Any) -> Shown:
    mara = stage.world.mara
    shown = await mara.answer(await mara.slash("impersonate", **options))
    assert shown.is_ephemeral
    return shown


async def restarted(bot: BotProcess) -> None:
    await bot.kill()
    await bot.start()
    await bot.wait_ready()


async def own_lines(member: Member, text: str) -> list[Shown]:
    """Messages that show *text* under Mara's name and are not written by her."""
    shown = [m for m in await member.messages() if m.is_webhook and m.author == "Mara"]
    return [m for m in shown if m.content == text]


async def lines(store: RedisSceneStore) -> list[Turn]:
    scene = await store.read(TAVERN)
    assert scene is not None
    return [turn for turn in scene.turns if turn.role is Role.PLAYER]


async def answered(stage: Running | Faulty, after: Shown) -> Shown:
    return await stage.world.mara.wait_for_message(
        lambda m: m.is_webhook and m.id > after.id and m.content == ANSWER, 20
    )


async def test_row_02_a_draft_is_seen_by_its_member_only_and_sent_as_their_own_line(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    await begin(stage)

    shown = await draft(stage)

    assert shown.content == f"{HEADLINE}\n{DRAFT}"  # nothing of what is Clover's
    assert shown.labels == ["Send", "Edit", "Again"]
    assert await tom.see(shown) is None
    assert stage.tgi.asked[-1].prompt.endswith(OPEN)
    assert "\nClover:" in stage.tgi.asked[-1].parameters["stop"]
    assert await lines(scene_store) == []

    assert (await mara.click(shown, "Send")).is_acknowledged
    reply = await answered(stage, shown)

    [sent] = await own_lines(tom, DRAFT)
    assert sent.id < reply.id
    assert sent.avatar_url
    assert sent.labels == []
    await mara.wait_for_message(lambda m: m.id == shown.id and m.content == "Sent.")
    [line] = await lines(scene_store)
    assert (line.text, line.author, line.name) == (DRAFT, UserId(MARA_ID), "Mara")
    assert line.messages == (MessageId(sent.id),)
    assert stage.tgi.asked[-1].prompt.split("\n\n")[-2].endswith(f"Mara: {DRAFT}")


async def test_a_sent_line_that_is_deleted_is_forgotten(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, ann = stage.world.mara, stage.world.ann
    await begin(stage)
    shown = await draft(stage)
    await mara.click(shown, "Send")
    await answered(stage, shown)

    [sent] = await own_lines(mara, DRAFT)
    await ann.delete(sent)

    async def is_forgotten() -> bool:
        return await lines(scene_store) == []

    await eventually(is_forgotten)


async def test_row_09_a_draft_can_be_edited_in_a_form_that_outlives_a_restart(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    await begin(stage)
    shown = await draft(stage, hint="knock\nloudly")
    assert shown.content == f"{HEADLINE} Hint: knock loudly\n{DRAFT}"
    form = await mara.click(shown, "Edit")
    await restarted(stage.bot)

    assert (await mara.submit(form, {"text": " I knock once. "})).is_acknowledged
    edited = await mara.wait_for_message(
        lambda m: m.id == shown.id and m.content.endswith("\nI knock once.")
    )
    assert edited.content.startswith(f"{HEADLINE} Hint: knock loudly\n")
    await mara.click(edited, "Send")
    await answered(stage, shown)

    assert [line.text for line in await lines(scene_store)] == ["I knock once."]


async def test_another_draft_takes_the_place_of_the_first_with_the_same_hint(
    stage: Running,
) -> None:
    mara = stage.world.mara
    await begin(stage)
    shown = await draft(stage, hint="knock loudly")
    assert stage.tgi.asked[-1].prompt.endswith("[Mara goes on: knock loudly]\nMara:")
    scripted(stage, " I kick the door.")
    await restarted(stage.bot)

    assert (await mara.click(shown, "Again")).is_acknowledged
    await mara.wait_for_message(
        lambda m: m.content == f"{HEADLINE} Hint: knock loudly\nI kick the door."
    )

    assert stage.tgi.asked[-1].prompt.endswith("[Mara goes on: knock loudly]\nMara:")


async def test_row_09_three_suggestions_are_buttons_that_say_them_also_after_a_restart(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    await begin(stage)
    scripted(stage, *ACTIONS)

    shown = await mara.answer(await mara.slash("suggest"))

    assert shown.is_ephemeral
    assert shown.labels == ["I knock.", "I wait in the rain.", "I call her name."]
    assert "\n2. I wait in the rain.\n" in shown.content
    await restarted(stage.bot)
    assert (await mara.click(shown, "I wait in the rain.")).is_acknowledged
    await answered(stage, shown)
    assert len(await own_lines(mara, "I wait in the rain.")) == 1
    assert [line.text for line in await lines(scene_store)] == ["I wait in the rain."]
    await mara.wait_for_message(lambda m: m.id == shown.id and m.labels == [])


async def test_of_many_clicks_one_line_comes(stage: Running, scene_store: RedisSceneStore) -> None:
    mara = stage.world.mara
    await begin(stage)
    scripted(stage, *ACTIONS)
    shown = await mara.answer(await mara.slash("suggest"))

    await asyncio.gather(*(mara.click(shown, label) for label in (*shown.labels, "I knock.")))
    await answered(stage, shown)
    await mara.wait_for_message(lambda m: m.is_ephemeral and "sent already" in m.content)

    [line] = await lines(scene_store)
    assert len(await own_lines(mara, line.text)) == 1


async def test_row_04_two_members_who_send_at_once_are_both_heard(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    await begin(stage)
    first = await draft(stage)
    stage.tgi.reply = lambda _: " I stay outside."
    second = await tom.answer(await tom.slash("impersonate"))
    assert stage.tgi.asked[-1].prompt.endswith("### Input:\nTom:")
    scripted(stage, "")

    await asyncio.gather(mara.click(first, "Send"), tom.click(second, "Send"))

    async def are_heard() -> bool:
        return len(await lines(scene_store)) == 2

    await eventually(are_heard)
    found = {(line.name, line.author, line.text) for line in await lines(scene_store)}
    assert found == {
        ("Mara", UserId(MARA_ID), DRAFT),
        ("Tom", UserId(TOM_ID), "I stay outside."),
    }


async def test_row_15_who_may_not_write_gets_one_sentence(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    await begin(stage)
    shown = await draft(stage)
    for user in (MARA_ID, TOM_ID):
        await stage.world.overwrite(TAVERN_ID, user, deny=int(Right.SEND_MESSAGES))

    for command in ("impersonate", "suggest"):
        answer = await tom.answer(await tom.slash(command))
        assert answer.content == "You need the right to write here to have a line drafted."
    await mara.click(shown, "Send")
    await mara.wait_for_message(lambda m: m.is_ephemeral and "You need the right" in m.content)

    assert await lines(scene_store) == []


async def test_while_the_model_is_away_one_sentence_says_so(stage: Running) -> None:
    mara = stage.world.mara
    await begin(stage)
    await stage.tgi.stop()

    for command in ("impersonate", "suggest"):
        answer = await mara.answer(await mara.slash(command), 30)
        assert answer.content == (
            "The model is not answering right now. Please try again in a moment."
        )


async def test_nothing_of_a_draft_is_logged(clean_redis_url: str, tmp_path: Path) -> None:
    async with faulty(clean_redis_url, tmp_path) as stage:
        stage.bot.settings["BOT_LOG_LEVEL"] = "DEBUG"
        await restarted(stage.bot)
        mara = stage.world.mara
        await begin(stage)
        scripted(stage, " canarydraft")
        shown = await draft(stage, hint="canaryhint")
        await mara.click(shown, "Send")
        await answered(stage, shown)
        await mara.answer(await mara.slash("narrate", text="canarytold"))
        await mara.answer(await mara.slash("note", text="canarynote"))
        _, printed = await stage.bot.stop()

    assert "canary" not in printed


@pytest.fixture
async def hanging(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Faulty, None]:
    """A bot in a Discord that answers a post when it is told to."""
    async with faulty(clean_redis_url, tmp_path) as everything:
        yield everything


@pytest.mark.parametrize("fault", [SILENCE, STORE_THEN_SILENCE], ids=["before", "after"])
async def test_p2_a_line_is_sent_once_although_the_bot_is_killed_around_its_post(
    hanging: Faulty, scene_store: RedisSceneStore, fault: Fault
) -> None:
    mara = hanging.world.mara
    await begin(hanging)
    shown = await draft(hanging)
    bot = (await hanging.world.rest("GET", "/users/@me"))["id"]
    hanging.faults.script(f"POST /webhooks/(?!{bot})", fault)
    await mara.click(shown, "Send")
    await eventually(lambda: len(hanging.faults.struck) == 1)

    await restarted(hanging.bot)

    reply = await answered(hanging, shown)
    [sent] = await own_lines(mara, DRAFT)
    assert sent.id < reply.id
    assert sent.avatar_url
    [line] = await lines(scene_store)
    assert line.messages == (MessageId(sent.id),)
    await mara.click(shown, "Send")
    await mara.wait_for_message(lambda m: m.is_ephemeral and "sent already" in m.content)
    assert len(await own_lines(mara, DRAFT)) == 1
