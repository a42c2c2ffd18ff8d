"""Undo, Redo, Rewind and Delete on a running bot: screen, memory and the next prompt."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.fakes.discord_faults import STORE_THEN_SILENCE
from tests.fakes.scripted_discord import Fault
from tests.playground.driver import eventually
from tests.wire.telling import Told, telling

SILENCE = Fault(after_s=3600)
ONLY = "Only the player who was answered"


@pytest.fixture
async def told(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Told, None]:
    async with telling(clean_redis_url, tmp_path) as everything:
        yield everything


async def test_row_07_undo_and_redo_change_screen_and_memory_alike(told: Told) -> None:
    await told.exchange("I knock.", "The door opens.")
    await told.exchange("I go in.", "The room is dark.")

    undone = await told.command("undo")
    await told.equal("I knock.", "The door opens.")
    assert "1 reply and 1 line" in undone.content
    assert (await told.reply("The door opens.")).id == await told.row()

    assert (await told.world.mara.click(undone, "Redo")).is_acknowledged
    await told.equal("I knock.", "The door opens.", "I go in.", "The room is dark.")
    assert (await told.reply("The room is dark.")).id == await told.row()
    prompt = await told.prompt()
    assert "Mara: I go in." in prompt
    assert "Clover: The room is dark." in prompt


async def test_the_model_knows_nothing_of_what_was_undone(told: Told) -> None:
    for number in range(3):
        await told.exchange(f"Line {number}.", f"Answer {number}.")

    await told.command("undo", turns=2)
    prompt = await told.prompt()

    assert "Line 0." in prompt
    assert "Answer 0." in prompt
    assert "Line 1." not in prompt
    assert "Answer 2." not in prompt


async def tell_and_send(told: Told) -> None:
    """A line of a narrator's, and one that is sent for Mara, with its reply."""
    mara, tgi = told.world.mara, told.tgi
    await told.exchange("I knock.", "The door opens.")
    await told.command("narrate", text="It rains.")
    tgi.reply = lambda prompt: " I go in." if prompt.endswith("Mara:") else " The room is dark."
    draft = await mara.answer(await mara.slash("impersonate"))
    assert (await mara.click(draft, "Send")).is_acknowledged
    await told.reply("The room is dark.")


async def own_posts(told: Told) -> list[tuple[str, str]]:
    """What our webhook has posted, and under whose name."""
    shown = [m for m in await told.world.mara.messages() if m.is_webhook]
    return [(m.author, m.content) for m in shown]


OWN_POSTS = [
    ("Clover", "The door opens."),
    ("Narrator", "It rains."),
    ("Mara", "I go in."),
    ("Clover", "The room is dark."),
]


async def test_redo_leaves_replies_where_they_are_whose_webhook_is_gone(told: Told) -> None:
    _, first = await told.exchange("I knock.", "The door opens.")
    _, second = await told.exchange("I go in.", "The room is dark.")
    await told.world.delete_webhooks(await told.world.mara.channel_id("tavern"))

    undone = await told.command("undo", turns=2)
    assert await told.memory() == []
    assert (await told.world.mara.click(undone, "Redo")).is_acknowledged
    await told.equal("I knock.", "The door opens.", "I go in.", "The room is dark.")

    shown = [m.id for m in await told.world.mara.messages() if m.is_webhook]
    assert shown == [first.id, second.id]
    assert await told.row() == second.id
    prompt = await told.prompt()
    assert "Clover: The room is dark." in prompt


async def test_redo_brings_told_and_sent_lines_back_under_their_own_names(told: Told) -> None:
    await tell_and_send(told)
    assert await own_posts(told) == OWN_POSTS
    face = next(m.avatar_url for m in await told.world.mara.messages() if m.content == "I go in.")

    undone = await told.command("undo")
    await told.equal("I knock.", "The door opens.")
    assert (await told.world.mara.click(undone, "Redo")).is_acknowledged
    await told.equal("I knock.", "The door opens.", "It rains.", "I go in.", "The room is dark.")

    assert await own_posts(told) == OWN_POSTS
    again = next(m for m in await told.world.mara.messages() if m.content == "I go in.")
    assert again.avatar_url == face
    prompt = await told.prompt()
    assert "Clover: The door opens.\n\n### Input:\nIt rains.\nMara: I go in.\n" in prompt


async def test_a_told_line_whose_redo_a_kill_cut_short_is_on_the_screen_again(told: Told) -> None:
    await tell_and_send(told)
    undone = await told.command("undo")
    await told.equal("I knock.", "The door opens.")
    bot = (await told.world.rest("GET", "/users/@me"))["id"]
    told.faults.script(f"POST /webhooks/(?!{bot})", SILENCE)

    assert (await told.world.mara.click(undone, "Redo")).is_acknowledged
    await eventually(lambda: told.faults.struck)
    await told.restart()

    await told.equal("I knock.", "The door opens.", "It rains.")
    assert (await told.world.mara.click(undone, "Redo")).is_acknowledged
    await told.equal("I knock.", "The door opens.", "It rains.", "I go in.", "The room is dark.")
    assert await own_posts(told) == OWN_POSTS


async def test_an_undo_that_a_kill_cut_short_is_done_by_the_next_process(told: Told) -> None:
    await told.exchange("I knock.", "The door opens.")
    await told.exchange("I go in.", "The room is dark.")
    told.faults.script("DELETE /webhooks/", SILENCE)

    assert (await told.world.mara.slash("undo")).is_acknowledged
    await eventually(lambda: told.faults.struck)
    await told.restart()

    await told.equal("I knock.", "The door opens.")
    assert "dark" not in await told.prompt()


async def test_a_redo_that_a_kill_cut_short_goes_on(told: Told) -> None:
    await told.exchange("I knock.", "The door opens.")
    await told.exchange("I go in.", "The room is dark.")
    undone = await told.command("undo", turns=2)
    await told.equal()
    told.faults.script("POST /webhooks/", STORE_THEN_SILENCE)

    assert (await told.world.mara.click(undone, "Redo")).is_acknowledged
    await eventually(lambda: told.faults.struck)
    await told.restart()

    await told.equal("I knock.", "The door opens.")
    await told.reply("The door opens.")
    assert (await told.world.mara.click(undone, "Redo")).is_acknowledged
    await eventually_told(told, 4)  # the lines have stayed: both replies stand below them
    assert await told.memory() == ["I knock.", "The door opens.", "I go in.", "The room is dark."]


async def eventually_told(told: Told, turns: int) -> None:
    async def is_so() -> bool:
        return len(await told.memory()) == turns and sorted(await told.screen()) == sorted(
            await told.memory()
        )

    await eventually(is_so)


async def test_of_two_who_undo_at_once_one_wins(told: Told) -> None:
    await told.exchange("I knock.", "The door opens.")
    await told.exchange("I go in.", "The room is dark.")
    undone = await told.command("undo")
    await told.equal("I knock.", "The door opens.")

    first, second = await asyncio.gather(
        told.world.mara.click(undone, "Redo"), told.world.mara.click(undone, "Redo")
    )

    assert first.is_acknowledged
    assert second.is_acknowledged
    await told.equal("I knock.", "The door opens.", "I go in.", "The room is dark.")


async def test_who_was_not_answered_takes_nothing_back(told: Told) -> None:
    line, reply = await told.exchange("I knock.", "The door opens.")
    tom = told.world.tom

    assert ONLY in (await told.command("undo", member=tom)).content
    assert ONLY in (await told.menu("Rewind to here", line, member=tom)).content
    offered = await told.menu("More…", reply, member=tom)
    assert ONLY in (await told.press_choice(offered, "Delete", member=tom)).content
    await told.equal("I knock.", "The door opens.")


async def test_row_06_undo_ends_the_reply_that_is_being_written(told: Told) -> None:
    await told.exchange("I knock.", "The door opens.")
    told.tgi.reply, told.tgi.tokens_per_s = lambda _: " word" * 200, 20
    await told.world.mara.send("I go in.")
    await told.world.mara.wait_for_message(lambda m: "Stop" in m.labels)

    await told.command("undo")

    await told.equal("I knock.", "The door opens.")
    assert told.tgi.asked[-1].left.is_set()


async def test_rewind_takes_all_that_stands_behind_a_message(told: Told) -> None:
    _, first = await told.exchange("I knock.", "The door opens.")
    await told.exchange("I go in.", "The room is dark.")
    await told.exchange("I light a lamp.", "It is a kitchen.")

    done = await told.menu("Rewind to here", first)

    await told.equal("I knock.", "The door opens.")
    assert "2 replies and 2 lines" in done.content
    assert (await told.world.mara.click(done, "Redo")).is_acknowledged
    await eventually_told(told, 6)


async def test_one_turn_is_deleted_from_the_middle(told: Told) -> None:
    _, first = await told.exchange("I knock.", "The door opens.")
    await told.exchange("I go in.", "The room is dark.")

    offered = await told.menu("More…", first)
    done = await told.choose(offered, "Delete")

    assert "no part of the story" in done
    await told.equal("I knock.", "I go in.", "The room is dark.")
    assert "The door opens." not in await told.prompt()


async def test_a_line_that_is_deleted_is_marked_and_not_known(told: Told) -> None:
    line, _ = await told.exchange("I knock.", "The door opens.")

    await told.choose(await told.menu("More…", line), "Delete")

    await told.equal("The door opens.")
    assert await told.world.mara.see(line) is not None
    assert "I knock." not in await told.prompt()


async def test_what_was_edited_while_it_was_undone_comes_back_as_it_reads(told: Told) -> None:
    await told.exchange("I knock.", "The door opens.")
    line, _ = await told.exchange("I go in.", "The room is dark.")
    undone = await told.command("undo")
    await told.equal("I knock.", "The door opens.")

    await told.world.mara.edit(line, "I run in.")
    assert (await told.world.mara.click(undone, "Redo")).is_acknowledged

    await told.equal("I knock.", "The door opens.", "I run in.", "The room is dark.")


async def test_what_was_undone_is_gone_once_the_story_has_gone_on(told: Told) -> None:
    await told.exchange("I knock.", "The door opens.")
    await told.exchange("I go in.", "The room is dark.")
    undone = await told.command("undo")
    await told.exchange("I wait.", "Nobody comes.")

    assert "gone on since" in (await told.press(undone, "Redo")).content


async def test_there_may_be_nothing_to_undo(told: Told) -> None:
    assert "nothing to undo" in (await told.command("undo")).content
    line = await told.world.mara.send("((hello))")
    assert "no part of the story" in (await told.menu("Rewind to here", line)).content
