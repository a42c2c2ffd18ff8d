"""What becomes of a line: the promises of the turn pipeline, one by one."""

from collections.abc import AsyncGenerator

import pytest

from bot.core.errors import PostRefused
from bot.core.lengths import Length
from bot.core.triggers import Decision
from tests.fakes.scripted_tgi import Fault, story
from tests.profiles import ZEPHRP
from tests.services.stage import HARBOUR, MARA, TAVERN, TOM, Stage, open_stage


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
    assert "Mira answers when you say the name" in stage.screen()[-1]
    assert (await stage.say("Nice hat!", author=TOM))[1] is Decision.REMEMBER
    assert len([text for text in stage.screen() if "Several of you" in text]) == 1
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


async def test_a_line_that_is_told_of_late_has_its_answer_in_the_reply_to_a_later_one(
    stage: Stage,
) -> None:
    await stage.say("The second.", number=10_002)
    await stage.quiet()
    await stage.say("The first.", number=10_001)
    await stage.quiet()

    assert stage.screen() == ["I hear you."]
    assert await stage.memory() == [
        ("Mara", "The first."),
        ("Mara", "The second."),
        ("Mira", "I hear you."),
    ]


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
    assert "Stop" not in stage.voice.on_screen(HARBOUR.channel)[0].labels


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
        (None, None, None, Length("medium")),
        (Length("short"), None, None, Length("short")),
        (Length("short"), Length("huge"), None, Length("huge")),
        (Length("short"), Length("huge"), Length("micro"), Length("micro")),
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
    step = ZEPHRP.lengths.find(expected)
    assert step is not None
    assert first.parameters["max_new_tokens"] == step.max_new_tokens
    after = me or scene or Length("medium")
    assert second.prompt.endswith(f"(length = {after})\nMira:")


async def test_auto_sends_no_length(stage: Stage) -> None:
    await stage.store.set_length(HARBOUR.channel, Length("auto"))

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


async def test_stopping_the_scene_ends_waiting_lines_without_a_word(stage: Stage) -> None:
    stage.tgi.reply, stage.tgi.tokens_per_s = lambda _: story(60), 60
    await stage.say("One.")
    await stage.until(lambda: bool(stage.screen()))
    await stage.say("Two.")

    await stage.store.set_live(HARBOUR.channel, live=False)
    stage.pipeline.stop(HARBOUR.channel)
    await stage.quiet()

    assert len(stage.screen()) == 1
    assert stage.metrics.outcomes == ["stopped", "stopped"]
