"""The buttons under a greeting, on a running bot: its other texts, new ones, and the rest of it."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.playground.world import BOT_ID
from tests.fakes.discord_faults import STORE_THEN_SILENCE
from tests.fakes.scripted_discord import Fault
from tests.playground.driver import Shown, eventually
from tests.wire.remembering import until_remembered
from tests.wire.telling import MORE, Told, telling

SILENCE = Fault(after_s=3600)
PREVIOUS, NEXT, NEW, CONTINUE, OFFER = (
    "swipe:prev:",
    "swipe:next:",
    "swipe:new:",
    "continue:",
    "more:",
)
TRAM_STOP, RAIN_CLOUDS, PAPER = (
    "In the middle of the old tram stop",
    "Rain-clouds had come",
    "A paper lay in the basket",
)
POST = rf"POST /webhooks/(?!{BOT_ID})"


@pytest.fixture
async def told(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Told, None]:
    async with telling(clean_redis_url, tmp_path, greeting="1") as everything:
        yield everything


async def greeting(told: Told, begins: str) -> Shown:
    """Wait until the story's only text begins so, with its buttons, in memory as on the screen."""

    async def is_so() -> bool:
        screen = await told.screen()
        return len(screen) == 1 and screen[0].startswith(begins) and screen == await told.memory()

    await eventually(is_so)
    shown = await told.world.mara.wait_for_message(
        lambda m: m.content.startswith(begins) and MORE in m.labels
    )
    return await until_remembered(told.bot, shown)


async def pressed(told: Told, shown: Shown, button: str, begins: str) -> Shown:
    assert (await told.world.mara.click(shown, button)).is_acknowledged
    return await greeting(told, begins)


def position(shown: Shown) -> str:
    return str(shown.component(NEXT, (2,))["label"])


async def test_the_other_greetings_of_a_character_are_swipes_of_the_first_turn(told: Told) -> None:
    first = await greeting(told, TRAM_STOP)
    assert position(first) == "1/3 ▶"
    assert first.component(PREVIOUS, (2,))["disabled"]

    second = await pressed(told, first, NEXT, RAIN_CLOUDS)
    assert (second.id, position(second)) == (first.id, "2/3 ▶")
    back = await pressed(told, second, PREVIOUS, TRAM_STOP)
    assert position(back) == "1/3 ▶"
    await pressed(told, back, NEXT, RAIN_CLOUDS)

    prompt = await told.prompt()
    assert f"Clover: {RAIN_CLOUDS}" in prompt
    assert TRAM_STOP not in prompt

    async def has_no_row() -> bool:
        shown = await told.world.mara.see(first)
        return shown is not None and not shown.labels

    await eventually(has_no_row)  # the row is under the reply now


async def test_behind_the_last_greeting_another_one_is_written(told: Told) -> None:
    shown = await greeting(told, TRAM_STOP)
    for begins in (RAIN_CLOUDS, PAPER):
        shown = await pressed(told, shown, NEXT, begins)
    told.tgi.reply = lambda _: " A bell rings somewhere."

    written = await pressed(told, shown, NEXT, "A bell rings somewhere.")

    assert (written.id, position(written)) == (shown.id, "4/4 ▶")
    asked = told.tgi.asked[-1].prompt
    assert TRAM_STOP not in asked
    assert RAIN_CLOUDS not in asked
    told.tgi.reply = lambda _: " Snow lies on the poppies."
    another = await pressed(told, written, NEW, "Snow lies on the poppies.")
    assert position(another) == "5/5 ▶"
    await pressed(told, another, PREVIOUS, "A bell rings somewhere.")
    assert "Clover: A bell rings somewhere." in await told.prompt()


async def test_a_greeting_goes_on_and_is_changed_like_any_reply(told: Told) -> None:
    shown = await greeting(told, TRAM_STOP)
    told.tgi.reply = lambda _: " It waits."

    assert (await told.world.mara.click(shown, CONTINUE)).is_acknowledged
    whole = await told.world.mara.wait_for_message(
        lambda m: m.id == shown.id and m.content.endswith(" It waits.") and MORE in m.labels
    )
    await told.equal(whole.content)
    assert whole.content.startswith(TRAM_STOP)

    offered = await told.press(whole, OFFER)
    labels = [option["label"] for option in offered.components[0]["options"]]
    usual = ["Shorter", "Longer", "Edit", "Branch", "Pin", "Hide", "Delete", "Why?", "Report"]
    assert labels == usual
    told.tgi.reply = lambda _: " Hello there."
    assert "**medium**" in await told.choose(offered, "Longer")
    longer = await greeting(told, "Hello there.")
    use = await told.world.mara.context("Edit reply", longer)
    assert (await told.world.mara.submit(use, {"text": "Good day."})).is_acknowledged
    await told.equal("Good day.")
    assert "Clover: Good day." in await told.prompt()


async def test_undo_puts_the_buttons_back_under_the_greeting(told: Told) -> None:
    shown = await greeting(told, TRAM_STOP)
    await told.exchange("I wave.", "It waves back.")

    assert "Taken back" in (await told.command("undo")).content

    async def has_it() -> bool:
        return await told.row() == shown.id

    await eventually(has_it)
    await pressed(told, shown, NEXT, RAIN_CLOUDS)


async def test_a_greeting_that_a_kill_kept_from_changing_changes_with_the_next_process(
    told: Told,
) -> None:
    shown = await greeting(told, TRAM_STOP)
    told.faults.script("PATCH /webhooks/.*/messages/", SILENCE)

    assert (await told.world.mara.click(shown, NEXT)).is_acknowledged
    await eventually(lambda: told.faults.struck)
    await told.restart()

    second = await greeting(told, RAIN_CLOUDS)
    assert position(second) == "2/3 ▶"
    await pressed(told, second, PREVIOUS, TRAM_STOP)  # the buttons live, too


async def test_a_kill_while_a_new_greeting_is_written_leaves_it_to_the_next_process(
    told: Told,
) -> None:
    shown = await greeting(told, TRAM_STOP)
    told.tgi.reply, told.tgi.tokens_per_s = (lambda _: " Snow falls on the rails."), 4

    assert (await told.world.mara.click(shown, NEW)).is_acknowledged
    await told.world.mara.wait_for_message(lambda m: "Stop" in m.labels)
    told.tgi.tokens_per_s = 0
    await told.restart()

    written = await greeting(told, "Snow falls on the rails.")
    assert (written.id, position(written)) == (shown.id, "4/4 ▶")


@pytest.mark.parametrize("fault", [SILENCE, STORE_THEN_SILENCE], ids=["lost", "stored"])
async def test_a_greeting_whose_post_a_kill_left_in_doubt_has_its_buttons_once(
    clean_redis_url: str, tmp_path: Path, fault: Fault
) -> None:
    async with telling(clean_redis_url, tmp_path) as told:
        await told.command("roleplay stop")
        told.faults.script(POST, fault)
        await told.world.mara.slash("roleplay start", character="clover")
        await eventually(lambda: told.faults.struck)
        await told.restart()

        shown = await greeting(told, TRAM_STOP)

        assert await told.row() == shown.id
        await pressed(told, shown, NEXT, RAIN_CLOUDS)


async def test_of_two_who_change_a_greeting_at_once_both_are_heard_or_told(told: Told) -> None:
    shown = await greeting(told, TRAM_STOP)
    ann = told.world.ann

    uses = await asyncio.gather(told.world.mara.click(shown, NEXT), ann.click(shown, NEXT))

    assert all(use.is_acknowledged for use in uses)
    await greeting(told, RAIN_CLOUDS)


async def test_row_15_who_did_not_start_the_scene_leaves_its_greeting_alone(told: Told) -> None:
    shown = await greeting(told, TRAM_STOP)

    for button in (NEXT, NEW, CONTINUE):
        said = await told.press(shown, button, member=told.world.tom)
        assert "Only the player who was answered" in said.content

    await greeting(told, TRAM_STOP)
