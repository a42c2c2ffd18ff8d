"""S33: a host's filter changes words of a reply; what is remembered is what shows."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.core.change import Change
from bot.core.ports import Speaker
from bot.core.scene import Turn, TurnId, Work, WorkKind, mark_of, reply_turn_id
from bot.services.reply_buttons import stop_button
from tests.services.stage import HARBOUR, MIRA, Stage, open_stage
from tests.services.word_filter import WordFilter, guarded

RAW = " How rude of you, and rude once more. Go away."
SHOWN = RAW.strip().replace("rude", "----")


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage(guard=guarded(WordFilter()), resume_age_s=0.5) as opened:
        await opened.begin()
        opened.tgi.reply = lambda prompt: RAW.removeprefix(prompt.rpartition("Mira:")[2])
        yield opened


async def left_behind(stage: Stage, *, shown: str, checkpoint: str, is_late: bool) -> None:
    """Leave a reply as a process does that is killed; one that is late is not gone on with."""
    stage.tgi.first_token_s = 60
    turn, _ = await stage.say("Tell me of the sea.")
    await stage.until(lambda: bool(stage.tgi.asked))
    stage.pipeline.stop(HARBOUR.channel)
    await stage.quiet()
    stage.tgi.first_token_s = 0.0
    reply = reply_turn_id(turn)
    stop = stop_button(HARBOUR.channel, mark_of(reply, 0))
    message = await stage.voice.say(HARBOUR, Speaker("Mira", MIRA), shown, [stop])
    at_ms = 1 if is_late else stage.clock_ms[0]
    work = Work(reply, turn, (message,), at_ms=at_ms, written=checkpoint, tokens=3)
    await stage.leave(work)


async def shown_anew(stage: Stage, turn: Turn) -> None:
    """Store another text of *turn*, and let the screen follow."""
    scene = await stage.store.read(HARBOUR.channel)
    assert scene is not None
    trigger = TurnId(turn.id.removesuffix("r"))
    work = Work(turn.id, trigger, turn.messages, kind=WorkKind.SHOW, at_ms=stage.clock_ms[0])
    change = Change(put=(turn,), work=work)
    assert await stage.store.apply(HARBOUR.channel, change, version=scene.head.version)
    await stage.pipeline.show(HARBOUR.channel, turn.id)


async def agree(stage: Stage) -> str:
    """The reply as both have it."""
    [shown] = [each.text for each in stage.voice.on_screen(HARBOUR.channel) if each.author]
    assert (await stage.memory())[-1] == ("Mira", shown)
    assert "rude" not in shown
    return shown


@pytest.mark.parametrize(
    ("shown", "checkpoint"),
    [
        ("How ----", " How rude of"),
        ("How", " How rude of"),
        ("How ---- of you", " How"),
        (SHOWN, RAW),
    ],
    ids=["even", "checkpoint ahead", "screen ahead", "done"],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["gone on with", "settled for"])
async def test_s33_a_reply_that_is_taken_up_is_remembered_as_it_shows(
    stage: Stage, *, shown: str, checkpoint: str, is_late: bool
) -> None:
    await left_behind(stage, shown=shown, checkpoint=checkpoint, is_late=is_late)

    await stage.pipeline.recover()
    await stage.quiet()

    assert (await agree(stage)).startswith("How ----")


async def test_s33_what_is_kept_of_a_reply_whose_model_is_lost_is_remembered_as_it_shows(
    stage: Stage,
) -> None:
    stage.tgi.tokens_per_s = 20

    await stage.say("Tell me of the sea.")
    await stage.until(lambda: "----" in "".join(stage.screen()))
    await stage.tgi.stop()
    await stage.quiet()

    assert "----" in await agree(stage)
    assert stage.metrics.outcomes == ["failed"]


async def test_s33_a_stored_text_that_goes_on_the_screen_is_remembered_as_it_shows(
    stage: Stage,
) -> None:
    """Stored before there was a filter, or while it gave no answer."""
    await stage.say("Tell me of the sea.")
    await stage.quiet()
    stored = await stage.last_turn()
    await shown_anew(stage, replace(stored, swipes=(*stored.swipes, "How rude."), current=1))

    await stage.quiet()

    assert await agree(stage) == "How ----."


async def test_s33_a_stored_text_that_is_blocked_leaves_the_screen_and_memory_alike(
    stage: Stage,
) -> None:
    await stage.say("Tell me of the sea.")
    await stage.quiet()
    stored = await stage.last_turn()
    await shown_anew(stage, replace(stored, swipes=(*stored.swipes, "A bad end."), current=1))

    await stage.quiet()

    assert await agree(stage) == SHOWN
