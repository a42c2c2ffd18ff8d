"""What a reply goes through between the model and the screen."""

import itertools
from collections.abc import AsyncGenerator

import pytest

from bot.core.facts import Ending, ReplyFacts
from bot.core.lengths import Length
from bot.core.scene import GuardLevel, TurnId
from bot.services.again import StoryWentOn
from tests.fakes.scripted_tgi import Fault, story
from tests.services.stage import HARBOUR, MARA, Stage, open_stage

TALE = " The lamp turns slowly over the dark water. She counts the ships and smiles."
OTHER = " Nobody has come up these stairs since spring. The kettle sings."


@pytest.fixture
async def stage() -> AsyncGenerator[Stage, None]:
    async with open_stage() as opened:
        await opened.begin()
        yield opened


async def facts(stage: Stage) -> ReplyFacts:
    return ReplyFacts.read((await stage.last_turn()).facts)


def row(swipes: str = "1/1 ▶", *, again: str = "", more: str = "▶▶") -> list[str]:
    """The labels under the newest reply."""
    return ["◀", swipes, again, more, "⋯"]


def buttons(stage: Stage) -> list[list[str]]:
    return [shown.labels for shown in stage.voice.on_screen(HARBOUR.channel)]


async def test_a_reply_tells_how_it_came_about(stage: Stage) -> None:
    stage.tgi.reply = lambda _: TALE

    await stage.say("Is the lamp lit?")
    await stage.quiet()

    told = await facts(stage)
    sent = stage.tgi.asked[-1]
    assert told.model == "scripted"
    assert (told.length, told.source) == ("medium", "default")
    assert told.seed == sent.parameters["seed"]
    assert told.ending == Ending.MODEL
    assert told.prompt_tokens > 50
    assert told.new_tokens == sent.sent + 1
    assert told.tries == 1


async def test_a_line_remembers_what_was_decided_about_it(stage: Stage) -> None:
    turn, decision = await stage.say("Hello?")
    await stage.quiet()

    scene = await stage.store.read(HARBOUR.channel)
    assert scene is not None
    assert decision is not None
    assert scene.turns[0].id == turn
    assert scene.turns[0].facts == {"decision": decision}


async def test_a_reply_that_says_what_was_said_before_is_asked_for_anew_with_a_penalty(
    stage: Stage,
) -> None:
    stage.tgi.reply = lambda _: TALE
    await stage.say("Tell me.")
    await stage.quiet()
    replies = iter([TALE.replace("slowly", "softly"), OTHER])
    stage.tgi.reply = lambda _: next(replies)

    await stage.say("And then?")
    await stage.quiet()

    assert stage.screen()[-1] == OTHER.strip()
    first, again = stage.tgi.asked[-2:]
    assert again.parameters["repetition_penalty"] > first.parameters["repetition_penalty"]
    assert again.parameters["seed"] != first.parameters["seed"]
    assert not [act for act in stage.voice.acts if "softly" in act.text]
    assert (await facts(stage)).tries == 2
    assert buttons(stage)[-1] == row()


async def test_a_reply_that_insists_is_shown_with_an_offer_to_write_it_anew(stage: Stage) -> None:
    stage.tgi.reply = lambda _: TALE
    await stage.say("Tell me.")
    await stage.quiet()

    await stage.say("And then?")
    await stage.quiet()

    assert len(stage.tgi.asked) == 3
    assert stage.screen() == [TALE.strip(), TALE.strip()]
    assert buttons(stage) == [[], row(again="Write it anew")]
    assert (await facts(stage)).repeats


async def test_a_short_answer_may_be_given_twice(stage: Stage) -> None:
    stage.tgi.reply = lambda _: ' "Yes."'

    for line in ("Ready?", "Sure?"):
        await stage.say(line)
        await stage.quiet()

    assert len(stage.tgi.asked) == 2
    assert stage.screen() == ['"Yes."', '"Yes."']


async def test_a_reply_cut_off_by_its_length_ends_with_a_sentence_and_may_go_on(
    stage: Stage,
) -> None:
    await stage.store.set_length(HARBOUR.channel, Length("micro"))
    sentence = " The lamp turns over the water."
    stage.tgi.reply = lambda _: sentence * 20

    await stage.say("Tell me all.")
    await stage.quiet()

    assert stage.screen() == [(sentence * 6).strip()]
    assert buttons(stage) == [row(more="▶▶ Continue")]
    assert (await facts(stage)).ending == Ending.TOKENS


async def test_no_text_that_was_shown_is_taken_back_at_the_end(stage: Stage) -> None:
    await stage.store.set_length(HARBOUR.channel, Length("micro"))
    stage.tgi.tokens_per_s = 400
    stage.tgi.reply = lambda _: " Well." + story(80)

    await stage.say("Tell me all.")
    await stage.quiet()

    states = [act.text for act in stage.voice.did("say", "edit")]
    assert len(states) > 2
    assert all(later.startswith(state) for state, later in itertools.pairwise(states))


async def test_a_reply_goes_on_in_its_own_message(stage: Stage) -> None:
    await stage.store.set_length(HARBOUR.channel, Length("micro"))
    stage.tgi.reply = lambda _: " The lamp turns over the water." * 20
    trigger, _ = await stage.say("Tell me all.")
    await stage.quiet()
    shown = stage.screen()[0]
    stage.tgi.reply = lambda _: " Then it stops."

    assert await stage.pipeline.continue_reply(HARBOUR.channel, TurnId(f"{trigger}r"))
    await stage.quiet()

    assert stage.tgi.asked[-1].prompt.endswith(f"\nMira: {shown}")
    assert stage.screen() == [f"{shown} Then it stops."]
    assert await stage.memory() == [("Mara", "Tell me all."), ("Mira", stage.screen()[0])]
    assert buttons(stage) == [row()]
    assert await stage.store.work(HARBOUR.channel) is None


async def test_a_reply_that_has_nothing_to_add_stays_as_it_is(stage: Stage) -> None:
    stage.tgi.reply = lambda _: TALE
    trigger, _ = await stage.say("Tell me.")
    await stage.quiet()
    stage.tgi.reply = lambda _: ""

    await stage.pipeline.continue_reply(HARBOUR.channel, TurnId(f"{trigger}r"))
    await stage.quiet()

    assert stage.screen()[0] == TALE.strip()
    assert "nothing to add" in stage.screen()[1]
    assert (await stage.last_turn()).text == TALE.strip()
    assert await stage.store.work(HARBOUR.channel) is None


async def test_only_the_newest_reply_goes_on(stage: Stage) -> None:
    trigger, _ = await stage.say("One.")
    await stage.quiet()
    await stage.say("Two.")
    await stage.quiet()

    with pytest.raises(StoryWentOn):
        await stage.pipeline.continue_reply(HARBOUR.channel, TurnId(f"{trigger}r"))


async def test_a_reply_that_goes_on_when_the_model_is_lost_is_finished_when_it_is_back(
    stage: Stage,
) -> None:
    stage.tgi.reply = lambda _: TALE
    trigger, _ = await stage.say("Tell me.")
    await stage.quiet()
    stage.tgi.reply = lambda prompt: (
        " dark and deep." if prompt.endswith(" more") else " There is more dark and deep."
    )
    stage.tgi.fault = Fault("cut", after=3, times=1)

    await stage.pipeline.continue_reply(HARBOUR.channel, TurnId(f"{trigger}r"))
    await stage.quiet()

    assert stage.screen() == [f"{TALE.strip()} There is more dark and deep."]
    assert (await stage.last_turn()).text == stage.screen()[0]


async def test_a_prompt_that_the_server_calls_too_long_is_made_shorter(stage: Stage) -> None:
    for number in range(12):
        await stage.say(f"Line {number}: " + "and on " * 20)
        await stage.quiet()
    stage.tgi.max_total_tokens = 900
    stage.tgi.fault = Fault("too long", times=2)

    await stage.say("The last line.")
    await stage.quiet()

    lengths = [len(asked.prompt) for asked in stage.tgi.asked[-3:]]
    assert lengths[0] > lengths[2]
    assert lengths == sorted(lengths, reverse=True)
    assert stage.screen()[-1] == "I hear you."


async def test_a_prompt_that_stays_too_long_ends_in_a_notice(stage: Stage) -> None:
    for number in range(12):
        await stage.say(f"Line {number}: " + "and on " * 20)
        await stage.quiet()
    before = len(stage.tgi.asked)
    stage.tgi.fault = Fault("too long")

    await stage.say("The last line.")
    await stage.quiet()

    assert len(stage.tgi.asked) == before + 3
    assert "refused this prompt" in stage.screen()[-1]
    assert stage.metrics.outcomes[-1] == "failed"


async def test_where_nothing_can_leave_the_reply_may_have_less(stage: Stage) -> None:
    stage.tgi.fault = Fault("too long", times=1)

    await stage.say("Hello?")
    await stage.quiet()

    first, second = (asked.parameters["max_new_tokens"] for asked in stage.tgi.asked)
    assert second < first
    assert stage.screen() == ["I hear you."]


async def test_a_special_token_ends_the_reply_and_is_not_seen(stage: Stage) -> None:
    stage.tgi.special = "§"
    stage.tgi.reply = lambda _: " Aye, captain.§user says hi"

    await stage.say("Ready?")
    await stage.quiet()

    assert stage.screen() == ["Aye, captain."]
    assert (await facts(stage)).ending == Ending.SPECIAL


async def test_a_strict_guard_ends_a_reply_that_tells_what_a_player_does(stage: Stage) -> None:
    await stage.store.set_guard(HARBOUR.channel, GuardLevel.STRICT)
    stage.tgi.reply = lambda _: " The door creaks. Mara walks in and sits down."

    await stage.say("I knock.", author=MARA)
    await stage.quiet()

    assert stage.screen() == ["The door creaks."]
    assert (await facts(stage)).ending == Ending.PLAYER


async def test_a_member_who_stops_a_reply_keeps_what_was_shown(stage: Stage) -> None:
    stage.tgi.tokens_per_s = 200
    stage.tgi.reply = lambda _: story(300)

    await stage.say("Tell me all.")
    await stage.until(lambda: len(stage.screen()) == 1)
    seen = stage.screen()[0]
    stage.pipeline.stop(HARBOUR.channel)
    await stage.quiet()

    assert stage.screen()[0].startswith(seen)
    assert (await facts(stage)).ending == Ending.MEMBER
