"""Bringing back what was taken: memory first, then the screen, each message once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.core.errors import NotAllowedHere, PostError, PostRefused, UserError
from bot.core.redo import redo
from bot.core.scene import MessageId, mark_of
from bot.services.posting import post_button
from bot.services.rewriting import UNDO_MS
from tests.services.rewriting_desk import (
    CHANNEL,
    OWNER,
    Desk,
    desk_on,
)
from tests.services.stage import HARBOUR, open_stage


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_stage() as stage:
        await stage.begin()
        yield desk_on(stage)


async def test_redo_posts_each_reply_again_and_looks_at_the_lines(desk: Desk) -> None:
    await desk.tell("one", "two")
    await desk.rewriting.undo(CHANNEL, OWNER, 2, name="7")

    count = await desk.rewriting.redo(CHANNEL, OWNER, name="7")

    assert count == 4
    assert await desk.texts() == ["line 1", "one", "line 2", "two"]
    assert desk.stage.screen() == ["one", "two"]
    assert desk.marked() == set()
    assert desk.doubts.take().channels[CHANNEL].since == MessageId(10_000)
    with pytest.raises(UserError, match="any more"):
        await desk.rewriting.redo(CHANNEL, OWNER, name="7")


async def test_redo_is_over_after_ten_minutes(desk: Desk) -> None:
    await desk.tell("one")
    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    desk.stage.clock_ms[0] += UNDO_MS

    with pytest.raises(UserError, match="any more"):
        await desk.rewriting.redo(CHANNEL, OWNER, name="7")


async def test_a_reply_that_may_not_be_posted_again_does_not_come_back(desk: Desk) -> None:
    await desk.tell("one", "two")
    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    await desk.stage.quiet()
    desk.stage.voice.outcomes["say"].append(PostRefused("no"))

    await desk.rewriting.redo(CHANNEL, OWNER, name="7")
    await desk.stage.quiet()

    assert await desk.texts() == ["line 1", "one", "line 2"]
    assert "two" not in desk.stage.screen()


async def test_redo_leaves_a_reply_that_nobody_can_remove_where_it_is(desk: Desk) -> None:
    """Its webhook is gone: it can be neither removed nor edited."""
    await desk.tell("one")
    before = await desk.stage.last_turn()
    voice = desk.stage.voice
    voice.outcomes["delete"].extend([NotAllowedHere("not yours")] * 2)
    voice.outcomes["edit"].append(PostRefused("not yours"))
    done = await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    posts = len(voice.did("say"))

    count = await desk.rewriting.redo(CHANNEL, OWNER, name="7")
    await desk.stage.quiet()

    assert (done.stuck, count) == (1, 2)
    assert desk.stage.screen() == ["one"]
    assert await desk.texts() == ["line 1", "one"]
    assert (await desk.stage.last_turn()).messages == before.messages
    assert await desk.stage.store.owed(CHANNEL) == ()
    assert await desk.stage.store.work(CHANNEL) is None
    assert len(voice.did("say")) == posts  # nobody is told of a failure


async def test_redo_gives_a_reply_that_stayed_its_buttons_back(desk: Desk) -> None:
    await desk.tell("one")
    [shown] = desk.stage.voice.on_screen(CHANNEL)
    row = shown.labels
    desk.stage.voice.outcomes["delete"].append(PostError("limited"))
    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    await desk.stage.voice.put_buttons(HARBOUR, shown.id)

    await desk.rewriting.redo(CHANNEL, OWNER, name="7")
    await desk.stage.quiet()

    assert desk.stage.screen() == ["one"]
    assert desk.stage.voice.on_screen(CHANNEL)[0].labels == row != []


async def test_redo_posts_a_reply_that_somebody_else_has_removed_meanwhile(desk: Desk) -> None:
    """Nobody told us: the gateway was away."""
    await desk.tell("one")
    voice = desk.stage.voice
    voice.outcomes["delete"].append(NotAllowedHere("not yours"))
    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    [old] = await desk.stage.store.owed(CHANNEL)
    await voice.delete(HARBOUR, old)

    await desk.rewriting.redo(CHANNEL, OWNER, name="7")
    await desk.stage.quiet()

    assert desk.stage.screen() == ["one"]
    assert await desk.texts() == ["line 1", "one"]
    assert await desk.stage.store.owed(CHANNEL) == ()


async def test_redo_plans_again_where_a_message_leaves_meanwhile(desk: Desk) -> None:
    await desk.tell("one")
    store, voice = desk.stage.store, desk.stage.voice
    voice.outcomes["delete"].append(NotAllowedHere("not yours"))
    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    owed, apply = await store.owed(CHANNEL), store.apply

    async def apply_late(*args: object, **options: object) -> bool:
        store.apply = apply  # type: ignore[method-assign]
        await voice.delete(HARBOUR, owed[0])
        await desk.stage.pipeline.deleted(CHANNEL, owed)
        return await apply(*args, **options)  # type: ignore[arg-type]

    store.apply = apply_late  # type: ignore[method-assign]
    await desk.rewriting.redo(CHANNEL, OWNER, name="7")
    await desk.stage.quiet()

    assert desk.stage.screen() == ["one"]
    assert await desk.texts() == ["line 1", "one"]
    assert (await desk.stage.last_turn()).messages != owed


async def test_nothing_is_taken_away_while_redo_brings_it_back(desk: Desk) -> None:
    await desk.tell("one")
    store, voice = desk.stage.store, desk.stage.voice
    voice.outcomes["delete"].append(PostError("limited"))
    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    apply, is_back = store.apply, asyncio.Event()

    async def answer_late(_: MessageId) -> None:
        await is_back.wait()

    async with asyncio.TaskGroup() as tasks:

        async def apply_late(*args: object, **options: object) -> bool:
            tasks.create_task(desk.debts.pay(HARBOUR))
            for _ in range(20):  # time enough to remove it, if that may be
                await asyncio.sleep(0)
            done = await apply(*args, **options)  # type: ignore[arg-type]
            is_back.set()
            return done

        voice.on_delete = answer_late
        store.apply = apply_late  # type: ignore[method-assign]
        await desk.rewriting.redo(CHANNEL, OWNER, name="7")
    await desk.stage.quiet()

    assert desk.stage.screen() == ["one"]
    assert await desk.texts() == ["line 1", "one"]


async def test_a_reply_whose_deletion_is_told_late_stays_where_redo_put_it(desk: Desk) -> None:
    await desk.tell("one")
    told: list[MessageId] = []

    async def note(message: MessageId) -> None:
        told.append(message)

    desk.stage.voice.on_delete = note
    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    await desk.rewriting.redo(CHANNEL, OWNER, name="7")

    await desk.stage.pipeline.deleted(CHANNEL, told)

    assert told
    assert await desk.texts() == ["line 1", "one"]
    assert desk.stage.screen() == ["one"]


async def test_what_showed_a_reply_before_it_was_undone_is_not_taken_for_its_post(
    desk: Desk,
) -> None:
    """The gateway tells a new process late of posts that were removed since."""
    await desk.tell("one")
    old = await desk.stage.last_turn()
    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    store, voice = desk.stage.store, desk.stage.voice
    scene, kept = await desk.rewriting.live(CHANNEL), await store.undo(CHANNEL)
    change = redo(scene, kept, name="7", now_ms=desk.stage.clock_ms[0])
    assert await store.apply(CHANNEL, change, version=scene.head.version)
    mark = mark_of(old.id, 0)
    await store.intent(CHANNEL, old.id, mark)

    async with open_stage(store=store, voice=voice, process="the next") as later:
        later.clock_ms[0] = desk.stage.clock_ms[0]
        await later.echoes.heard(CHANNEL, old.messages[0], [post_button(mark).custom_id])
        await later.pipeline.recover()
        await later.quiet()

        assert later.screen() == ["one"]
        again = await later.last_turn()
        assert (again.text, again.facts) == (old.text, old.facts)
        assert again.messages == tuple(shown.id for shown in voice.on_screen(CHANNEL))
