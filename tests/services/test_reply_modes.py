"""Which lines are answered, by the scene's mode; also over a restart, and told by "Why?"."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.core.scene import NO_CHARACTER, GuildId, MessageId, ReplyMode, UserId, reply_turn_id
from bot.core.triggers import Decision
from bot.core.why import Around, Fate, fate_of
from bot.services.limits import MANY_LINES
from bot.services.recovery import left_over
from tests.services.playing import CHANNEL, change, in_mode, last_message, replies, spoken
from tests.services.stage import MARA, TOM, Stage, open_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        await opened.begin()
        yield opened


async def fate(stage: Stage, message: MessageId) -> Fate:
    scene = await stage.store.read(CHANNEL)
    work = await stage.store.work(CHANNEL)
    around = Around(scene, work, stage.pipeline.is_writing(CHANNEL), 0, 600_000)
    return fate_of(message, None, around)


async def acquainted(stage: Stage) -> None:
    """Two have written, and both were answered."""
    await stage.say("I knock.")
    await stage.quiet()
    await stage.say("Me too, Mira.", author=TOM)
    await stage.quiet()


async def test_always_answers_each_line_of_several_players(stage: Stage) -> None:
    await in_mode(stage, ReplyMode.ALWAYS)

    for author in (MARA, TOM, MARA):
        assert (await stage.say("Hm.", author=author))[1] is Decision.ANSWER
        await stage.quiet()

    assert len(await replies(stage)) == 3
    assert not [text for text in stage.screen() if "Several of you" in text]


async def test_mention_leaves_a_single_player_alone_until_it_is_meant(stage: Stage) -> None:
    await in_mode(stage, ReplyMode.MENTION)

    line, decision = await stage.say("Mira, what do you see?")
    assert decision is Decision.REMEMBER
    assert await fate(stage, MessageId(int(line))) is Fate.NOT_MENTIONED
    assert (await stage.say("You!", mention=True))[1] is Decision.ANSWER
    await stage.quiet()
    shown = await last_message(stage)
    assert (await stage.say("You again!", replies_to=shown))[1] is Decision.ANSWER
    await stage.quiet()

    assert "Mira, what do you see?" in stage.tgi.asked[0].prompt
    assert len(stage.tgi.asked) == 2


async def test_name_waits_for_the_name_also_with_one_player(stage: Stage) -> None:
    await in_mode(stage, ReplyMode.NAME)

    line, decision = await stage.say("What do you see?")
    assert decision is Decision.REMEMBER
    assert await fate(stage, MessageId(int(line))) is Fate.NOT_NAMED
    assert (await stage.say("Mira?"))[1] is Decision.ANSWER
    await stage.quiet()

    assert len(stage.tgi.asked) == 1


async def test_turns_waits_until_everybody_has_written(stage: Stage) -> None:
    await acquainted(stage)
    asked = len(stage.tgi.asked)
    await in_mode(stage, ReplyMode.TURNS)

    line, decision = await stage.say("Mira, open!", mention=True)
    assert decision is Decision.REMEMBER
    assert await fate(stage, MessageId(int(line))) is Fate.OTHERS_TO_COME
    assert (await stage.say("Please."))[1] is Decision.REMEMBER
    assert len(stage.tgi.asked) == asked
    assert (await stage.say("I push.", author=TOM))[1] is Decision.ANSWER
    await stage.quiet()

    assert len(stage.tgi.asked) == asked + 1
    assert "Mara: Mira, open!\nMara: Please.\nTom: I push." in stage.tgi.asked[-1].prompt


async def test_a_round_is_answered_behind_its_newest_line_in_whatever_order_they_come(
    stage: Stage,
) -> None:
    """Of two lines at once the older one may be stored last."""
    await acquainted(stage)
    await in_mode(stage, ReplyMode.TURNS)

    newest, _ = await stage.say("I push.", author=TOM, number=90_002)
    assert (await stage.say("I knock.", number=90_001))[1] is Decision.ANSWER
    await stage.quiet()

    assert [text for _, text in await stage.memory()][-3:-1] == ["I knock.", "I push."]
    assert (await stage.last_turn()).id == reply_turn_id(newest)


async def test_turns_does_not_wait_for_who_has_long_not_written(stage: Stage) -> None:
    await stage.say("I knock.", author=TOM)
    await stage.quiet()
    await in_mode(stage, ReplyMode.TURNS)
    stage.clock_ms[0] += 3_600_000

    assert (await stage.say("I come alone."))[1] is Decision.ANSWER
    await stage.quiet()


async def test_talk_ends_a_round_before_everybody_has_written(stage: Stage) -> None:
    await acquainted(stage)
    await in_mode(stage, ReplyMode.TURNS)
    line, _ = await stage.say("I go in.")
    asked = len(stage.tgi.asked)

    assert await stage.pipeline.talk(CHANNEL, MARA, MessageId(90_000), NO_CHARACTER)
    await stage.quiet()

    assert len(stage.tgi.asked) == asked + 1
    assert (await stage.last_turn()).id == reply_turn_id(line)
    assert await fate(stage, MessageId(int(line))) is Fate.ANSWERED


async def test_a_line_for_the_next_round_does_not_restart_the_reply(stage: Stage) -> None:
    await acquainted(stage)
    await in_mode(stage, ReplyMode.TURNS)
    await stage.say("One.")
    asked = len(stage.tgi.asked)
    stage.tgi.first_token_s = 0.2
    await stage.say("Two.", author=TOM)
    await stage.until(lambda: len(stage.tgi.asked) > asked)

    assert (await stage.say("Three."))[1] is Decision.REMEMBER
    await stage.quiet()

    assert len(stage.tgi.asked) == asked + 1


async def test_a_round_that_ended_before_a_crash_is_answered_after_it(stage: Stage) -> None:
    """The last line was stored, and nobody had looked whether the others have written."""
    await acquainted(stage)
    await in_mode(stage, ReplyMode.TURNS)
    await stage.say("One.")
    line, _ = await stage.say("Two.", author=TOM)
    await stage.pipeline.halt(CHANNEL)
    scene = await stage.store.read(CHANNEL)
    assert scene is not None
    await stage.store.set_facts(CHANNEL, line, {"decision": Decision.REMEMBER, "mode": "turns"})
    scene = await stage.store.read(CHANNEL)
    assert scene is not None

    left = left_over(scene, None)

    assert left.waiting is not None
    assert left.waiting.turn == line
    waits = left_over(type(scene)(scene.head, tuple(t for t in scene.turns if t.id != line)), None)
    assert waits.waiting is None


async def test_a_mode_that_another_process_has_set_holds_at_once(stage: Stage) -> None:
    await stage.say("I knock.")
    await stage.quiet()
    await in_mode(stage, ReplyMode.NAME)  # nobody has told the pipeline

    line, decision = await stage.say("Hello?")

    assert decision is Decision.REMEMBER
    scene = await stage.store.read(CHANNEL)
    assert scene is not None
    turn = next(turn for turn in scene.turns if turn.id == line)
    assert turn.facts == {"decision": "remember", "mode": "name"}


async def test_two_last_lines_at_once_get_one_reply(stage: Stage) -> None:
    await acquainted(stage)
    await change(stage, reply_mode=ReplyMode.TURNS)
    asked = len(stage.tgi.asked)
    stage.tgi.first_token_s = 0.1

    decisions = await asyncio.gather(stage.say("One."), stage.say("Two.", author=TOM))
    await stage.quiet()

    assert Decision.ANSWER in [decision for _, decision in decisions]
    assert (await spoken(stage))[-3:] == ["Mara", "Tom", "Mira"]
    assert len(stage.screen()) == len(await replies(stage)) == 3
    assert len(stage.tgi.asked) - asked in (1, 2)


async def test_s28_lines_beyond_the_limit_are_remembered_and_that_is_said_once() -> None:
    left = [1]

    def may_ask(user: UserId, _guild: GuildId | None) -> bool:
        assert user == MARA
        left[0] -= 1
        return left[0] >= 0

    async with open_stage(may_ask=may_ask) as stage:
        await stage.begin()
        await stage.say("I knock.")
        await stage.quiet()
        said = [await stage.say("Nobody?"), await stage.say("Hello?")]
        await stage.quiet()

        assert [decision for _, decision in said] == [Decision.TOO_FAST] * 2
        assert await spoken(stage) == ["Mara", "Mira", "Mara", "Mara"]
        assert stage.screen().count(MANY_LINES) == 1
        assert await fate(stage, await last_message(stage)) is Fate.TOO_FAST
        scene = await stage.store.read(CHANNEL)
        assert scene is not None
        assert left_over(scene, None).waiting is None, "a restart would answer it after all"
        left[0] = 1
        await stage.say("It is open.")
        await stage.quiet()
        assert (await spoken(stage))[-1] == "Mira"
