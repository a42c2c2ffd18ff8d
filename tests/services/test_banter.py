"""Several characters on a stage: who answers, under which name, and who goes on."""

from collections.abc import AsyncIterator

import pytest

from bot.core.cast import FOLLOWER
from bot.core.scene import MessageId, WorkKind, reply_turn_id
from bot.core.triggers import Decision
from bot.services.recovery import left_over
from tests.fakes.scripted_tgi import Fault, stories, story
from tests.playground.member import eventually
from tests.services.playing import (
    CHANNEL,
    DOV,
    IDA,
    change,
    faces,
    gather,
    last_message,
    replies,
    spoken,
)
from tests.services.stage import HARBOUR, MARA, MIRA, TOM, Stage, open_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        await opened.begin()
        yield opened


async def begun(stage: Stage) -> None:
    """Mira is about to finish the first reply; what comes next can still be set."""
    stage.tgi.tokens_per_s = 60
    await stage.say("Mira, hello.")
    await stage.until(lambda: len(stage.screen()) == 1)


async def test_each_answers_under_its_own_name_and_as_itself(stage: Stage) -> None:
    await gather(stage, DOV)

    for line in ("Dov, what is the time?", "Mira, is the lamp lit?"):
        await stage.say(line)
        await stage.quiet()

    assert await spoken(stage) == ["Mara", "Dov", "Mara", "Mira"]
    assert faces(stage) == ["Dov", "Mira"]
    first, second = (asked.prompt for asked in stage.tgi.asked)
    assert first.endswith("\nDov:")
    assert "Dov's Persona: Dov mends clocks." in first
    assert "Mira's Persona: Mira keeps" not in first
    assert second.endswith("\nMira:")


async def test_what_another_character_said_is_read_as_a_players_line(stage: Stage) -> None:
    await gather(stage, DOV)
    stage.tgi.reply = lambda prompt: " It is late." if prompt.endswith("Dov:") else " I see it."
    await stage.say("Dov, what is the time?")
    await stage.quiet()

    await stage.say("Mira, did you hear that?")
    await stage.quiet()

    prompt = stage.tgi.asked[-1].prompt
    assert "### Input:\nMara: Dov, what is the time?\nDov: It is late.\nMara: Mira, did" in prompt
    assert "with Mara and Dov" in prompt


async def test_row_02_nobody_writes_another_characters_lines(stage: Stage) -> None:
    await gather(stage, DOV)
    stage.tgi.reply = lambda _: " I see it.\nDov: So do I."

    await stage.say("Mira, look!")
    await stage.quiet()

    assert stage.screen() == ["I see it."]


async def test_the_character_whose_message_is_replied_to_answers(stage: Stage) -> None:
    await gather(stage, DOV, IDA)
    await stage.say("Ida, who is there?")
    await stage.quiet()
    shown = await last_message(stage)
    await stage.say("Dov?")
    await stage.quiet()

    await stage.say("And then?", replies_to=shown)
    await stage.quiet()

    assert await replies(stage) == ["Ida", "Dov", "Ida"]


async def test_without_a_name_they_take_turns(stage: Stage) -> None:
    await gather(stage, DOV, IDA)

    for number in range(4):
        await stage.say(f"Line {number}.")
        await stage.quiet()

    assert await replies(stage) == ["Mira", "Dov", "Ida", "Mira"]


async def test_each_name_calls_among_several_players(stage: Stage) -> None:
    await gather(stage, DOV)
    await stage.say("Hello, all.")
    await stage.quiet()

    assert (await stage.say("Hello!", author=TOM))[1] is Decision.REMEMBER
    assert (await stage.say("Dov, hello!", author=TOM))[1] is Decision.ANSWER
    await stage.quiet()

    assert (await replies(stage))[-1] == "Dov"


async def test_talk_as_names_who_speaks(stage: Stage) -> None:
    await gather(stage, DOV, IDA)
    await stage.say("Mira, hello.")
    await stage.quiet()

    for _ in range(2):
        assert await stage.pipeline.talk(CHANNEL, MARA, MessageId(90_000), IDA.key)
        await stage.quiet()

    assert await replies(stage) == ["Mira", "Ida", "Ida"]


async def test_a_line_to_another_before_anything_is_shown_changes_who_speaks(
    stage: Stage,
) -> None:
    await gather(stage, DOV)
    stage.tgi.first_token_s = 0.2
    await stage.say("Mira, hello.")
    await stage.until(lambda: len(stage.tgi.asked) == 1)

    await stage.say("No, Dov.")
    await stage.quiet()

    assert await spoken(stage) == ["Mara", "Mara", "Dov"]
    assert faces(stage) == ["Dov"]


async def test_who_was_asked_answers_after_a_crash_too(stage: Stage) -> None:
    await gather(stage, DOV, IDA)
    stage.tgi.first_token_s = 5
    await stage.say("Ida, hello.")
    await stage.until(lambda: bool(stage.tgi.asked))
    stage.pipeline._lanes[CHANNEL].cancel()

    async with open_stage(store=stage.store, voice=stage.voice) as after:
        after.characters.loaded |= stage.characters.loaded
        assert await after.pipeline.recover("this process") == 1
        await after.quiet()

        assert await spoken(after) == ["Mara", "Ida"]
        assert faces(after) == ["Ida"]


async def test_who_was_asked_before_the_reply_was_claimed_answers_after_a_crash(
    stage: Stage,
) -> None:
    await gather(stage, DOV, IDA)
    await stage.pipeline.drain(0.1)  # the line is stored, and nobody begins
    await stage.say("Ida, hello.")
    scene = await stage.store.read(CHANNEL)
    assert scene is not None

    left = left_over(scene, None)

    assert left.waiting is not None
    assert left.waiting.speaker == IDA.key


async def test_a_try_again_is_the_same_characters(stage: Stage) -> None:
    await gather(stage, DOV)
    stage.tgi.reply = lambda _: ""
    line, _ = await stage.say("Dov?")
    await stage.quiet()
    stage.tgi.reply = stories(12)

    assert await stage.pipeline.retry(CHANNEL, line)
    await stage.quiet()

    assert await replies(stage) == ["Dov"]


async def test_a_swipe_is_the_same_characters(stage: Stage) -> None:
    await gather(stage, DOV)
    await stage.say("Dov?")
    await stage.quiet()
    reply = await stage.last_turn()

    await stage.pipeline.swipe(CHANNEL, reply.id)
    await stage.quiet()

    turn = await stage.last_turn()
    assert (turn.name, len(turn.swipes)) == ("Dov", 2)
    assert stage.tgi.asked[-1].prompt.endswith("\nDov:")


async def test_what_who_has_left_said_is_not_the_others_own(stage: Stage) -> None:
    await gather(stage, DOV)
    stage.tgi.reply = lambda prompt: " It is late." if prompt.endswith("Dov:") else " I see it."
    await stage.say("Dov, what is the time?")
    await stage.quiet()
    await change(stage, cast=())

    await stage.say("Still there?")
    await stage.quiet()

    assert "### Input:\nMara: Dov, what is the time?\nDov: It is late." in (
        stage.tgi.asked[-1].prompt
    )


@pytest.mark.parametrize("most", [0, 1, 3])
async def test_characters_answer_each_other_so_often(stage: Stage, most: int) -> None:
    await gather(stage, DOV, banter=most)

    await stage.say("Mira, hello.")
    await stage.quiet()

    assert await replies(stage) == ["Mira", "Dov", "Mira", "Dov"][: most + 1]
    assert faces(stage) == await replies(stage)
    turns = (await stage.store.read(CHANNEL)).turns  # type: ignore[union-attr]  # it is live
    assert [turn.id for turn in turns[2:]] == [reply_turn_id(turn.id) for turn in turns[1:-1]]
    assert not any(turn.facts.get(FOLLOWER) for turn in turns)
    # The row of the reply before leaves behind the story's back.
    await eventually(
        lambda: sum("⋯" in each.labels for each in stage.voice.on_screen(CHANNEL)) == 1
    )


async def test_whom_a_reply_names_goes_on(stage: Stage) -> None:
    await gather(stage, DOV, IDA, banter=1)
    stage.tgi.reply = lambda prompt: " Ida?" if prompt.endswith("Mira:") else " Yes."

    await stage.say("Mira, hello.")
    await stage.quiet()

    assert await replies(stage) == ["Mira", "Ida"]


async def test_row_16_characters_do_not_talk_for_ever(stage: Stage) -> None:
    await gather(stage, DOV, IDA, banter=6)
    await stage.say("Mira, hello.")
    await stage.quiet()
    assert len(await replies(stage)) == 7

    assert await stage.pipeline.talk(CHANNEL, MARA, MessageId(90_000), DOV.key)
    await stage.quiet()

    assert len(await replies(stage)) == 8
    assert not stage.pipeline.is_writing(CHANNEL)


async def test_a_players_line_comes_first_and_counts_anew(stage: Stage) -> None:
    await gather(stage, DOV, banter=1)
    await begun(stage)

    await stage.say("Dov, hello.")
    await stage.quiet()

    assert await spoken(stage) == ["Mara", "Mira", "Mara", "Dov", "Mira"]


async def test_a_players_line_takes_the_place_of_an_answer_that_does_not_show(
    stage: Stage,
) -> None:
    await gather(stage, DOV, banter=1)
    await begun(stage)
    stage.tgi.first_token_s = 0.3
    await stage.until(lambda: len(stage.tgi.asked) == 2)

    await stage.say("Mira, wait.")
    await stage.quiet()

    assert await spoken(stage) == ["Mara", "Mira", "Mara", "Mira", "Dov"]


async def test_stop_ends_the_chain_for_good(stage: Stage) -> None:
    await gather(stage, DOV, banter=3)
    await begun(stage)
    stage.tgi.first_token_s = 0.3
    await stage.until(lambda: len(stage.tgi.asked) == 2)

    assert stage.pipeline.stop(CHANNEL)
    await stage.quiet()
    async with open_stage(store=stage.store, voice=stage.voice) as after:
        after.characters.loaded |= stage.characters.loaded
        assert await after.pipeline.recover("this process") == 0

    assert await replies(stage) == ["Mira"]


async def test_stop_in_the_middle_of_an_answer_keeps_it_and_ends_the_chain(stage: Stage) -> None:
    await gather(stage, DOV, banter=3)
    await begun(stage)
    stage.tgi.tokens_per_s, stage.tgi.reply = 50, lambda _: story(200)
    await stage.until(lambda: len(stage.screen()) == 2)

    stage.pipeline.stop(CHANNEL)
    await stage.quiet()

    assert await replies(stage) == ["Mira", "Dov"]
    assert not (await stage.last_turn()).facts.get(FOLLOWER)


async def test_a_restart_between_two_answers_goes_on_with_the_chain(stage: Stage) -> None:
    await gather(stage, DOV, IDA, banter=2)
    await begun(stage)
    stage.tgi.first_token_s = 5
    await stage.until(lambda: len(stage.tgi.asked) == 2)
    work = await stage.store.work(CHANNEL)
    assert work is not None
    assert (work.speaker, work.kind) == (DOV.key, WorkKind.REPLY)
    stage.pipeline._lanes[CHANNEL].cancel()
    await stage.store.abandon(CHANNEL, work.reply)  # as if it had not got as far as to claim it

    async with open_stage(store=stage.store, voice=stage.voice) as after:
        after.characters.loaded |= stage.characters.loaded
        after.tgi.reply = stories(14)
        await after.store.release(CHANNEL, "this process")
        assert await after.pipeline.recover() == 1
        await after.quiet()

        assert await replies(after) == ["Mira", "Dov", "Ida"]
        assert faces(after) == ["Mira", "Dov", "Ida"]


async def test_a_restart_in_the_middle_of_an_answer_finishes_it_as_who_began(stage: Stage) -> None:
    await gather(stage, DOV, IDA, banter=2)
    await begun(stage)
    stage.tgi.tokens_per_s = 20
    await stage.until(lambda: len(stage.screen()) == 2)
    stage.pipeline._lanes[CHANNEL].cancel()

    async with open_stage(store=stage.store, voice=stage.voice) as after:
        after.characters.loaded |= stage.characters.loaded
        after.tgi.reply = stories(14)
        await after.pipeline.recover("this process")
        await after.quiet()

        assert await replies(after) == ["Mira", "Dov", "Ida"]
        assert faces(after) == ["Mira", "Dov", "Ida"]


async def test_a_drained_process_leaves_the_next_answer_to_another(stage: Stage) -> None:
    await gather(stage, DOV, banter=6)
    await begun(stage)

    assert await stage.pipeline.drain(5)

    assert await replies(stage) == ["Mira"]
    scene = await stage.store.read(CHANNEL)
    assert scene is not None
    left = left_over(scene, None).waiting
    assert left is not None
    assert left.speaker == DOV.key


async def test_an_answer_that_failed_can_be_tried_again(stage: Stage) -> None:
    await gather(stage, DOV, banter=1)
    await begun(stage)
    stage.tgi.fault = Fault("validation")
    await stage.quiet()
    reply = next(t for t in (await stage.store.read(CHANNEL)).turns if t.name == MIRA.name)  # type: ignore[union-attr]  # it is live
    assert stage.voice.on_screen(HARBOUR.channel)[-1].labels == ["Try again"]
    stage.tgi.fault = None

    assert await stage.pipeline.retry(CHANNEL, reply.id)
    await stage.quiet()

    assert await replies(stage) == ["Mira", "Dov"]


async def test_a_reply_that_is_taken_away_is_not_answered_nor_made_again(stage: Stage) -> None:
    await gather(stage, DOV, banter=1)
    await begun(stage)
    stage.tgi.first_token_s = 0.3
    await stage.until(lambda: len(stage.tgi.asked) == 2)
    shown = await last_message(stage)

    await stage.pipeline.deleted(CHANNEL, [shown])
    await stage.quiet()

    assert await spoken(stage) == ["Mara"]
    assert len(stage.tgi.asked) == 2
