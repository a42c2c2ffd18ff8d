"""Several characters on a running bot: who speaks, under which name, and who goes on."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.playground.driver import eventually
from tests.wire.playing import ROW, Played, playing, said
from tests.wire.remembering import until_remembered

ONLY = "Only the one who started the scene and moderators may"


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        yield everything


async def test_two_characters_answer_when_they_are_named(played: Played) -> None:
    told = await played.command("roleplay add", character="hollis")
    assert "**HOLLIS** plays, too" in told

    line = await played.say("Hollis, are you there?")
    first = await played.reply(after=line)
    line = await played.say("And you, Clover?")
    second = await played.reply(after=line)

    await played.equal(
        ("Mara", "Hollis, are you there?"),
        ("HOLLIS", said("HOLLIS", 0)),
        ("Mara", "And you, Clover?"),
        ("Clover", said("Clover", 1)),
    )
    assert first.avatar_url
    assert first.avatar_url != second.avatar_url
    prompt = played.tgi.asked[-1].prompt
    assert (
        "### Input:\nMara: Hollis, are you there?\nHOLLIS: Old copper kettles, says HOLLIS.\nMara:"
        in (prompt)
    )
    assert await played.command("roleplay cast") == "1. **Clover**\n2. **HOLLIS**"
    assert "Also playing: HOLLIS." in await played.command("roleplay status")


async def test_a_reply_to_a_message_asks_whose_it_is(played: Played) -> None:
    await played.command("roleplay add", character="hollis")
    hollis = await played.reply(after=await played.say("Hollis?"))
    await played.reply(after=await played.say("Clover?"))

    line = await played.say("And then?", reply_to=hollis)
    await played.reply(after=line, by="HOLLIS")

    assert (
        "[In answer to HOLLIS: “Old copper kettles, says HOLLIS.”] And then?"
        in played.tgi.asked[-1].prompt
    )


async def test_who_was_asked_answers_after_a_restart(played: Played) -> None:
    await played.command("roleplay add", character="hollis")
    played.tgi.first_token_s = 3600
    line = await played.say("Hollis?")
    await played.asked(1)

    played.tgi.first_token_s = 0
    await played.restart()

    await played.reply(after=line)
    await played.equal(("Mara", "Hollis?"), ("HOLLIS", said("HOLLIS", 0)))


async def test_a_half_written_reply_is_finished_by_whoever_began_it(played: Played) -> None:
    await played.command("roleplay add", character="hollis")
    played.tgi.reply, played.tgi.tokens_per_s = lambda _: " Well, well, well." * 20, 20
    line = await played.say("Hollis?")
    half = await played.world.mara.wait_for_message(lambda m: "Stop" in m.labels)

    played.tgi.tokens_per_s, played.tgi.reply = 0, lambda _: " So be it."
    await played.restart()

    whole = await played.reply(after=line)
    assert (whole.id, whole.author) == (half.id, "HOLLIS")
    assert await played.remembers(2) == ["Mara", "HOLLIS"]


async def test_talk_asks_for_a_word_without_a_line(played: Played) -> None:
    await played.command("roleplay add", character="hollis")
    line = await played.say("Clover?")
    await played.reply(after=line)

    choices = await played.world.tom.autocomplete("talk", "as", "ho")
    assert choices == [("HOLLIS", "hollis")]
    assert "on its way" in await played.talk("hollis", member=played.world.tom)
    await played.reply(after=line, by="HOLLIS")

    await played.equal(
        ("Mara", "Clover?"), ("Clover", said("Clover", 0)), ("HOLLIS", said("HOLLIS", 1))
    )
    assert "does not play here" in await played.talk("tamsin-sedge")


async def test_row_04_two_who_ask_for_a_word_at_once_get_one(played: Played) -> None:
    line = await played.say("Clover?")
    await played.reply(after=line)
    played.tgi.first_token_s = 0.5

    told = await asyncio.gather(
        played.command("talk"), played.command("talk", member=played.world.tom)
    )
    await eventually(lambda: len(played.tgi.asked) == 2)
    await played.equal(
        ("Mara", "Clover?"), ("Clover", said("Clover", 0)), ("Clover", said("Clover", 1))
    )

    assert sorted("on its way" in each for each in told) == [False, True]


async def test_talk_that_a_restart_cut_off_is_done_by_whoever_was_named(played: Played) -> None:
    await played.command("roleplay add", character="hollis")
    line = await played.say("Clover?")
    await played.reply(after=line)
    played.tgi.first_token_s = 3600
    await played.talk("hollis")
    await played.asked(2)

    played.tgi.first_token_s = 0
    await played.restart()

    await played.reply(after=line, by="HOLLIS")


async def test_row_16_characters_answer_each_other_and_then_fall_silent(played: Played) -> None:
    assert "Only one character" in await played.command("scene banter", max=2)
    await played.command("roleplay add", character="hollis")
    assert "at most 2 replies" in await played.command("scene banter", max=2)

    await played.say("Clover?")

    await played.equal(
        ("Mara", "Clover?"),
        ("Clover", said("Clover", 0)),
        ("HOLLIS", said("HOLLIS", 1)),
        ("Clover", said("Clover", 2)),
    )

    async def has_one_row() -> bool:
        shown = await played.world.mara.messages()
        rows = [m.id for m in shown if ROW in m.labels]
        return rows == [shown[-1].id] or rows == [
            m.id for m in shown if m.content == said("Clover", 2)
        ]

    await eventually(has_one_row)
    assert len(played.tgi.asked) == 3


async def test_row_04_a_chain_goes_on_after_a_kill_in_its_middle(played: Played) -> None:
    await played.command("roleplay add", character="hollis")
    await played.command("scene banter", max=2)
    played.tgi.tokens_per_s = 30
    line = await played.say("Clover?")
    await played.world.mara.wait_for_message(lambda m: m.is_webhook and m.author == "Clover")
    played.tgi.first_token_s = 3600
    await played.asked(2)

    played.tgi.first_token_s = played.tgi.tokens_per_s = 0
    await played.restart()

    await played.reply(after=line, by="HOLLIS")
    await played.equal(
        ("Mara", "Clover?"),
        ("Clover", said("Clover", 0)),
        ("HOLLIS", said("HOLLIS", 1)),
        ("Clover", said("Clover", 2)),
    )


async def test_stop_ends_a_chain_also_over_a_restart(played: Played) -> None:
    await played.command("roleplay add", character="hollis")
    await played.command("scene banter", max=6)
    played.tgi.tokens_per_s = 30
    await played.say("Clover?")
    await played.reply(after=await played.say("Clover!"), by="Clover")
    growing = await played.world.mara.wait_for_message(
        lambda m: m.author == "HOLLIS" and "Stop" in m.labels
    )

    assert (await played.world.mara.click(growing, "Stop")).is_acknowledged
    await played.world.mara.wait_for_message(lambda m: m.id == growing.id and ROW in m.labels)
    await until_remembered(played.bot, growing)
    told = await played.memory()
    await played.restart()
    await played.command("roleplay status")

    assert await played.memory() == told
    assert told[-1][0] == "HOLLIS"


async def test_who_leaves_speaks_no_more(played: Played) -> None:
    await played.command("roleplay add", character="hollis")
    await played.reply(after=await played.say("Hollis?"))

    assert "**HOLLIS** has left" in await played.command("roleplay remove", character="hollis")
    await played.reply(after=await played.say("Hollis?"), by="Clover")

    before = f"### Input:\nMara: Hollis?\nHOLLIS: {said('HOLLIS', 0)}"
    assert before in played.tgi.asked[-1].prompt
    assert "plays alone here" in await played.command("roleplay remove", character="clover")


async def test_row_04_two_who_add_a_character_at_once_add_it_once(played: Played) -> None:
    told = await asyncio.gather(
        played.command("roleplay add", character="hollis"),
        played.command("roleplay add", character="hollis", member=played.world.ann),
    )

    # Whoever asked for the very same of the very same scene has what was asked for.
    assert all("plays, too" in each or "plays here already" in each for each in told)
    assert await played.command("roleplay cast") == "1. **Clover**\n2. **HOLLIS**"


async def test_row_15_others_may_not_change_who_plays(played: Played) -> None:
    tom = played.world.tom

    for command, options in (
        ("roleplay add", {"character": "hollis"}),
        ("roleplay remove", {"character": "clover"}),
        ("scene banter", {"max": 1}),
        ("scene reply", {"mode": "always"}),
    ):
        assert ONLY in await played.command(command, member=tom, **options)

    assert await played.command("roleplay cast", member=tom) == "1. **Clover**"
