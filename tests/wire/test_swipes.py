"""Swipes, Continue, Edit, Hide and Pin on a running bot: screen, memory and the next prompt."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.playground.world import TAVERN_ID
from tests.fakes.scripted_discord import Fault
from tests.playground.driver import Shown, eventually
from tests.wire.remembering import until_remembered
from tests.wire.telling import MORE, Told, telling

SILENCE = Fault(after_s=3600)
ONLY = "Only the player who was answered"
PREVIOUS, NEXT, NEW, CONTINUE = "swipe:prev:", "swipe:next:", "swipe:new:", "continue:"


@pytest.fixture
async def told(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Told, None]:
    async with telling(clean_redis_url, tmp_path) as everything:
        yield everything


async def swiped(told: Told, reply: Shown, text: str, button: str = NEXT) -> Shown:
    """Have another swipe written, and wait for it."""
    told.tgi.reply = lambda _: f" {text}"
    assert (await told.world.mara.click(reply, button)).is_acknowledged
    return await told.reply(text)


async def pressed(told: Told, reply: Shown, button: str, text: str) -> Shown:
    """Press a button, and wait until the reply reads so."""
    assert (await told.world.mara.click(reply, button)).is_acknowledged
    return await told.reply(text)


def position(reply: Shown) -> str:
    return str(reply.component(NEXT, (2,))["label"])


async def test_row_07_the_swipe_that_shows_is_the_one_that_is_known(told: Told) -> None:
    _, reply = await told.exchange("I knock.", "The door opens.")
    assert position(reply) == "1/1 ▶"

    second = await swiped(told, reply, "Nobody answers.")
    third = await swiped(told, second, "A dog barks.", NEW)
    assert (second.id, third.id) == (reply.id, reply.id)
    assert position(third) == "3/3 ▶"
    await told.equal("I knock.", "A dog barks.")
    back = await pressed(told, third, PREVIOUS, "Nobody answers.")
    assert position(back) == "2/3 ▶"
    await told.equal("I knock.", "Nobody answers.")
    await pressed(told, back, NEXT, "A dog barks.")
    await pressed(told, back, PREVIOUS, "Nobody answers.")

    prompt = await told.prompt()
    assert "Clover: Nobody answers." in prompt
    assert "barks" not in prompt
    assert "opens" not in prompt


async def test_a_swipe_that_a_kill_kept_from_the_screen_comes_with_the_next_process(
    told: Told,
) -> None:
    _, reply = await told.exchange("I knock.", "The door opens.")
    reply = await swiped(told, reply, "Nobody answers.")
    told.faults.script("PATCH /webhooks/.*/messages/", SILENCE)

    assert (await told.world.mara.click(reply, PREVIOUS)).is_acknowledged
    await eventually(lambda: told.faults.struck)
    await told.restart()

    await told.equal("I knock.", "The door opens.")
    back = await told.reply("The door opens.")
    assert position(back) == "1/2 ▶"
    await pressed(told, back, NEXT, "Nobody answers.")  # the button lives, too


async def left_under(told: Told, turn: str) -> Shown:
    """A row of buttons that a crash has left under an old reply."""
    ids = (PREVIOUS, NEXT, NEW, CONTINUE, "more:")
    cells = [{"type": 2, "style": 2, "label": each, "custom_id": each + turn} for each in ids]
    body = {"content": "The door opens.", "components": [{"type": 1, "components": cells}]}
    await told.world.rest("POST", f"/channels/{TAVERN_ID}/messages", json=body)
    return await told.world.mara.wait_for_message(lambda m: "more:" in m.labels)


@pytest.mark.parametrize("button", [PREVIOUS, NEXT, NEW, CONTINUE, "more:"])
async def test_row_09_buttons_under_an_old_reply_say_so_and_go(told: Told, button: str) -> None:
    await told.exchange("I knock.", "The door opens.")
    await told.exchange("I go in.", "The room is dark.")
    old = await left_under(told, (await told.scene()).turns[1].id)

    said = await told.press(old, button)

    assert said.content == "This reply is too old for buttons: use its Apps menu."

    async def is_bare() -> bool:
        shown = await told.world.mara.see(old)
        return shown is not None and not shown.labels

    await eventually(is_bare)
    assert await told.memory() == ["I knock.", "The door opens.", "I go in.", "The room is dark."]


async def test_row_04_of_two_who_swipe_at_once_one_wins(told: Told) -> None:
    _, reply = await told.exchange("I knock.", "The door opens.")
    reply = await swiped(told, reply, "Nobody answers.")
    reply = await swiped(told, reply, "A dog barks.")
    ann = told.world.ann

    uses = await asyncio.gather(told.world.mara.click(reply, PREVIOUS), ann.click(reply, PREVIOUS))

    assert all(use.is_acknowledged for use in uses)
    shown = await told.world.mara.wait_for_message(
        lambda m: m.id == reply.id and m.content != "A dog barks." and MORE in m.labels
    )
    await told.equal("I knock.", shown.content)


async def test_row_15_who_was_not_answered_changes_nothing(told: Told) -> None:
    _, reply = await told.exchange("I knock.", "The door opens.")
    reply = await swiped(told, reply, "Nobody answers.")
    tom = told.world.tom

    for button in (PREVIOUS, NEXT, NEW, CONTINUE):
        assert ONLY in (await told.press(reply, button, member=tom)).content
    for item in ("Edit reply", "Continue"):
        assert ONLY in (await told.menu(item, reply, member=tom)).content
    assert ONLY in (await told.command("continue", member=tom)).content
    for what in ("Shorter", "Longer", "Edit", "Pin", "Hide"):
        offered = await told.press(reply, "more:", member=tom)
        assert ONLY in (await told.press_choice(offered, what, member=tom)).content
    await told.equal("I knock.", "Nobody answers.")


async def test_a_player_who_was_answered_may_swipe_in_somebody_elses_scene(told: Told) -> None:
    _, reply = await told.exchange("Clover, I wave.", "She waves back.", member=told.world.tom)
    told.tgi.reply = lambda _: " She nods."

    assert (await told.world.tom.click(reply, NEW)).is_acknowledged

    await told.reply("She nods.")


async def test_a_reply_goes_on_by_button_command_and_menu(told: Told) -> None:
    _, reply = await told.exchange("I knock.", "The door opens.")

    told.tgi.reply = lambda _: " It creaks."
    assert (await told.world.mara.click(reply, CONTINUE)).is_acknowledged
    await told.reply("The door opens. It creaks.")
    told.tgi.reply = lambda _: " A cat comes out."
    assert "goes on" in (await told.command("continue", hint="There is a cat.")).content
    await told.reply("The door opens. It creaks. A cat comes out.")
    hinted = told.tgi.asked[-1].prompt
    told.tgi.reply = lambda _: " It purrs."
    whole = await told.reply("The door opens. It creaks. A cat comes out.")
    assert "goes on" in (await told.menu("Continue", whole)).content

    text = "The door opens. It creaks. A cat comes out. It purrs."
    await told.reply(text)
    await told.equal("I knock.", text)
    assert "There is a cat." in hinted
    assert "There is a cat." not in told.tgi.asked[-1].prompt


async def test_a_reply_is_edited_as_a_whole(told: Told) -> None:
    long = "The door opens. " * 150
    _, reply = await told.exchange("I knock.", "The door opens.")

    use = await told.world.mara.context("Edit reply", reply)
    assert (await told.world.mara.submit(use, {"text": long})).is_acknowledged

    async def is_long() -> bool:
        return (await told.scene()).turns[-1].text == long.strip()

    await eventually(is_long)

    async def shows_both() -> bool:
        return len([m for m in await told.world.mara.messages() if m.is_webhook]) == 2

    await eventually(shows_both)
    parts = [m for m in await told.world.mara.messages() if m.is_webhook]
    assert " ".join(part.content for part in parts) == long.strip()
    assert await told.row() == parts[-1].id
    await until_remembered(told.bot, parts[-1])
    again = await told.world.mara.context("Edit reply", parts[-1])
    assert again.modal is not None
    assert (await told.world.mara.submit(again, {"text": "It stays shut."})).is_acknowledged
    await told.equal("I knock.", "It stays shut.")
    assert "Clover: It stays shut." in await told.prompt()
    assert "**Edited by:** Mara" in (await told.menu("Why?", reply)).content


async def test_a_form_outlives_the_process_that_opened_it(told: Told) -> None:
    _, reply = await told.exchange("I knock.", "The door opens.")
    use = await told.world.mara.context("Edit reply", reply)
    await told.restart()

    assert (await told.world.mara.submit(use, {"text": "It stays shut."})).is_acknowledged

    await told.equal("I knock.", "It stays shut.")


async def test_an_edit_that_a_kill_kept_from_the_screen_comes_with_the_next_process(
    told: Told,
) -> None:
    _, reply = await told.exchange("I knock.", "The door opens.")
    use = await told.world.mara.context("Edit reply", reply)
    told.faults.script("PATCH /webhooks/.*/messages/", SILENCE)

    assert (await told.world.mara.submit(use, {"text": "It stays shut."})).is_acknowledged
    await eventually(lambda: told.faults.struck)
    await told.restart()

    await told.equal("I knock.", "It stays shut.")


async def test_of_two_who_edit_the_second_gets_back_what_was_typed(told: Told) -> None:
    _, reply = await told.exchange("I knock.", "The door opens.")
    mine = await told.world.mara.context("Edit reply", reply)
    theirs = await told.world.ann.context("Edit reply", reply)

    await told.world.mara.submit(mine, {"text": "It stays shut."})
    await told.equal("I knock.", "It stays shut.")
    late = await told.world.ann.submit(theirs, {"text": "It falls over."})

    said = await told.world.ann.wait_for_message(lambda m: "by somebody else" in m.content)
    assert said.interaction_id == late.id
    given_back = await told.world.ann.wait_for_message(lambda m: bool(m.raw["attachments"]))
    assert given_back.is_ephemeral
    await told.equal("I knock.", "It stays shut.")


async def test_an_old_reply_is_edited_while_a_new_one_is_written(told: Told) -> None:
    _, old = await told.exchange("I knock.", "The door opens.")
    use = await told.world.mara.context("Edit reply", old)
    told.tgi.reply, told.tgi.tokens_per_s = lambda _: " word" * 30 + ".", 30
    await told.world.mara.send("I go in.")
    await told.world.mara.wait_for_message(lambda m: "Stop" in m.labels)

    assert (await told.world.mara.submit(use, {"text": "It stays shut."})).is_acknowledged

    await told.equal("I knock.", "It stays shut.", "I go in.", ("word " * 30).strip() + ".")


async def test_shorter_and_longer_write_one_swipe_of_the_next_length(told: Told) -> None:
    _, reply = await told.exchange("I knock.", "The door opens.")

    for what, text, step in (
        ("Longer", "It opens, slowly.", "medium"),
        ("Shorter", "It opens.", "short"),
    ):
        told.tgi.reply = lambda _, text=text: f" {text}"  # type: ignore[misc]
        said = await told.choose(await told.press(reply, "more:"), what)
        assert f"**{step}**" in said
        reply = await told.reply(text)
        assert f"(length = {step})" in told.tgi.asked[-1].prompt

    assert position(reply) == "3/3 ▶"
    await told.choose(await told.press(reply, "more:"), "Longer")
    await told.reply("It opens.")
    assert "(length = short)" in await told.prompt()  # the scene's own stays


async def test_what_is_hidden_stays_on_the_screen_and_the_model_does_not_read_it(
    told: Told,
) -> None:
    line, reply = await told.exchange("I knock.", "The door opens.")

    await told.choose(await told.menu("More…", line), "Hide")
    hidden = await told.prompt()
    await told.choose(await told.menu("More…", line), "Unhide")
    told_again = await told.prompt()
    await told.choose(await told.menu("More…", reply), "Pin")

    assert "I knock." not in hidden
    assert "I knock." in told_again
    assert [turn.pinned for turn in (await told.scene()).turns][:2] == [False, True]
    offered = await told.menu("More…", reply)
    labels = [option["label"] for option in offered.components[0]["options"]]
    assert "Unpin" in labels
    assert "Pin" not in labels


async def test_why_is_offered_under_the_reply(told: Told) -> None:
    _, reply = await told.exchange("I knock.", "The door opens.")

    assert "came about so" in await told.choose(await told.press(reply, "more:"), "Why?")


async def test_only_replies_are_edited_and_only_the_newest_goes_on(told: Told) -> None:
    line, old = await told.exchange("I knock.", "The door opens.")
    await told.exchange("I go in.", "The room is dark.")

    assert "your own in Discord" in (await told.menu("Edit reply", line)).content
    assert "too old" in (await told.menu("Continue", old)).content


async def test_what_a_narrator_says_is_edited_and_what_was_sent_for_a_player_is_not(
    told: Told,
) -> None:
    mara, tgi = told.world.mara, told.tgi
    await told.command("narrate", text="It rains.")
    tgi.reply = lambda prompt: " I knock." if prompt.endswith("Mara:") else " The door opens."
    draft = await mara.answer(await mara.slash("impersonate"))
    await mara.click(draft, "Send")
    await told.reply("The door opens.")
    rain = next(m for m in await mara.messages() if m.author == "Narrator")
    sent = next(m for m in await mara.messages() if m.is_webhook and m.author == "Mara")

    use = await mara.context("Edit reply", rain)
    assert (await mara.submit(use, {"text": "It pours."})).is_acknowledged
    await told.equal("It pours.", "I knock.", "The door opens.")

    assert [m.id for m in await mara.messages() if m.author == "Narrator"] == [rain.id]
    assert "It pours.\nMara: I knock." in await told.prompt()
    assert "is not edited" in (await told.menu("Edit reply", sent)).content
