"""What becomes of a line: the promises of the turn pipeline, one by one."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from bot.core.errors import PostError, PostRefused, StoreUnavailable, UserError
from bot.core.lengths import MAX_NEW_TOKENS, Length
from bot.core.ports import Speaker
from bot.core.scene import ChannelId, MessageId, Scene, SceneHead, Work, reply_turn_id
from bot.core.triggers import Decision
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_tgi import Fault, story
from tests.services.stage import HARBOUR, MARA, MIRA, TAVERN, TOM, Stage, open_stage


@pytest.fixture
async def stage() -> AsyncGenerator[Stage, None]:
    async with open_stage() as opened:
        await opened.begin()
        yield opened


async def test_a_line_gets_its_reply_and_both_are_remembered(stage: Stage) -> None:
    stage.tgi.reply = lambda _: " The lamp is lit."

    await stage.say("Is the lamp lit?")
    await stage.quiet()

    assert stage.screen() == ["The lamp is lit."]
    assert await stage.memory() == [("Mara", "Is the lamp lit?"), ("Mira", "The lamp is lit.")]
    assert stage.metrics.outcomes == ["replied"]
    assert await stage.store.work(HARBOUR.channel) is None


async def test_the_prompt_holds_persona_and_story_and_ends_with_the_name(stage: Stage) -> None:
    await stage.say("One.")
    await stage.quiet()
    await stage.say("Two.")
    await stage.quiet()

    prompt = stage.tgi.asked[-1].prompt
    assert "Mira's Persona: Mira keeps the lamp." in prompt
    assert prompt.index("Mara: One.") < prompt.index("Mira: I hear you.") < prompt.index("Two.")
    assert prompt.endswith("### Response: (length = medium)\nMira:")


async def test_without_a_live_scene_nothing_is_kept_or_said(stage: Stage) -> None:
    _, decision = await stage.say("Hello?", place=TAVERN)

    assert decision is None
    assert await stage.store.read(TAVERN.channel) is None
    assert not stage.voice.acts


@pytest.mark.parametrize("text", ["((brb))", "// brb", "OOC: brb"])
async def test_what_is_out_of_character_gets_a_reaction_and_no_reply(
    stage: Stage, text: str
) -> None:
    _, decision = await stage.say(text)

    assert decision is Decision.IGNORE_OOC
    assert [act.verb for act in stage.voice.acts] == ["react"]
    assert await stage.memory() == []


async def test_among_several_players_the_character_answers_when_it_is_called(
    stage: Stage,
) -> None:
    await stage.say("Good evening.")
    await stage.quiet()

    assert (await stage.say("Hi Mara!", author=TOM))[1] is Decision.REMEMBER
    assert not stage.pipeline.is_writing(HARBOUR.channel)
    assert (await stage.say("Mira, a rum!", author=TOM))[1] is Decision.ANSWER
    await stage.quiet()
    assert (await stage.say("And you?", mention=True))[1] is Decision.ANSWER
    await stage.quiet()

    assert len(stage.tgi.asked) == 3
    assert "with Mara and Tom" in stage.tgi.asked[-1].prompt


async def test_lines_that_follow_each_other_fast_get_one_reply() -> None:
    async with open_stage(merge_pause_s=0.1) as stage:
        await stage.begin()

        await stage.say("I knock.")
        await stage.say("Twice.")
        await stage.quiet()

        assert len(stage.tgi.asked) == 1
        assert "Mara: I knock.\nMara: Twice." in stage.tgi.asked[0].prompt
        assert len(stage.screen()) == 1


async def test_a_line_before_anything_is_shown_starts_the_reply_anew_with_both(
    stage: Stage,
) -> None:
    stage.tgi.first_token_s = 0.2
    await stage.say("I knock.")
    await stage.until(lambda: len(stage.tgi.asked) == 1)

    await stage.say("Twice.")
    await stage.quiet()

    assert len(stage.tgi.asked) == 2
    assert stage.tgi.asked[0].left.is_set()
    assert len(stage.screen()) == 1
    assert [name for name, _ in await stage.memory()] == ["Mara", "Mara", "Mira"]


async def test_a_line_while_the_reply_grows_gets_a_reply_of_its_own(stage: Stage) -> None:
    stage.tgi.reply = lambda _: story(20)
    stage.tgi.tokens_per_s = 100
    await stage.say("One.")
    await stage.until(lambda: bool(stage.screen()))

    await stage.say("Two.")
    await stage.quiet()

    assert [name for name, _ in await stage.memory()] == ["Mara", "Mira", "Mara", "Mira"]
    assert len(stage.screen()) == 2


async def test_stop_keeps_what_is_shown_and_frees_the_model(stage: Stage) -> None:
    stage.tgi.reply = lambda _: story(200)
    stage.tgi.tokens_per_s = 50
    await stage.say("Tell me everything.")
    await stage.until(lambda: bool(stage.screen()))

    assert stage.pipeline.stop(HARBOUR.channel)
    await stage.quiet()

    [text] = stage.screen()
    assert 0 < len(text) < len(story(200))
    assert (await stage.last_turn()).text == text
    assert stage.tgi.asked[0].left.is_set()
    assert stage.metrics.outcomes == ["stopped"]
    assert stage.voice.on_screen(HARBOUR.channel)[0].labels == []


async def test_stop_before_anything_is_shown_leaves_nothing(stage: Stage) -> None:
    stage.tgi.first_token_s = 5
    await stage.say("Hm.")
    await stage.until(lambda: bool(stage.tgi.asked))

    stage.pipeline.stop(HARBOUR.channel)
    await stage.quiet()

    assert stage.screen() == []
    assert [name for name, _ in await stage.memory()] == ["Mara"]
    assert await stage.store.work(HARBOUR.channel) is None


async def test_two_channels_do_not_wait_for_each_other(stage: Stage) -> None:
    await stage.begin(TAVERN)
    stage.tgi.reply = lambda _: story(30)
    stage.tgi.tokens_per_s = 100

    await stage.say("Here.")
    await stage.say("There.", author=TOM, place=TAVERN)
    await stage.until(lambda: bool(stage.screen()) and bool(stage.screen(TAVERN)))
    both_were_growing = stage.pipeline.is_writing(HARBOUR.channel) and stage.pipeline.is_writing(
        TAVERN.channel
    )
    await stage.quiet()
    await stage.quiet(TAVERN)

    assert both_were_growing
    assert "Here." in stage.tgi.asked[0].prompt
    assert "There." in stage.tgi.asked[1].prompt


async def test_while_the_model_is_down_it_says_so_once_and_answers_when_it_is_back(
    stage: Stage,
) -> None:
    await stage.tgi.stop()
    await stage.say("Anybody there?")
    await stage.until(lambda: bool(stage.screen()))
    [notice] = stage.screen()
    await stage.until(lambda: len(stage.voice.did("typing")) > 2)

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


async def test_an_empty_reply_is_tried_once_more_with_another_seed(stage: Stage) -> None:
    answers = iter(["", " Here I am."])
    stage.tgi.reply = lambda _: next(answers)

    await stage.say("Hello?")
    await stage.quiet()

    assert stage.screen() == ["Here I am."]
    seeds = [asked.parameters["seed"] for asked in stage.tgi.asked]
    assert len(set(seeds)) == 2


async def test_two_empty_replies_end_in_a_notice(stage: Stage) -> None:
    stage.tgi.reply = lambda _: "\n### Input:\nMara: I say so."

    await stage.say("Hello?")
    await stage.quiet()

    [notice] = stage.screen()
    assert "nothing to say" in notice
    assert [name for name, _ in await stage.memory()] == ["Mara"]


async def test_the_players_lines_are_never_written_by_the_model(stage: Stage) -> None:
    stage.tgi.reply = lambda _: ' "Welcome."\nMara: I sit down.\n### Input:\nMara: More.'

    await stage.say("I enter.")
    await stage.quiet()

    assert stage.screen() == ['"Welcome."']
    assert not [act for act in stage.voice.acts if "Mara" in act.text]


async def test_a_refused_prompt_is_said_and_not_repeated(stage: Stage) -> None:
    stage.tgi.fault = Fault("validation")

    await stage.say("Hello?")
    await stage.quiet()

    assert len(stage.tgi.asked) == 1
    assert "refused" in stage.screen()[0]
    assert stage.metrics.outcomes == ["failed"]


async def test_a_post_that_discord_refuses_ends_in_one_notice(stage: Stage) -> None:
    stage.voice.outcomes["say"].append(PostRefused("no right"))

    await stage.say("Hello?")
    await stage.quiet()

    assert len(stage.screen()) == 1
    assert stage.voice.on_screen(HARBOUR.channel)[0].labels == ["Try again"]
    assert await stage.store.work(HARBOUR.channel) is None


async def test_a_character_whose_file_is_gone_is_named(stage: Stage) -> None:
    stage.characters.loaded.clear()

    await stage.say("Hello?")
    await stage.quiet()

    assert "Mira" in stage.screen()[0]


async def test_one_reply_too_many_is_refused_with_a_notice() -> None:
    async with open_stage(slots=1) as stage:
        stage.tgi.first_token_s = 0.4
        places = [HARBOUR, TAVERN, type(HARBOUR)(TAVERN.channel.__class__(700), None, None)]
        for place in places:
            await stage.begin(place)
            await stage.say("Hello?", place=place)

        for place in places:
            await stage.quiet(place)

        texts = [stage.screen(place)[0] for place in places]
        assert texts.count("I hear you.") == 2
        assert sum("Too many" in text for text in texts) == 1


@pytest.mark.parametrize(
    ("scene", "me", "following", "expected"),
    [
        (None, None, None, Length.MEDIUM),
        (Length.SHORT, None, None, Length.SHORT),
        (Length.SHORT, Length.HUGE, None, Length.HUGE),
        (Length.SHORT, Length.HUGE, Length.MICRO, Length.MICRO),
    ],
)
async def test_the_length_in_force_reaches_the_model(
    stage: Stage,
    scene: Length | None,
    me: Length | None,
    following: Length | None,
    expected: Length,
) -> None:
    await stage.store.set_length(HARBOUR.channel, scene)
    await stage.store.set_user_length(MARA, me)
    await stage.store.set_next_length(HARBOUR.channel, following)

    await stage.say("Well?")
    await stage.quiet()
    await stage.say("And?")
    await stage.quiet()

    first, second = stage.tgi.asked
    assert first.prompt.endswith(f"(length = {expected})\nMira:")
    assert first.parameters["max_new_tokens"] == MAX_NEW_TOKENS[expected]
    after = me or scene or Length.MEDIUM
    assert second.prompt.endswith(f"(length = {after})\nMira:")


async def test_auto_sends_no_length(stage: Stage) -> None:
    await stage.store.set_length(HARBOUR.channel, Length.AUTO)

    await stage.say("Well?")
    await stage.quiet()

    assert stage.tgi.asked[0].prompt.endswith("### Response:\nMira:")


async def test_a_story_that_is_too_long_loses_its_oldest_turns_and_stays_cut(
    stage: Stage,
) -> None:
    stage.tgi.max_total_tokens = 700
    for number in range(12):
        await stage.say(f"Line {number}: " + story(60))
        await stage.quiet()

    prompts = [asked.prompt for asked in stage.tgi.asked]
    assert all("Mira keeps the lamp." in prompt for prompt in prompts)
    assert "Line 0:" not in prompts[-1]
    assert "Line 11:" in prompts[-1]
    head = await stage.store.head(HARBOUR.channel)
    assert head is not None
    assert head.cut is not None


async def test_after_a_crash_an_unanswered_line_is_answered() -> None:
    async with open_stage() as before:
        await before.begin()
        before.tgi.first_token_s = 5
        turn, _ = await before.say("Are you there?")
        await before.until(lambda: bool(before.tgi.asked))
        store, voice = before.store, before.voice
    assert await store.work(HARBOUR.channel) is not None

    async with open_stage(store=store, voice=voice) as after:
        assert await after.pipeline.recover() == 1
        await after.quiet()

        assert after.screen() == ["I hear you."]
        assert (await after.last_turn()).id == reply_turn_id(turn)


async def test_after_a_crash_the_half_written_reply_is_written_into_the_same_message(
    stage: Stage,
) -> None:
    turn, _ = await stage.say("Are you there?")
    await stage.quiet()
    shown = (await stage.last_turn()).messages
    await stage.store.delete(HARBOUR.channel, shown)
    await stage.store.claim(HARBOUR.channel, Work(f"{turn}r", turn, shown, 1))  # type: ignore[arg-type]

    await stage.pipeline.recover()
    await stage.quiet()

    assert len(stage.screen()) == 1


async def test_an_old_line_is_not_answered_out_of_the_blue() -> None:
    async with open_stage() as before:
        await before.begin()
        before.tgi.first_token_s = 5
        await before.say("Are you there?")
        store = before.store

    async with open_stage(store=store, resume_age_s=60) as after:
        after.clock_ms[0] += 61_000
        assert await after.pipeline.recover() == 0


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


async def test_shutdown_lets_a_reply_end_and_takes_no_new_line(stage: Stage) -> None:
    stage.tgi.reply = lambda _: story(20)
    stage.tgi.tokens_per_s = 100
    await stage.say("Quickly!")
    await stage.until(lambda: bool(stage.tgi.asked))

    drained = asyncio.create_task(stage.pipeline.drain(5))
    await asyncio.sleep(0)
    await stage.say("One more!")

    assert await drained
    assert stage.screen() == [story(20).strip()]
    assert [name for name, _ in await stage.memory()] == ["Mara", "Mira", "Mara"]


async def test_shutdown_does_not_wait_longer_than_it_may(stage: Stage) -> None:
    stage.tgi.first_token_s = 5
    await stage.say("Slowly.")
    await stage.until(lambda: bool(stage.tgi.asked))

    assert not await stage.pipeline.drain(0.05)
    assert MIRA.name == "Mira"


class DistantStore(MemorySceneStore):
    """Answers some ticks later, each time more, as a store behind a socket may."""

    reads = 0

    async def read(self, channel: ChannelId) -> Scene | None:
        self.reads += 1
        for _ in range(5 * self.reads):
            await asyncio.sleep(0)
        return await super().read(channel)


async def test_pressing_try_again_twice_gives_one_reply() -> None:
    async with open_stage(resume_age_s=0.05, store=DistantStore()) as stage:
        await stage.begin()
        await stage.tgi.stop()
        turn, _ = await stage.say("Anybody there?")
        await stage.quiet()
        await stage.tgi.start()
        stage.tgi.first_token_s = 0.1

        async with asyncio.TaskGroup() as presses:
            for _press in range(2):
                presses.create_task(stage.pipeline.retry(HARBOUR.channel, turn))
        await stage.quiet()

        assert stage.screen().count("I hear you.") == 1
        assert stage.metrics.outcomes == ["failed", "replied"]


async def test_a_line_that_is_being_answered_is_not_answered_again_by_the_recovery(
    stage: Stage,
) -> None:
    stage.tgi.reply = lambda _: story(20)
    stage.tgi.tokens_per_s = 100
    await stage.say("Good evening.")
    await stage.until(lambda: bool(stage.screen()))

    await stage.pipeline.recover()
    await stage.quiet()

    assert len(stage.screen()) == 1
    assert stage.metrics.outcomes == ["replied"]


async def test_lines_that_arrive_in_the_wrong_order_get_one_reply() -> None:
    async with open_stage(merge_pause_s=0.05) as stage:
        await stage.begin()

        await stage.say("Second.", number=20_001)
        await stage.until(lambda: bool(stage.voice.did("typing")))
        await stage.say("First.", number=20_000)
        await stage.quiet()

        assert len(stage.screen()) == 1
        assert [text for _, text in await stage.memory()] == ["First.", "Second.", "I hear you."]
        assert stage.metrics.outcomes == ["replied"]


class FailingStore(MemorySceneStore):
    """Is away for as many questions for the head of a scene as it is told."""

    away_for = 0

    async def head(self, channel: ChannelId) -> SceneHead | None:
        if self.away_for:
            self.away_for -= 1
            raise StoreUnavailable("away")
        return await super().head(channel)


async def test_a_line_is_answered_although_the_store_was_away_for_a_moment() -> None:
    store = FailingStore()
    async with open_stage(store=store) as stage:
        await stage.begin()
        store.away_for = 2

        await stage.say("Is anybody there?")
        await stage.quiet()

        assert stage.screen() == ["I hear you."]


async def test_a_line_that_cannot_be_stored_in_a_live_scene_is_not_met_with_silence() -> None:
    store = FailingStore()
    async with open_stage(store=store) as stage:
        await stage.begin()
        await stage.say("Good evening.")
        await stage.quiet()
        store.away_for = 1000

        await stage.say("Is anybody there?")
        await stage.say("Hello?", place=TAVERN)

        assert len(stage.screen()) == 2
        assert "memory" in stage.screen()[-1]
        assert stage.screen(TAVERN) == []


async def test_a_reply_that_a_crash_left_half_written_does_not_swallow_a_later_one() -> None:
    async with open_stage() as before:
        await before.begin()
        before.tgi.reply = lambda _: story(200)
        before.tgi.tokens_per_s = 50
        await before.say("Tell me everything.")
        await before.until(lambda: bool(before.screen()))
        store, voice = before.store, before.voice
    half = voice.on_screen(HARBOUR.channel)[0].id

    async with open_stage(store=store, voice=voice, resume_age_s=60) as after:
        after.clock_ms[0] += 61_000
        assert await after.pipeline.recover() == 0
        await after.say("Where were we?", number=30_000)
        await after.quiet()

        [shown] = voice.on_screen(HARBOUR.channel)
        assert shown.text == "I hear you."
        assert shown.id > half
        assert [name for name, _ in await after.memory()] == ["Mara", "Mara", "Mira"]


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

    await stage.pipeline.retry(HARBOUR.channel, turn)
    await stage.quiet()

    assert stage.screen()[0] == story(20).strip()
    assert [text for _, text in await stage.memory()][1:] == [story(20).strip()]
    assert "did not take" in stage.screen()[1]
    assert len(stage.screen()) == 2


async def test_asking_again_while_the_model_is_away_says_that_it_still_is(stage: Stage) -> None:
    await stage.tgi.stop()
    turn, _ = await stage.say("Anybody there?")
    await stage.until(lambda: bool(stage.screen()))

    assert not await stage.pipeline.retry(HARBOUR.channel, turn)

    assert "not answering" in stage.screen()[0]


async def test_asking_again_during_shutdown_is_answered_with_a_sentence() -> None:
    async with open_stage(resume_age_s=0.05) as stage:
        await stage.begin()
        await stage.tgi.stop()
        turn, _ = await stage.say("Anybody there?")
        await stage.quiet()
        await stage.pipeline.drain(1)

        with pytest.raises(UserError, match="restart"):
            await stage.pipeline.retry(HARBOUR.channel, turn)


async def test_a_line_that_called_the_character_in_a_round_is_answered_after_a_restart(
    stage: Stage,
) -> None:
    await stage.say("Good evening.")
    await stage.say("Hi Mara!", author=TOM)
    await stage.quiet()
    assert await stage.pipeline.drain(1)
    await stage.say("Mira, a rum!", author=TOM)
    assert len(stage.screen()) == 1

    async with open_stage(store=stage.store, voice=stage.voice) as after:
        assert await after.pipeline.recover() == 1
        await after.quiet()

    assert len(stage.screen()) == 2


async def test_shutdown_does_not_wait_for_a_model_that_is_away(stage: Stage) -> None:
    await stage.tgi.stop()
    await stage.say("Anybody there?")
    await stage.until(lambda: bool(stage.screen()))

    assert await stage.pipeline.drain(5)

    assert stage.screen() == []
    async with open_stage(store=stage.store, voice=stage.voice) as after:
        assert await after.pipeline.recover() == 1
        await after.quiet()
    assert stage.screen() == ["I hear you."]


async def test_a_stored_reply_that_was_being_written_anew_is_finished_after_a_restart(
    stage: Stage,
) -> None:
    turn, _ = await stage.say("Good evening.")
    await stage.quiet()
    shown = (await stage.last_turn()).messages
    await stage.store.claim(HARBOUR.channel, Work(reply_turn_id(turn), turn, shown, 1))
    stage.tgi.reply = lambda _: " A better one."

    assert await stage.pipeline.recover() == 1
    await stage.quiet()

    assert stage.screen() == ["A better one."]
    assert await stage.memory() == [("Mara", "Good evening."), ("Mira", "A better one.")]
    assert "I hear you" not in stage.tgi.asked[-1].prompt


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
    await stage.store.claim(HARBOUR.channel, Work(stored.id, turn, both, 1))
    stage.voice.on_delete = lambda gone: stage.pipeline.deleted(HARBOUR.channel, [gone])

    await stage.pipeline.recover()
    await stage.quiet()

    assert stage.screen() == ["I hear you."]
    assert (await stage.last_turn()).messages == stored.messages
