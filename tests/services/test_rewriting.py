"""What members do to a story changes memory, screen and prompt alike."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.core.errors import NotAllowedHere, UserError
from bot.core.ports import Speaker
from bot.core.rights import Action
from bot.core.scene import MessageId, TurnId, Work, reply_turn_id
from bot.core.story_acts import TooOldForButtons, text_stamp
from bot.services.rewriting import NOT_ALONE, UNDER_WAY
from tests.fakes.scripted_tgi import story
from tests.scenes import reply
from tests.services.rewriting_desk import (
    CHANNEL,
    MIRROR,
    OWNER,
    STRANGER,
    Desk,
    _planned_edit,
    desk_on,
)
from tests.services.shelving import SlowMemory, is_whole
from tests.services.stage import HARBOUR, MIRA, open_stage


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_stage() as stage:
        await stage.begin()
        yield desk_on(stage)


async def test_undo_changes_memory_screen_and_prompt(desk: Desk) -> None:
    await desk.tell("one", "two")
    line = (await desk.stage.store.read(CHANNEL)).turns[2]  # type: ignore[union-attr]  # there is one

    done = await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    await desk.stage.quiet()

    assert (done.replies, done.lines, done.name, done.stuck) == (1, 1, "7", 0)
    assert await desk.texts() == ["line 1", "one"]
    assert desk.stage.screen() == ["one"]
    assert desk.marked() == set(line.messages)
    assert desk.forgotten == [CHANNEL]
    assert await desk.stage.store.owed(CHANNEL) == ()


async def test_a_stranger_ends_no_reply_by_trying_to_undo(desk: Desk) -> None:
    await desk.tell("one")
    desk.stage.tgi.reply, desk.stage.tgi.tokens_per_s = lambda _: story(20), 200
    await desk.stage.say("line 2")
    await desk.stage.until(lambda: len(desk.stage.tgi.asked) == 2)

    with pytest.raises(UserError, match="Only the player"):
        await desk.rewriting.undo(CHANNEL, STRANGER, 1, name="7")
    await desk.stage.quiet()

    assert (await desk.texts())[-1] == story(20).strip()


async def test_undo_ends_what_is_being_written_first(desk: Desk) -> None:
    await desk.tell("one")
    desk.stage.tgi.reply, desk.stage.tgi.tokens_per_s = lambda _: story(200), 50
    await desk.stage.say("line 2")
    await desk.stage.until(lambda: len(desk.stage.screen()) == 2)

    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    await desk.stage.quiet()

    assert await desk.texts() == ["line 1", "one"]
    assert desk.stage.screen() == ["one"]


async def test_a_line_that_comes_meanwhile_is_planned_with(desk: Desk) -> None:
    await desk.tell("one")
    apply = desk.stage.store.apply

    async def apply_late(*args: object, **options: object) -> bool:
        desk.stage.store.apply = apply  # type: ignore[method-assign]
        await desk.stage.say("line 2", mention=True)
        return await apply(*args, **options)  # type: ignore[arg-type]

    desk.stage.store.apply = apply_late  # type: ignore[method-assign]
    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    await desk.stage.quiet()

    assert await desk.texts() == ["line 1", "one"]
    assert desk.stage.screen() == ["one"]


async def test_a_story_that_never_rests_is_left_alone(desk: Desk) -> None:
    await desk.tell("one")

    async def never(*_: object, **__: object) -> bool:
        return False

    desk.stage.store.apply = never  # type: ignore[method-assign]

    with pytest.raises(UserError, match=NOT_ALONE):
        await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")


async def test_of_two_changes_at_once_one_is_refused(desk: Desk) -> None:
    await desk.tell("one", "two")
    first, second = await asyncio.gather(
        desk.rewriting.undo(CHANNEL, OWNER, 1, name="7"),
        desk.rewriting.undo(CHANNEL, OWNER, 1, name="8"),
        return_exceptions=True,
    )

    assert not isinstance(first, BaseException)
    assert isinstance(second, UserError)
    assert await desk.texts() == ["line 1", "one"]


async def test_what_shows_of_a_broken_off_reply_leaves_with_its_line(desk: Desk) -> None:
    await desk.tell("one")
    line, _ = await desk.stage.say("line 2")
    desk.stage.pipeline.stop(CHANNEL)
    await desk.stage.quiet()
    message = await desk.stage.voice.say(HARBOUR, Speaker("Mira", MIRA), "half a")
    await desk.stage.leave(Work(reply_turn_id(line), line, (message,), at_ms=5))

    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    await desk.stage.quiet()

    assert await desk.texts() == ["line 1", "one"]
    assert desk.stage.screen() == ["one"]
    assert await desk.stage.store.work(CHANNEL) is None


async def test_an_edit_waits_for_the_reply_that_is_being_written(desk: Desk) -> None:
    await desk.tell("one")
    old = await desk.stage.last_turn()
    desk.stage.tgi.reply, desk.stage.tgi.tokens_per_s = lambda _: story(20), 200
    await desk.stage.say("line 2")
    await desk.stage.until(lambda: len(desk.stage.screen()) == 2)

    await desk.rewriting.edit(CHANNEL, OWNER, old.id, "uno", stamp=text_stamp("one"), by="Mara")
    await desk.stage.quiet()

    assert await desk.texts() == ["line 1", "uno", "line 2", story(20).strip()]
    assert desk.stage.screen() == ["uno", story(20).strip()]


async def test_a_swipe_is_not_chosen_while_a_reply_is_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.rewriting.A_MOMENT_S", 0.01)
    await desk.tell("one")
    desk.stage.tgi.reply, desk.stage.tgi.tokens_per_s = lambda _: story(200), 50
    await desk.stage.pipeline.swipe(CHANNEL, await desk.reply())

    with pytest.raises(UserError, match=UNDER_WAY):
        await desk.rewriting.select(CHANNEL, OWNER, await desk.reply(), -1)

    await desk.stage.pipeline.halt(CHANNEL)


async def test_what_is_only_shown_again_is_shown_at_once_and_without_typing() -> None:
    async with open_stage(merge_pause_s=60) as stage:
        await stage.begin()
        turn = replace(reply(1, "one"), messages=(await stage.voice.say(HARBOUR, MIRROR, "one"),))
        await stage.store.commit(CHANNEL, turn)
        desk = desk_on(stage)

        await desk.edit("uno")
        await stage.quiet()

        assert stage.screen() == ["uno"]
        assert stage.voice.did("typing") == []


async def test_what_cannot_be_shown_for_long_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.wishes.HALT_WITHIN_S", 0.01)
    desk.stage.tgi.first_token_s = 60
    await desk.stage.say("line 1")
    await desk.stage.until(lambda: bool(desk.stage.tgi.asked))

    with pytest.raises(UserError, match=UNDER_WAY):
        await desk.stage.pipeline.show(CHANNEL, TurnId("5"))

    monkeypatch.undo()
    await desk.stage.pipeline.halt(CHANNEL)


async def test_what_the_screen_cannot_follow_memory_takes_back(desk: Desk) -> None:
    await desk.tell("one")
    desk.stage.voice.outcomes["edit"].append(NotAllowedHere("no"))

    await desk.edit("uno")
    await desk.stage.quiet()

    assert await desk.texts() == ["line 1", "one"]
    assert desk.stage.screen()[0] == "one"
    assert await desk.stage.store.work(CHANNEL) is None


async def test_messages_that_cannot_be_removed_are_told_of(desk: Desk) -> None:
    await desk.tell("one")
    desk.stage.voice.outcomes["delete"].append(NotAllowedHere("not yours"))

    done = await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")

    assert done.stuck == 1
    assert await desk.texts() == []


async def test_deleting_an_older_turn_lets_the_reply_be_written_anew(desk: Desk) -> None:
    await desk.tell("one", "two")
    first = (await desk.rewriting.live(CHANNEL)).turns[1].id
    desk.stage.tgi.reply, desk.stage.tgi.tokens_per_s = lambda _: story(20), 200
    await desk.stage.say("line 3")
    await desk.stage.until(lambda: len(desk.stage.tgi.asked) == 3)

    await desk.rewriting.delete(CHANNEL, OWNER, first)
    await desk.stage.quiet()

    assert await desk.texts() == ["line 1", "line 2", "two", "line 3", story(20).strip()]
    assert "Mira: one" not in desk.stage.tgi.asked[-1].prompt
    assert desk.stage.screen() == ["two", story(20).strip()]


async def test_what_may_be_done_to_the_newest_reply_is_asked_first(desk: Desk) -> None:
    await desk.tell("one", "two")
    scene = await desk.rewriting.live(CHANNEL)
    first, last = scene.turns[1].id, scene.turns[3].id

    assert (await desk.rewriting.newest(CHANNEL, OWNER, Action.SWIPE, last)).text == "two"
    assert (await desk.rewriting.opened(CHANNEL, OWNER, first)).text == "one"
    with pytest.raises(TooOldForButtons):
        await desk.rewriting.newest(CHANNEL, OWNER, Action.SWIPE, first)
    with pytest.raises(UserError, match="Only the player"):
        await desk.rewriting.newest(CHANNEL, STRANGER, Action.SWIPE, last)
    with pytest.raises(UserError, match="Only the player"):
        await desk.rewriting.opened(CHANNEL, STRANGER, first)
    with pytest.raises(UserError, match="no part of the story"):
        desk.rewriting.turn_of(scene, MessageId(5))


async def test_buttons_work_the_moment_they_are_there() -> None:
    """They are on the screen a moment before the reply is remembered."""
    store = SlowMemory(keep=100)
    async with open_stage(store=store) as stage:
        await stage.begin()
        desk = desk_on(stage)
        store.may_commit.clear()
        stage.tgi.reply = lambda _: " one"
        line, _ = await stage.say("line 1")
        await stage.until(lambda: is_whole(stage, "one"))
        fresh = reply_turn_id(line)

        async with asyncio.TaskGroup() as tasks:
            pressed = tasks.create_task(desk.rewriting.newest(CHANNEL, OWNER, Action.SWIPE, fresh))
            opened = tasks.create_task(desk.rewriting.opened(CHANNEL, OWNER, fresh))
            await asyncio.sleep(0.05)
            store.may_commit.set()

        assert (pressed.result().text, opened.result().text) == ("one", "one")


async def test_a_stopped_scene_is_left_as_it_is(desk: Desk) -> None:
    await desk.tell("one")
    await desk.stage.store.set_live(CHANNEL, live=False)

    with pytest.raises(UserError, match="No scene is live"):
        await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")


async def test_a_process_that_ends_after_the_change_leaves_it_to_the_next(desk: Desk) -> None:
    """The change is stored with what the screen has to do; the next start does it."""
    await desk.tell("one")
    turn = await desk.stage.last_turn()
    store, voice = desk.stage.store, desk.stage.voice
    scene = await desk.rewriting.live(CHANNEL)
    change = await _planned_edit(desk, "uno")
    assert await store.apply(CHANNEL, change, version=scene.head.version)

    async with open_stage(store=store, voice=voice, process="the next") as later:
        later.clock_ms[0] = desk.stage.clock_ms[0]
        await later.pipeline.recover()
        await later.quiet()

        assert later.screen() == ["uno"]
        assert (await later.last_turn()).messages == turn.messages
        assert await store.work(CHANNEL) is None
