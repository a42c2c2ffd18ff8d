"""Stories as a whole: memory first, then the screen, and what a crash leaves in between."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.core.characters import Character, Rating
from bot.core.copies import begun_anew, replaced
from bot.core.errors import NoLiveScene, UserError
from bot.core.ports import Speaker
from bot.core.scene import ChannelId, CharacterKey, MessageId, Work, player_turn_id, reply_turn_id
from bot.core.store_ports import MOST_SAVES
from tests.fakes.scripted_tgi import story
from tests.services.shelving import Shelving, shelving
from tests.services.stage import HARBOUR, MIRA, TAVERN, open_stage

CHANNEL = HARBOUR.channel


@pytest.fixture
async def desk() -> AsyncIterator[Shelving]:
    async with shelving() as opened:
        await opened.scenes.start(opened.opening())
        yield opened


async def test_a_story_begins_anew_on_the_screen_as_in_memory(desk: Shelving) -> None:
    await desk.tell("One.", "First.")

    await desk.shelf.restart(desk.opening())
    await desk.stage.quiet()

    assert await desk.texts() == ["Hello."]
    assert desk.stage.screen() == ["Hello.", "First.", "Hello."]
    last = await desk.stage.last_turn()
    assert last.messages == (desk.stage.voice.on_screen(CHANNEL)[-1].id,)


async def test_what_takes_a_restart_back_removes_what_we_said_since(desk: Shelving) -> None:
    await desk.tell("One.", "First.")
    before = await desk.store.read(CHANNEL)
    name = (await desk.shelf.restart(desk.opening())).undo
    await desk.stage.quiet()
    await desk.tell("Two.", "Second.")

    await desk.shelf.take_back(CHANNEL, name, at_ms=desk.stage.clock_ms[0])
    await desk.stage.quiet()

    after = await desk.store.read(CHANNEL)
    assert before is not None
    assert after is not None
    assert [turn.text for turn in after.turns] == [turn.text for turn in before.turns]
    assert [turn.messages for turn in after.turns] == [turn.messages for turn in before.turns]
    assert after.head.players == before.head.players
    *shown, notice = desk.stage.screen()
    assert shown == ["Hello.", "First."]
    assert "back as it was" in notice
    assert await desk.store.owed(CHANNEL) == ()


async def test_it_can_be_taken_back_once_and_only_by_its_name(desk: Shelving) -> None:
    await desk.tell("One.", "First.")
    name = (await desk.shelf.restart(desk.opening())).undo

    with pytest.raises(UserError, match="too late"):
        await desk.shelf.take_back(CHANNEL, "restart 1", at_ms=5)
    await desk.shelf.take_back(CHANNEL, name, at_ms=5)
    with pytest.raises(UserError, match="too late"):
        await desk.shelf.take_back(CHANNEL, name, at_ms=5)

    assert await desk.texts() == ["Hello.", "One.", "First."]


async def test_a_line_that_comes_late_is_no_part_of_the_story_begun_since(desk: Shelving) -> None:
    await desk.tell("One.", "First.")
    late = desk.stage.line("Late.", MessageId(desk.events + 50))
    await desk.shelf.restart(desk.opening())
    await desk.stage.quiet()
    asked = len(desk.stage.tgi.asked)

    assert await desk.stage.pipeline.receive(late) is None
    assert await desk.stage.pipeline.receive_missed([late]) == 0
    await desk.stage.quiet()

    assert len(desk.stage.tgi.asked) == asked
    await desk.tell("Two.", "Second.")
    assert await desk.texts() == ["Hello.", "Two.", "Second."]


async def test_a_line_on_its_way_in_while_a_story_begins_anew_is_no_part_of_it(
    desk: Shelving,
) -> None:
    await desk.tell("One.", "First.")
    asked = len(desk.stage.tgi.asked)
    late = desk.stage.line("Late.", MessageId(desk.events + 50))
    desk.store.may_ingest.clear()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.stage.pipeline.receive(late))
        await desk.shelf.restart(desk.opening())
        desk.store.may_ingest.set()
    await desk.stage.quiet()

    assert await desk.texts() == ["Hello."]
    assert len(desk.stage.tgi.asked) == asked


async def test_a_line_that_waits_for_more_while_a_story_begins_anew_is_not_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with shelving(merge_pause_s=0.05) as desk:
        await desk.scenes.start(replace(desk.opening(), greeting=None))
        await desk.tell("One.", "First.")
        asked, halt = len(desk.stage.tgi.asked), desk.stage.pipeline.halt
        lines = iter(["Late."])

        async def halt_and_hear(channel: ChannelId) -> None:
            await halt(channel)
            for text in lines:
                await desk.stage.say(text, number=desk.events - 50)

        monkeypatch.setattr(desk.stage.pipeline, "halt", halt_and_hear)
        await desk.shelf.restart(replace(desk.opening(), greeting=None))
        await desk.stage.quiet()

        assert await desk.texts() == []
        assert len(desk.stage.tgi.asked) == asked


async def test_two_who_begin_it_anew_at_once_begin_it_once(desk: Shelving) -> None:
    await desk.tell("One.", "First.")

    told = await asyncio.gather(
        *(desk.shelf.restart(desk.opening()) for _ in range(2)), return_exceptions=True
    )
    await desk.stage.quiet()

    assert sorted(isinstance(each, UserError) for each in told) == [False, True]
    assert desk.stage.screen() == ["Hello.", "First.", "Hello."]
    assert await desk.texts() == ["Hello."]


async def test_a_reply_in_the_making_leaves_the_screen_and_no_line_is_answered_later(
    desk: Shelving,
) -> None:
    tgi = desk.stage.tgi
    tgi.reply, tgi.tokens_per_s = lambda _: story(200), 100
    await desk.stage.say("Tell me all.", number=2_000_150)
    await desk.stage.until(lambda: len(desk.stage.screen()) > 1)
    await desk.stage.say("And that.", number=2_000_151)

    await desk.shelf.restart(desk.opening())
    await desk.stage.quiet()

    assert desk.stage.screen() == ["Hello.", "Hello."]
    assert await desk.texts() == ["Hello."]
    assert len(tgi.asked) == 1


async def test_a_wish_that_comes_to_nothing_ends_no_reply(desk: Shelving) -> None:
    tgi = desk.stage.tgi
    tgi.reply, tgi.tokens_per_s = lambda _: story(20), 200
    await desk.stage.say("Tell me.", number=2_000_150)
    await desk.stage.until(lambda: len(desk.stage.screen()) > 1)

    with pytest.raises(UserError, match="No story is saved"):
        await desk.shelf.load(CHANNEL, "x", event=MessageId(1), at_ms=1, is_age_restricted=False)
    await desk.stage.quiet()

    assert (await desk.texts())[-1] == story(20).strip()


async def test_a_reply_that_broke_off_leaves_the_screen_with_its_story(desk: Shelving) -> None:
    await desk.tell("One.", "First.")
    line = player_turn_id(MessageId(2_000_250))
    await desk.stage.store.ingest(CHANNEL, replace(await desk.stage.last_turn(), id=line))
    half = await desk.stage.voice.say(HARBOUR, _speaker(), "Half of a rep")
    await desk.stage.leave(Work(reply_turn_id(line), line, (half,), at_ms=1))

    await desk.shelf.restart(desk.opening())
    await desk.stage.quiet()

    assert "Half of a rep" not in desk.stage.screen()


async def test_what_only_memory_knows_is_shown_by_the_next_process(desk: Shelving) -> None:
    await desk.tell("One.", "First.")
    again = desk.opening()
    found = await desk.store.read(CHANNEL)
    assert found is not None
    told = begun_anew(found, None, event=again.event, at_ms=again.at_ms)
    change = replaced(found, told, name="restart 1", at_ms=again.at_ms)
    await desk.store.apply(CHANNEL, change, version=found.head.version)

    async with open_stage(
        store=desk.store, voice=desk.stage.voice, process="the next", resume_age_s=1e9
    ) as after:
        await after.pipeline.recover("this process")
        await after.quiet()

    assert desk.stage.screen() == ["Hello.", "First.", "Hello."]
    assert await desk.store.work(CHANNEL) is None
    assert await desk.store.undo(CHANNEL) is not None


async def test_a_story_is_put_aside_and_taken_from_there_with_ids_of_its_own(
    desk: Shelving,
) -> None:
    await desk.tell("One.", "First.")
    assert await desk.shelf.save(CHANNEL, "  the\ndoor ", at_ms=3) == 3
    await desk.tell("Two.", "Second.")
    prompt_then = desk.stage.tgi.asked[-1].prompt

    again = desk.opening()
    await desk.shelf.load(
        CHANNEL, "the door", event=again.event, at_ms=again.at_ms, is_age_restricted=False
    )
    await desk.stage.quiet()
    await desk.tell("Two.", "Other.")

    assert desk.stage.tgi.asked[-1].prompt == prompt_then
    assert await desk.texts() == ["Hello.", "One.", "First.", "Two.", "Other."]
    assert "The story **the door** goes on from here." in desk.stage.screen()
    [save] = await desk.shelf.saves(CHANNEL)
    assert (save.name, save.turns) == ("the door", 3)


async def test_a_story_with_a_character_for_adults_is_loaded_only_where_it_may_play(
    desk: Shelving,
) -> None:
    wild = Character(key=CharacterKey("wild"), name="Wild", persona="", rating=Rating.ADULT)
    desk.stage.characters.loaded = {MIRA.key: MIRA, wild.key: wild}
    await desk.tell("One.", "First.")
    scene = await desk.store.read(CHANNEL)
    assert scene is not None
    head = replace(scene.head, cast=(wild.key,))
    await desk.store.save(CHANNEL, "both", replace(scene, head=head), 5)

    async def load(*, is_age_restricted: bool) -> None:
        again = desk.opening()
        await desk.shelf.load(
            CHANNEL,
            "both",
            event=again.event,
            at_ms=again.at_ms,
            is_age_restricted=is_age_restricted,
        )

    with pytest.raises(UserError, match="Wild is for adults"):
        await load(is_age_restricted=False)
    await load(is_age_restricted=True)
    loaded = await desk.store.head(CHANNEL)
    assert loaded is not None
    assert loaded.cast == (wild.key,)


async def test_a_story_that_is_loaded_where_a_line_waits_has_it_answered(desk: Shelving) -> None:
    await desk.tell("One.", "First.")
    scene = await desk.store.read(CHANNEL)
    assert scene is not None
    await desk.store.save(CHANNEL, "open", replace(scene, turns=scene.turns[:-1]), 5)
    desk.stage.tgi.reply = lambda _: " Another."

    again = desk.opening()
    await desk.shelf.load(
        CHANNEL, "open", event=again.event, at_ms=again.at_ms, is_age_restricted=False
    )
    await desk.stage.until(lambda: desk.stage.screen()[-1] == "Another.")
    await desk.stage.quiet()

    assert await desk.texts() == ["Hello.", "One.", "Another."]
    assert "> **Mara**: One." in desk.stage.screen()[-2]


async def test_shelves_are_bounded_and_say_so(desk: Shelving) -> None:
    await desk.tell("One.", "First.")
    for number in range(MOST_SAVES):
        await desk.shelf.save(CHANNEL, f"story {number}", at_ms=number)

    with pytest.raises(UserError, match="Delete one"):
        await desk.shelf.save(CHANNEL, "one more", at_ms=99)
    await desk.shelf.drop(CHANNEL, "story 3")
    await desk.shelf.save(CHANNEL, "one more", at_ms=99)


async def test_a_long_story_that_could_not_be_brought_back_is_put_aside() -> None:
    async with shelving(keep=10) as desk:
        await desk.scenes.start(desk.opening())
        for number in range(3):
            await desk.tell(f"Line {number}.", f"Answer {number}.")
        await desk.shelf.save(CHANNEL, "then", at_ms=1)
        before = await desk.texts()

        again = desk.opening()
        was = await desk.shelf.load(
            CHANNEL, "then", event=again.event, at_ms=again.at_ms, is_age_restricted=False
        )
        await desk.stage.quiet()

        assert was.undo == ""
        kept = await desk.store.saved(CHANNEL, was.copy)
        assert kept is not None
        assert [turn.text for turn in kept.turns] == before
        assert (await desk.shelf.restart(desk.opening())).undo


async def test_a_reply_that_is_only_just_on_the_screen_comes_back_with_the_story(
    desk: Shelving,
) -> None:
    """It is whole there a moment before it is remembered."""
    async with desk.telling("One.", "First."):
        name = (await desk.shelf.restart(desk.opening())).undo
    assert await desk.texts() == ["Hello."]

    await desk.shelf.take_back(CHANNEL, name, at_ms=desk.stage.clock_ms[0])
    await desk.stage.quiet()

    assert await desk.texts() == ["Hello.", "One.", "First."]
    assert desk.stage.screen()[:2] == ["Hello.", "First."]


async def test_a_reply_that_is_only_just_on_the_screen_is_put_aside_with_its_story() -> None:
    async with shelving(keep=10) as desk:
        await desk.scenes.start(desk.opening())
        for number in range(2):
            await desk.tell(f"Line {number}.", f"Answer {number}.")
        await desk.shelf.save(CHANNEL, "then", at_ms=1)
        again = desk.opening()
        async with desk.telling("And now?", "Now it is."):
            was = await desk.shelf.load(
                CHANNEL, "then", event=again.event, at_ms=again.at_ms, is_age_restricted=False
            )

        kept = await desk.store.saved(CHANNEL, was.copy)
        assert kept is not None
        assert [turn.text for turn in kept.turns][-2:] == ["And now?", "Now it is."]


async def test_a_character_that_is_gone_is_named(desk: Shelving) -> None:
    await desk.shelf.save(CHANNEL, "one", at_ms=1)
    desk.stage.characters.loaded = {}

    with pytest.raises(UserError, match="Mira is not among my characters"):
        await desk.shelf.load(CHANNEL, "one", event=MessageId(1), at_ms=1, is_age_restricted=False)


async def test_where_nothing_is_there_is_nothing_to_do(desk: Shelving) -> None:
    with pytest.raises(NoLiveScene):
        await desk.shelf.save(TAVERN.channel, "one", at_ms=1)
    with pytest.raises(NoLiveScene):
        await desk.shelf.start_over(desk.opening(TAVERN), instead_of=1)
    with pytest.raises(UserError, match="only just begun"):
        await desk.shelf.restart(desk.opening())


async def test_of_two_other_scenes_at_once_one_begins(desk: Shelving) -> None:
    await desk.tell("One.", "First.")

    head = await desk.scenes.live_head(CHANNEL)

    told = await asyncio.gather(
        *(desk.shelf.start_over(desk.opening(), instead_of=head.started_ms) for _ in range(2)),
        return_exceptions=True,
    )
    await desk.stage.quiet()

    assert sorted(isinstance(each, UserError) for each in told) == [False, True]
    assert await desk.texts() == ["Hello."]


async def test_scenes_are_listed_as_they_were_played_last(desk: Shelving) -> None:
    await desk.tell("One.", "  First\n\nlight.")
    await desk.scenes.start(desk.opening(TAVERN))

    first, second = await desk.shelf.scenes(HARBOUR.guild, CHANNEL)
    assert (first.place, first.last) == (TAVERN, "Mira: Hello.")
    assert (second.last, second.is_live) == ("Mira: First light.", True)
    assert second.message is not None
    [here] = await desk.shelf.scenes(None, CHANNEL)
    assert here == second


def _speaker() -> Speaker:
    return Speaker(MIRA.name, MIRA)
