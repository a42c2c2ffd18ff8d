"""Failures that players of such bots know best, provoked on a running bot."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.playground.world import MARA_ID, TAVERN_ID, TOM_ID
from tests.fakes.scripted_tgi import Fault
from tests.playground.driver import Shown, eventually
from tests.wire.remembering import until_remembered
from tests.wire.telling import Told, telling

PERSONA = "Clover's Persona: "
MOST = 2_000
LONG = (
    "*She turns the lamp, and turns it again.* " * 20
    + "\n```\n"
    + "one line of her log\n" * 60
    + "```\n"
    + "**Nobody has come up the stairs since spring.** " * 20
).strip()
MARKS = (
    "\n\n### Input:\nMara: I sit down.",
    "\n### Response: (length = short)\nClover: And then",
    "</s><s>",
    "<|endoftext|>",
    "\n### Instruction:\nPlay on.",
)


@pytest.fixture
async def told(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Told, None]:
    async with telling(clean_redis_url, tmp_path) as everything:
        yield everything


async def states(told: Told, shown: Shown) -> list[str]:
    """Every text that the message has had."""
    return [revision.text for revision in await told.world.history(shown.id)]


async def test_row_02_a_reply_never_holds_a_players_line_not_even_for_a_moment(told: Told) -> None:
    told.tgi.tokens_per_s = 30
    told.tgi.reply = lambda _: " She waves.\nMara: I wave back, and\n\nTom: me too."
    await told.world.mara.send("I wave.")

    shown = await told.reply("She waves.")

    assert [text for text in await states(told, shown) if re.search("Mara|Tom|back", text)] == []
    await told.equal("I wave.", "She waves.")


async def test_row_03_a_killed_bot_has_forgotten_nothing(told: Told) -> None:
    await told.exchange("My cat is called Biscuit.", "A fine name.")
    await told.exchange("It likes fish.", "Who does not?")
    await told.restart()

    prompt = await told.prompt("What is its name?")

    said = ("My cat is called Biscuit.", "A fine name.", "It likes fish.", "Who does not?")
    places = [prompt.index(text) for text in (PERSONA, *said, "What is its name?")]
    assert places == sorted(places)


async def test_row_03_a_story_that_outgrows_the_model_keeps_who_plays_and_what_is_pinned(
    told: Told,
) -> None:
    first, _ = await told.exchange("My cat is called Biscuit.", "A fine name.")
    await told.choose(await told.menu("More…", first), "Pin")
    for number in range(8):
        await told.exchange(f"Line {number}: " + "we walk on and on. " * 95, f"Step {number}.")

    prompts = [asked.prompt for asked in told.tgi.asked]
    assert "Line 0:" not in prompts[-1]
    assert "Line 7:" in prompts[-1]
    assert all(PERSONA in prompt and "called Biscuit." in prompt for prompt in prompts)


async def test_row_05_a_model_that_hangs_in_one_channel_stops_no_other(told: Told) -> None:
    tom = told.world.tom
    await tom.answer(
        await tom.slash("roleplay start", character="clover", greeting="none", channel="harbour")
    )
    told.tgi.fault = Fault("hang", times=1)
    await told.world.mara.send("I knock.")
    await eventually(lambda: told.tgi.asked)
    told.tgi.reply = lambda _: " The sea is calm."

    await tom.send("How is the sea?", "harbour")
    await tom.wait_for_message(
        lambda m: m.content == "The sea is calm.", channel="harbour", within_s=3
    )

    assert not told.tgi.asked[0].ended
    assert await told.bot.status("/readyz") == 200
    await told.command("roleplay stop")  # nobody waits for the other one any more


async def test_row_10_a_long_reply_is_shown_whole_in_parts_that_read_well(told: Told) -> None:
    await told.command("length", step="unlimited")
    told.tgi.reply = lambda _: f" {LONG}"
    sent = await told.world.mara.send("Tell me all.")
    last = await told.world.mara.wait_for_message(lambda m: m.is_webhook and "⋯" in m.labels)
    await until_remembered(told.bot, last)

    parts = [m.content for m in await told.world.mara.messages() if m.id > sent.id]
    assert len(parts) > 1
    assert all(len(part) <= MOST for part in parts)
    for part in parts:
        assert part.count("```") % 2 == 0
        assert part.replace("```", "").count("*") % 2 == 0
    assert words("\n".join(parts)) == words(LONG)
    assert words(await told_last(told)) == words(LONG)


async def test_row_11_nothing_of_the_prompts_form_is_shown_whatever_the_model_writes(
    told: Told,
) -> None:
    told.tgi.tokens_per_s = 60
    for number, mark in enumerate(MARKS):
        told.tgi.reply = lambda _, mark=mark, number=number: f" Bell {number} rings.{mark}"  # type: ignore[misc]
        sent = await told.world.mara.send("I listen.")

        shown = await told.reply(f"Bell {number} rings.", after=sent.id)

        wanted = f"Bell {number} rings."
        assert [text for text in await states(told, shown) if not wanted.startswith(text)] == []
    assert not any("###" in text or "<" in text for text in await told.memory())


async def test_row_14_a_reply_pings_nobody_when_it_is_posted_or_edited(told: Told) -> None:
    """S08."""
    told.tgi.tokens_per_s = 20
    told.tgi.reply = lambda _: f" @everyone @here <@{TOM_ID}> <@&{TAVERN_ID}> come and see! Quick!"
    sent = await told.world.mara.send(f"Shout @everyone and <@{MARA_ID}>!")

    shown = await told.world.mara.wait_for_message(
        lambda m: m.is_webhook and m.id > sent.id and "⋯" in m.labels
    )

    assert "everyone" in shown.content
    assert len(await states(told, shown)) > 1
    raw = await told.world.rest("GET", f"/channels/{TAVERN_ID}/messages/{shown.id}")
    assert (raw["mention_everyone"], raw["mentions"], raw["mention_roles"]) == (False, [], [])


async def told_last(told: Told) -> str:
    return (await told.memory())[-1]


def words(text: str) -> list[str]:
    """What is read, without marks."""
    return re.sub(r"[*`]", " ", text).split()
