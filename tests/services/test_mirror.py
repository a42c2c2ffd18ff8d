"""Events go into memory in any order, and what cannot be stored is not lost."""

from collections.abc import Sequence

import pytest

from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.scene import ChannelId, MessageId, Work, player_turn_id, reply_turn_id
from bot.core.store_answers import Deleted
from bot.core.triggers import Decision
from bot.services.doubts import Doubt, Doubtful, Doubts, Gap
from bot.services.early_edits import KEPT_S, EarlyEdits
from bot.services.incoming import Edit, Incoming
from bot.services.mirror import Mirror
from tests.fakes.bookkeeper import Bookkeeper
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_screen import ScriptedScreen
from tests.scenes import claimed
from tests.services.verifying import HARBOUR, head, reply

CHANNEL = HARBOUR.channel


class Stage:
    def __init__(self, memory: Bookkeeper | None = None) -> None:
        self.store = MemorySceneStore()
        self.screen = ScriptedScreen()
        self.doubts = Doubts()
        self.now_s = 0.0
        self.memory = memory or Bookkeeper(self.store)
        self.mirror = Mirror(memory=self.memory, doubts=self.doubts, clock_s=lambda: self.now_s)

    async def texts(self) -> list[str]:
        scene = await self.store.read(CHANNEL)
        assert scene is not None
        return [turn.text for turn in scene.turns]


@pytest.fixture
async def stage() -> Stage:
    stage = Stage()
    await stage.store.start(head(), None)
    return stage


async def test_an_edit_that_comes_before_its_message_is_not_lost(stage: Stage) -> None:
    line = stage.screen.write(HARBOUR, 110, "One.")
    first, second = (stage.screen.edit(HARBOUR, 110, text) for text in ("Two.", "Three."))

    await stage.mirror.edited(CHANNEL, second)
    await stage.mirror.edited(CHANNEL, first)
    await stage.mirror.heard(line)
    await stage.mirror.edited(CHANNEL, first)

    assert await stage.texts() == ["Three."]


async def test_an_edit_that_comes_while_its_message_is_stored_is_not_lost() -> None:
    class Slow(Bookkeeper):
        async def receive(self, incoming: Incoming) -> Decision | None:
            await stage.mirror.edited(CHANNEL, edit)  # nobody knows the message yet
            return await super().receive(incoming)

    stage = Stage()
    stage.mirror = Mirror(
        memory=Slow(stage.store), doubts=stage.doubts, clock_s=lambda: stage.now_s
    )
    await stage.store.start(head(), None)
    line = stage.screen.write(HARBOUR, 110, "One.")
    edit = stage.screen.edit(HARBOUR, 110, "Two.")

    await stage.mirror.heard(line)

    assert await stage.texts() == ["Two."]


async def test_a_deletion_that_comes_before_its_message_holds(stage: Stage) -> None:
    line = stage.screen.write(HARBOUR, 110, "One.")
    edit = stage.screen.edit(HARBOUR, 110, "Two.")

    await stage.mirror.deleted(CHANNEL, [line.message])
    await stage.mirror.edited(CHANNEL, edit)
    await stage.mirror.heard(line)

    assert await stage.texts() == []


async def test_a_line_that_comes_into_the_story_by_an_edit_is_remembered(stage: Stage) -> None:
    """Said out of character by mistake, or never heard."""
    for number, text in ((110, "((Hello.))"), (120, "Hello.")):
        stage.screen.write(HARBOUR, number, text)
        edit = stage.screen.edit(HARBOUR, number, f"Better {number}.")
        line = stage.screen.channels[CHANNEL][edit.message].line
        await stage.mirror.edited(CHANNEL, edit, line)

    assert await stage.texts() == ["Better 110.", "Better 120."]


async def test_no_edit_brings_what_is_no_part_of_the_story_into_it(stage: Stage) -> None:
    await stage.memory.receive(stage.screen.write(HARBOUR, 130, "Gone."))
    await stage.mirror.deleted(CHANNEL, [MessageId(130)])
    for number, text in ((90, "Before the scene."), (110, "((brb))"), (130, "Gone.")):
        stage.screen.write(HARBOUR, number, text)
        edit = stage.screen.edit(HARBOUR, number, "((back))" if number == 110 else "Changed.")
        line = stage.screen.channels[CHANNEL][edit.message].line
        await stage.mirror.edited(CHANNEL, edit, line)

    assert await stage.texts() == []


async def test_an_edit_of_a_message_that_never_comes_is_kept_for_a_minute_at_most() -> None:
    now_s = [0.0]
    early = EarlyEdits(lambda: now_s[0], most=2)
    edits = [Edit(MessageId(number), "secret", 1) for number in range(3)]

    for edit in edits:
        early.keep(CHANNEL, edit)
    assert [early.find(CHANNEL, edit.message) for edit in edits] == [None, *edits[1:]]

    now_s[0] = KEPT_S
    assert early.find(CHANNEL, MessageId(2)) is None
    assert len(early) == 0


async def test_somebody_elses_edit_of_our_reply_is_taken_over(stage: Stage) -> None:
    for number, part in ((111, "One."), (112, "Two.")):
        stage.screen.show(HARBOUR, number, part)
    await stage.store.commit(CHANNEL, reply(110, "One.", "Two.", messages=(111, 112)))

    await stage.mirror.edited(CHANNEL, stage.screen.edit(HARBOUR, 112, "Second."))

    assert await stage.texts() == ["One.\nSecond."]


async def test_an_edit_of_the_reply_that_is_being_written_is_our_own(stage: Stage) -> None:
    stage.screen.show(HARBOUR, 111, "Hello.")
    await stage.store.commit(CHANNEL, reply(110, "Hello.", messages=(111,)))
    stage.memory.growing.add(MessageId(111))

    await stage.mirror.edited(CHANNEL, stage.screen.edit(HARBOUR, 111, "Written anew, but"))

    assert await stage.texts() == ["Hello."]


async def test_an_echo_that_nobody_filters_changes_nothing(stage: Stage) -> None:
    """After a restart nobody knows what the process before wrote."""
    stage.screen.show(HARBOUR, 111, "")
    growing = stage.screen.edit(HARBOUR, 111, "Hel")
    line = player_turn_id(MessageId(110))
    work = Work(reply_turn_id(line), line, messages=(MessageId(111),))
    await claimed(stage.store, work, channel=CHANNEL)
    await stage.mirror.edited(CHANNEL, growing)
    last = stage.screen.edit(HARBOUR, 111, "Hello.")
    await stage.store.commit(CHANNEL, reply(110, "Hello.", messages=(111,), edited_ms=last.at_ms))

    for echo in (growing, last, growing):
        await stage.mirror.edited(CHANNEL, echo)

    assert await stage.texts() == ["Hello."]


class AwayStore(MemorySceneStore):
    error: Exception | None = None

    async def edit(self, channel: ChannelId, message: MessageId, text: str, at_ms: int) -> bool:
        if self.error is not None:
            raise self.error
        return await super().edit(channel, message, text, at_ms)

    async def delete(self, channel: ChannelId, messages: Sequence[MessageId]) -> Deleted:
        if self.error is not None:
            raise self.error
        return await super().delete(channel, messages)


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreRefusesWrites("full")])
async def test_what_cannot_be_stored_makes_its_channel_doubtful(error: Exception) -> None:
    store = AwayStore()
    store.error = error
    stage = Stage(Bookkeeper(store))

    await stage.mirror.edited(CHANNEL, Edit(MessageId(120), "Two.", 1))
    await stage.mirror.edited(CHANNEL, Edit(MessageId(110), "One.", 2))
    await stage.mirror.deleted(CHANNEL, [MessageId(90), MessageId(91)])

    gone = frozenset({MessageId(90), MessageId(91)})
    assert stage.doubts.take() == Doubtful({CHANNEL: Doubt(MessageId(110), gone)})


def test_doubts_do_not_grow_without_bound() -> None:
    doubts = Doubts(most=2)
    for number in range(10, 14):
        doubts.changed(ChannelId(number), MessageId(number))

    taken = doubts.take()

    assert set(taken.channels) == {ChannelId(10), ChannelId(11)}
    assert taken.gaps == (Gap(MessageId(12)), Gap(MessageId(13)))
    assert doubts.take() == Doubtful()


def test_of_very_many_deletions_only_the_oldest_is_known() -> None:
    doubts = Doubts()
    doubts.changed(CHANNEL, MessageId(5_000))

    doubts.deleted(CHANNEL, [MessageId(number) for number in range(2_000, 2_501)])

    assert doubts.take().channels == {CHANNEL: Doubt(MessageId(2_000))}


def test_very_many_gaps_are_one() -> None:
    doubts = Doubts()
    for number in range(100):
        doubts.gap(Gap(MessageId(1_000 + number)))

    assert len(doubts.take().gaps) < 100


def test_what_is_added_again_is_there_again() -> None:
    doubts = Doubts()
    doubts.changed(CHANNEL, MessageId(110))
    taken = doubts.take()
    doubts.deleted(CHANNEL, [MessageId(120)])

    doubts.add(CHANNEL, taken.channels[CHANNEL])

    doubt = Doubt(MessageId(110), frozenset({MessageId(120)}))
    assert doubts.take() == Doubtful({CHANNEL: doubt})
