"""What becomes of a line when a process, the model, the store or a message is lost."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from bot.core.errors import PostError, UserError
from bot.core.ports import Speaker
from bot.core.scene import MessageId, Turn, Work
from tests.fakes.scripted_tgi import Fault, story
from tests.services.stage import HARBOUR, Stage, open_stage


@pytest.fixture
async def stage() -> AsyncGenerator[Stage, None]:
    async with open_stage() as opened:
        await opened.begin()
        yield opened


async def test_while_the_model_is_down_it_says_so_once_and_answers_when_it_is_back(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.tgi.stop()
    await stage.say("Anybody there?")
    await stage.until(lambda: bool(stage.screen()))
    [notice] = stage.screen()
    await stage.until(lambda: caplog.messages.count("the model is away") > 2)

    assert "not answering" in notice
    assert stage.voice.on_screen(HARBOUR.channel)[0].labels == ["Try again"]
    assert stage.screen() == [notice]

    await stage.tgi.start()
    await stage.quiet()

    assert stage.screen() == ["I hear you."]
    assert stage.metrics.outcomes == ["replied"]


@pytest.mark.parametrize("kind", ["cut", "reset", "hang", "no end", "garbage"])
async def test_a_reply_that_breaks_off_is_continued_in_the_same_message(
    stage: Stage, kind: str
) -> None:
    stage.tgi.reply = lambda prompt: (
        " One two three." if prompt.endswith("Mira:") else " Four five."
    )
    stage.tgi.fault = Fault(kind, after=3, times=1)

    await stage.say("Count!")
    await stage.quiet()

    assert stage.screen() == ["One two three Four five."]
    assert stage.tgi.asked[-1].prompt.endswith("Mira: One two three")
    assert (await stage.last_turn()).text == "One two three Four five."


async def test_a_model_that_never_comes_back_ends_in_a_notice_with_a_button() -> None:
    async with open_stage(resume_age_s=0.2) as stage:
        await stage.begin()
        await stage.tgi.stop()

        turn, _ = await stage.say("Anybody there?")
        await stage.quiet()

        assert stage.metrics.outcomes == ["failed"]
        [notice] = stage.screen()
        assert "please try again" in notice
        await stage.tgi.start()
        await stage.pipeline.retry(HARBOUR.channel, turn)
        await stage.quiet()
        assert stage.screen()[-1] == "I hear you."


async def test_an_edited_line_is_remembered_as_it_is_on_the_screen(stage: Stage) -> None:
    await stage.say("I open the dor.")
    await stage.quiet()
    scene = await stage.store.read(HARBOUR.channel)
    assert scene is not None

    [message] = scene.turns[0].messages
    await stage.pipeline.edited(HARBOUR.channel, message, "I open the door.", 2_000_000)

    assert (await stage.memory())[0] == ("Mara", "I open the door.")


async def test_deleting_the_line_that_is_being_answered_ends_the_reply(stage: Stage) -> None:
    stage.tgi.first_token_s = 5
    await stage.say("Never mind.")
    await stage.until(lambda: bool(stage.tgi.asked))
    scene = await stage.store.read(HARBOUR.channel)
    assert scene is not None

    await stage.pipeline.deleted(HARBOUR.channel, scene.turns[0].messages)
    await stage.quiet()

    assert await stage.memory() == []
    assert stage.screen() == []


async def test_asking_again_after_the_story_went_on_is_answered_with_a_sentence(
    stage: Stage,
) -> None:
    turn, _ = await stage.say("One.")
    await stage.quiet()
    await stage.say("Two.")
    await stage.quiet()

    with pytest.raises(UserError, match="gone on"):
        await stage.pipeline.retry(HARBOUR.channel, turn)


async def test_a_line_while_the_model_is_lost_in_mid_reply_gets_a_reply_below_it(
    stage: Stage,
) -> None:
    stage.tgi.reply = lambda prompt: " Two more." if "Go on" in prompt else " One two three."
    stage.tgi.fault = Fault("cut", after=2)
    await stage.say("Count!")
    await stage.until(lambda: any("not answering" in text for text in stage.screen()))

    await stage.say("Go on.")
    stage.tgi.fault = None
    await stage.quiet()

    assert stage.screen()[0].startswith("One two")
    assert stage.screen()[1:] == ["Two more."]
    assert [text for _, text in await stage.memory()] == [
        "Count!",
        stage.screen()[0],
        "Go on.",
        "Two more.",
    ]


async def test_what_stands_on_the_screen_is_remembered_when_stop_is_pressed_while_the_model_is_away(
    stage: Stage,
) -> None:
    stage.tgi.reply = lambda _: " One two three."
    stage.tgi.fault = Fault("cut", after=2)
    await stage.say("Count!")
    await stage.until(lambda: any("not answering" in text for text in stage.screen()))

    stage.pipeline.stop(HARBOUR.channel)
    await stage.quiet()

    assert [text for _, text in await stage.memory()] == ["Count!", *stage.screen()]
    assert len(stage.screen()) == 1


async def test_asking_again_after_the_final_text_was_lost_leaves_one_reply_on_the_screen(
    stage: Stage,
) -> None:
    stage.tgi.reply = lambda _: story(20)
    stage.tgi.tokens_per_s = 100
    turn, _ = await stage.say("Tell me everything.")
    await stage.until(lambda: bool(stage.screen()))
    stage.voice.outcomes["edit"].extend([PostError("away")] * 1_000)
    await stage.until(lambda: len(stage.screen()) == 2)
    stage.voice.outcomes["edit"].clear()
    await stage.quiet()
    assert "did not take" in stage.screen()[1]

    await stage.pipeline.retry(HARBOUR.channel, turn)
    await stage.quiet()

    assert stage.screen() == [story(20).strip()]
    assert [text for _, text in await stage.memory()][1:] == [story(20).strip()]


async def test_asking_again_while_the_model_is_away_says_that_it_still_is(stage: Stage) -> None:
    await stage.tgi.stop()
    turn, _ = await stage.say("Anybody there?")
    await stage.until(lambda: bool(stage.screen()))

    assert not await stage.pipeline.retry(HARBOUR.channel, turn)

    assert "not answering" in stage.screen()[0]


async def test_deleting_the_message_in_which_a_reply_grows_ends_it_without_a_word(
    stage: Stage,
) -> None:
    stage.tgi.reply = lambda _: story(200)
    stage.tgi.tokens_per_s = 50
    await stage.say("Tell me everything.")
    await stage.until(lambda: bool(stage.screen()))

    [shown] = stage.voice.on_screen(HARBOUR.channel)
    del stage.voice.messages[shown.id]
    await stage.pipeline.deleted(HARBOUR.channel, [shown.id])
    await stage.quiet()

    assert stage.screen() == []
    assert [name for name, _ in await stage.memory()] == ["Mara"]
    assert stage.tgi.asked[0].left.is_set()
    assert await stage.store.work(HARBOUR.channel) is None


async def test_a_line_that_is_edited_before_anything_is_shown_is_answered_as_it_reads_now(
    stage: Stage,
) -> None:
    stage.tgi.first_token_s = 0.2
    await stage.say("I open the dor.", number=20_000)
    await stage.until(lambda: len(stage.tgi.asked) == 1)

    await stage.pipeline.edited(HARBOUR.channel, MessageId(20_000), "I open the door.", 2_000_000)
    await stage.quiet()

    assert stage.tgi.asked[0].left.is_set()
    assert "I open the door." in stage.tgi.asked[1].prompt
    assert stage.screen() == ["I hear you."]
    assert stage.metrics.outcomes == ["replied"]


async def test_who_never_pauses_is_answered_nevertheless() -> None:
    async with open_stage(merge_pause_s=0.05) as stage:
        await stage.begin()

        async with asyncio.timeout(5):
            while not stage.tgi.asked:
                await stage.say("And then!")
                await asyncio.sleep(0.01)


async def test_a_part_that_we_take_away_ourselves_does_not_make_us_forget_the_reply(
    stage: Stage,
) -> None:
    turn, _ = await stage.say("Good evening.")
    await stage.quiet()
    stored = await stage.last_turn()
    second = await stage.voice.say(HARBOUR, Speaker("Mira"), "More of it.")
    both = (*stored.messages, second)
    await stage.store.commit(HARBOUR.channel, replace(stored, messages=both))
    await stage.leave(Work(stored.id, turn, both, 1_000_000))
    stage.voice.on_delete = lambda gone: stage.pipeline.deleted(HARBOUR.channel, [gone])

    await stage.pipeline.recover()
    await stage.quiet()

    assert stage.screen() == ["I hear you."]
    assert (await stage.last_turn()).messages == stored.messages


async def test_asking_anew_is_possible_when_the_newest_of_merged_lines_is_gone() -> None:
    async with open_stage(merge_pause_s=0.05) as stage:
        await stage.begin()
        await stage.say("First.")
        turn, _ = await stage.say("Second.")
        await stage.quiet()
        gone = [line for line in await lines(stage) if line.id == turn]
        await stage.pipeline.deleted(HARBOUR.channel, gone[0].messages)
        stage.tgi.reply = lambda _: " A better one."

        assert await stage.pipeline.retry(HARBOUR.channel, turn)
        await stage.quiet()

        assert stage.screen() == ["A better one."]
        assert await stage.memory() == [("Mara", "First."), ("Mira", "A better one.")]


async def test_asking_anew_is_refused_when_a_line_came_after_the_reply(stage: Stage) -> None:
    turn, _ = await stage.say("First.")
    await stage.quiet()
    gone = [line for line in await lines(stage) if line.id == turn]
    await stage.pipeline.deleted(HARBOUR.channel, gone[0].messages)
    await stage.say("Second.")
    await stage.quiet()

    with pytest.raises(UserError, match="gone on"):
        await stage.pipeline.retry(HARBOUR.channel, turn)


async def test_asking_anew_is_refused_when_the_line_was_answered_with_a_later_one() -> None:
    async with open_stage(merge_pause_s=0.05) as stage:
        await stage.begin()
        first, _ = await stage.say("First.")
        second, _ = await stage.say("Second.")
        await stage.quiet()
        gone = [line for line in await lines(stage) if line.id == second]
        await stage.pipeline.deleted(HARBOUR.channel, gone[0].messages)

        with pytest.raises(UserError, match="gone on"):
            await stage.pipeline.retry(HARBOUR.channel, first)


async def lines(stage: Stage) -> tuple[Turn, ...]:
    scene = await stage.store.read(HARBOUR.channel)
    assert scene is not None
    return scene.turns


async def test_deleting_the_newest_of_merged_lines_leaves_a_reply_to_the_others(
    stage: Stage,
) -> None:
    stage.tgi.first_token_s = 0.3
    await stage.say("First.")
    turn, _ = await stage.say("Second.")
    await stage.until(lambda: any("Second." in asked.prompt for asked in stage.tgi.asked))

    gone = [line for line in await lines(stage) if line.id == turn]
    await stage.pipeline.deleted(HARBOUR.channel, gone[0].messages)
    await stage.quiet()

    assert stage.screen() == ["I hear you."]
    assert await stage.memory() == [("Mara", "First."), ("Mira", "I hear you.")]
    assert "Second." not in stage.tgi.asked[-1].prompt
    assert stage.metrics.outcomes == ["replied"]


async def test_deleting_the_newest_of_merged_lines_does_not_end_a_reply_that_shows(
    stage: Stage,
) -> None:
    stage.tgi.reply = lambda _: story(30)
    stage.tgi.tokens_per_s = 100
    await stage.say("First.")
    turn, _ = await stage.say("Second.")
    await stage.until(lambda: bool(stage.screen()))

    gone = [line for line in await lines(stage) if line.id == turn]
    await stage.pipeline.deleted(HARBOUR.channel, gone[0].messages)
    await stage.quiet()

    assert stage.screen() == [story(30).strip()]
    assert [name for name, _ in await stage.memory()] == ["Mara", "Mira"]


async def test_deleting_a_line_that_waits_ends_only_the_wait_for_its_reply(stage: Stage) -> None:
    stage.tgi.reply = lambda _: story(30)
    stage.tgi.tokens_per_s = 100
    await stage.say("First.")
    await stage.until(lambda: bool(stage.screen()))
    turn, _ = await stage.say("Second.")

    gone = [line for line in await lines(stage) if line.id == turn]
    await stage.pipeline.deleted(HARBOUR.channel, gone[0].messages)
    await stage.quiet()

    assert stage.screen() == [story(30).strip()]
    assert stage.metrics.outcomes == ["replied"]
