"""A message that a line replies to is told with it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.core.change import Change
from bot.core.scene import MessageId
from tests.services.playing import CHANNEL, last_message
from tests.services.stage import TOM, Stage, open_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        await opened.begin()
        yield opened


async def test_an_older_reply_is_quoted_as_it_stands_now(stage: Stage) -> None:
    await stage.say("Is the lamp lit?")
    await stage.quiet()
    shown = await last_message(stage)
    await stage.pipeline.edited(CHANNEL, shown, "The lamp is out.", 9_000_000_000_000)
    await stage.say("And the sea?")
    await stage.quiet()

    await stage.say("Since when?", replies_to=shown)
    await stage.quiet()

    assert (await stage.store.read(CHANNEL)).turns[-2].quoted == "Mira: “The lamp is out.”"  # type: ignore[union-attr]  # it is live
    prompt = stage.tgi.asked[-1].prompt
    assert "Mara: [In answer to Mira: “The lamp is out.”] Since when?" in prompt


async def test_what_stands_right_before_is_not_said_twice(stage: Stage) -> None:
    await stage.say("Is the lamp lit?")
    await stage.quiet()

    await stage.say("Since when?", replies_to=await last_message(stage))
    await stage.quiet()

    assert "In answer to" not in stage.tgi.asked[-1].prompt


async def test_another_players_line_is_quoted(stage: Stage) -> None:
    await stage.say("I light the lamp.", number=5_000)
    await stage.quiet()
    await stage.say("I saw that, Mira.", author=TOM, number=5_001, replies_to=MessageId(5_000))
    await stage.quiet()

    assert "Tom: [In answer to Mara: “I light the lamp.”] I saw that" in stage.tgi.asked[-1].prompt


@pytest.mark.parametrize("what", ["hidden", "deleted", "unknown"])
async def test_what_the_model_does_not_know_is_not_told_by_a_quote(stage: Stage, what: str) -> None:
    await stage.say("The password is swordfish.", number=5_000)
    await stage.quiet()
    await stage.say("And on.")
    await stage.quiet()
    scene = await stage.store.read(CHANNEL)
    assert scene is not None
    if what == "hidden":
        change = Change(put=(replace(scene.turns[0], hidden=True),))
        await stage.store.apply(CHANNEL, change, version=scene.head.version)
    if what == "deleted":
        await stage.pipeline.deleted(CHANNEL, [MessageId(5_000)])

    asked = MessageId(77) if what == "unknown" else MessageId(5_000)
    await stage.say("What was that?", replies_to=asked)
    await stage.quiet()

    assert "Mara: What was that?" in stage.tgi.asked[-1].prompt
    assert ("swordfish" in stage.tgi.asked[-1].prompt) == (what == "unknown")
    assert "In answer to" not in stage.tgi.asked[-1].prompt
