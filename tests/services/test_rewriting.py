"""What members do to a story: memory first, then the screen, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from bot.core.change import Change
from bot.core.errors import NotAllowedHere, PostError, PostRefused, UserError
from bot.core.ports import Speaker
from bot.core.redo import redo
from bot.core.rights import Action, Member
from bot.core.scene import MessageId, TurnId, Work, mark_of, reply_turn_id
from bot.core.story_acts import TooOldForButtons, text_stamp
from bot.services.debts import TAKEN_BACK, Debts
from bot.services.doubts import Doubts
from bot.services.posting import post_button
from bot.services.rewriting import NOT_ALONE, UNDER_WAY, UNDO_MS, Rewriting
from tests.fakes.scripted_tgi import story
from tests.scenes import reply
from tests.services.stage import HARBOUR, MARA, MIRA, TOM, Stage, open_stage

OWNER = Member(MARA, can_write=True, can_moderate=False)
STRANGER = Member(TOM, can_write=True, can_moderate=False)
CHANNEL = HARBOUR.channel
MIRROR = Speaker("Mira", MIRA)


@dataclass
class Desk:
    stage: Stage
    rewriting: Rewriting
    debts: Debts
    doubts: Doubts
    forgotten: list[int]

    async def tell(self, *answers: str) -> None:
        """Say a line for each of *answers*, and have it answered so."""
        for number, answer in enumerate(answers, 1):
            self.stage.tgi.reply = lambda _, answer=answer: f" {answer}"  # type: ignore[misc]
            await self.stage.say(f"line {number}")
            await self.stage.quiet()

    async def texts(self) -> list[str]:
        return [text for _, text in await self.stage.memory()]

    async def reply(self) -> TurnId:
        return (await self.stage.last_turn()).id

    async def edit(self, text: str, *, who: Member = OWNER) -> None:
        turn = await self.stage.last_turn()
        stamp = text_stamp(turn.text)
        await self.rewriting.edit(CHANNEL, who, turn.id, text, stamp=stamp, by="Mara")

    def marked(self) -> set[MessageId | None]:
        found: set[MessageId | None] = set()
        for act in self.stage.voice.did("react", "unreact"):
            assert act.text == TAKEN_BACK
            (found.add if act.verb == "react" else found.discard)(act.message)
        return found


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_stage() as stage:
        await stage.begin()
        yield desk_on(stage)


def desk_on(stage: Stage) -> Desk:
    doubts, forgotten = Doubts(), list[int]()
    debts = Debts(stage.store, stage.voice)

    class Prompting:
        def forget(self, channel: int) -> None:
            forgotten.append(channel)

    rewriting = Rewriting(
        store=stage.store,
        pipeline=stage.pipeline,
        prompting=Prompting(),
        debts=debts,
        doubts=doubts,
        now_ms=lambda: stage.clock_ms[0],
    )
    return Desk(stage, rewriting, debts, doubts, forgotten)


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


async def test_a_reply_that_may_not_be_posted_again_does_not_come_back(desk: Desk) -> None:
    await desk.tell("one", "two")
    await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")
    await desk.stage.quiet()
    desk.stage.voice.outcomes["say"].append(PostRefused("no"))

    await desk.rewriting.redo(CHANNEL, OWNER, name="7")
    await desk.stage.quiet()

    assert await desk.texts() == ["line 1", "one", "line 2"]
    assert "two" not in desk.stage.screen()


async def test_messages_that_cannot_be_removed_are_told_of(desk: Desk) -> None:
    await desk.tell("one")
    desk.stage.voice.outcomes["delete"].append(NotAllowedHere("not yours"))

    done = await desk.rewriting.undo(CHANNEL, OWNER, 1, name="7")

    assert done.stuck == 1
    assert await desk.texts() == []


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


async def _planned_edit(desk: Desk, text: str) -> Change:
    """The change that an edit makes, without what follows it."""
    kept: list[Change] = []
    apply = desk.stage.store.apply

    async def note(_: object, change: Change, **__: object) -> bool:
        kept.append(change)
        return False

    desk.stage.store.apply = note  # type: ignore[assignment, method-assign]
    with pytest.raises(UserError):
        await desk.edit(text)
    desk.stage.store.apply = apply  # type: ignore[method-assign]
    return kept[0]
