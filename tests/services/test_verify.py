"""Memory is compared with the screen, and takes over what stands there."""

import pytest

from bot.core.errors import NoLiveScene, ScreenRefused, UserError
from bot.core.scene import (
    ChannelId,
    MessageId,
    Role,
    Turn,
    TurnId,
    Work,
    player_turn_id,
    reply_turn_id,
)
from bot.services.verify import Repair
from tests.fakes.memory_store import MemorySceneStore
from tests.scenes import claimed
from tests.services.verifying import HARBOUR, Stage, head, reply


@pytest.fixture
async def stage() -> Stage:
    stage = Stage()
    await stage.store.start(head(), None)
    return stage


async def test_where_nothing_went_wrong_nothing_is_changed(stage: Stage) -> None:
    await stage.hear(110, "Ahoy!")
    await stage.say(110, "Hello.", "Come in.", messages=(111, 112))
    before = await stage.store.read(HARBOUR.channel)

    assert await stage.verify() == Repair(looked_at=3)
    assert await stage.store.read(HARBOUR.channel) == before


async def test_a_line_that_was_missed_is_remembered_in_its_place(stage: Stage) -> None:
    await stage.hear(110, "One.")
    stage.screen.write(HARBOUR, 120, "Two.")
    await stage.hear(130, "Three.")

    assert (await stage.verify()).missing == 1
    assert await stage.texts() == ["One.", "Two.", "Three."]


async def test_a_missed_line_that_was_edited_knows_of_when(stage: Stage) -> None:
    stage.screen.write(HARBOUR, 110, "One.")
    late = stage.screen.edit(HARBOUR, 110, "Two.")
    stage.screen.edit(HARBOUR, 110, "Three.")

    await stage.verify()
    await stage.memory.edited(HARBOUR.channel, late.message, late.text, late.at_ms)

    assert await stage.texts() == ["Three."]


async def test_an_edit_and_a_deletion_that_were_missed_are_made_up_for(stage: Stage) -> None:
    for number in (110, 120, 130):
        await stage.hear(number, f"Line {number}.")
    stage.screen.edit(HARBOUR, 110, "Better.")
    stage.screen.delete(HARBOUR, 120)

    assert await stage.verify() == Repair(looked_at=2, changed=1, gone=1)
    assert await stage.texts() == ["Better.", "Line 130."]


async def test_a_text_that_was_damaged_is_repaired_although_nobody_edited_it(
    stage: Stage,
) -> None:
    await stage.hear(110, "Ahoy!")
    await stage.store.edit(HARBOUR.channel, MessageId(110), "Damaged.", 5_000)

    assert (await stage.verify()).changed == 1
    assert await stage.texts() == ["Ahoy!"]


async def test_who_is_called_otherwise_by_now_makes_no_other_text(stage: Stage) -> None:
    await stage.hear(110, "Ask @Tom.")
    stage.screen.write(HARBOUR, 110, "Ask @Tommy.")

    assert (await stage.verify()).changed == 0
    assert await stage.texts() == ["Ask @Tom."]


async def test_memory_takes_over_what_our_replies_show(stage: Stage) -> None:
    await stage.hear(110, "Ahoy!")
    await stage.say(110, "One.", "Two.", "Three.", messages=(111, 112, 113))
    stage.screen.edit(HARBOUR, 112, "Second.")
    stage.screen.delete(HARBOUR, 111)

    assert await stage.verify() == Repair(looked_at=3, changed=1, gone=1)
    assert await stage.texts() == ["Ahoy!", "Second.\nThree."]


async def test_a_reply_is_taken_over_whoever_edited_it_last(stage: Stage) -> None:
    """A turn knows when it was edited last, not which message of it."""
    await stage.hear(110, "Ahoy!")
    for number, part in ((111, "One."), (112, "Two.")):
        stage.screen.show(HARBOUR, number, part)
    stage.screen.edit(HARBOUR, 111, "Changed by somebody.")
    written = reply(110, "One.", "Two.", messages=(111, 112), edited_ms=2_000_000)
    await stage.store.commit(HARBOUR.channel, written)

    assert (await stage.verify()).changed == 1
    assert await stage.texts() == ["Ahoy!", "Changed by somebody.\nTwo."]


async def test_the_blanks_that_discord_cuts_off_are_no_other_text(stage: Stage) -> None:
    await stage.store.commit(HARBOUR.channel, reply(110, "Hello. \n", messages=(111,)))
    stage.screen.show(HARBOUR, 111, "Hello.")

    assert (await stage.verify()).changed == 0


async def test_a_reply_of_which_nobody_noted_the_parts_stays_as_it_is(stage: Stage) -> None:
    whole = Turn(TurnId("00000000000000000110r"), Role.CHARACTER, "Mira", ("One. Two.",))
    messages = (MessageId(111), MessageId(112))
    await stage.store.commit(
        HARBOUR.channel, Turn(whole.id, whole.role, whole.name, whole.swipes, messages=messages)
    )
    stage.screen.show(HARBOUR, 111, "One.")
    stage.screen.show(HARBOUR, 112, "Two.")

    assert await stage.verify() == Repair(looked_at=2)


async def test_what_is_no_part_of_the_story_is_not_taken_in(stage: Stage) -> None:
    stage.screen.write(HARBOUR, 90, "Before the scene began.")
    stage.screen.write(HARBOUR, 110, "((brb))")
    stage.screen.write(HARBOUR, 120, "  ")
    stage.screen.show(HARBOUR, 130, "A notice of ours.")
    stage.screen.show(HARBOUR, 140, "Another bot's.", is_ours=False)

    assert await stage.verify() == Repair(looked_at=5)
    assert await stage.texts() == []


async def test_what_was_said_while_the_scene_was_stopped_is_no_part_of_it(stage: Stage) -> None:
    await stage.hear(110, "Before.")
    await stage.store.set_live(HARBOUR.channel, live=False)
    stage.screen.write(HARBOUR, 120, "Between.")
    await stage.store.set_resumed(HARBOUR.channel, 130)
    await stage.store.set_live(HARBOUR.channel, live=True)
    stage.screen.write(HARBOUR, 140, "After.")
    stage.screen.edit(HARBOUR, 110, "Edited.")

    assert await stage.verify() == Repair(looked_at=3, missing=1, changed=1)
    assert await stage.texts() == ["Edited.", "After."]


async def test_what_was_taken_out_of_the_story_does_not_come_back(stage: Stage) -> None:
    await stage.hear(110, "Forget this.")
    await stage.store.delete(HARBOUR.channel, [MessageId(110)])

    assert (await stage.verify()).missing == 0
    assert await stage.texts() == []


async def test_lines_older_than_the_story_is_kept_are_let_be() -> None:
    stage = Stage(MemorySceneStore(keep=2))
    await stage.store.start(head(), None)
    for number in (110, 120, 130):
        await stage.hear(number, f"Line {number}.")

    assert (await stage.verify()).missing == 0
    assert await stage.texts() == ["Line 120.", "Line 130."]


async def test_only_the_last_fifty_messages_are_compared(stage: Stage) -> None:
    await stage.hear(110, "Long ago.")
    stage.screen.delete(HARBOUR, 110)
    for number in range(200, 260):
        await stage.hear(number, "Line.")

    assert await stage.verify() == Repair(looked_at=50)
    assert "Long ago." in await stage.texts()


async def test_a_channel_that_may_not_be_read_looks_empty_and_nothing_is_forgotten(
    stage: Stage,
) -> None:
    await stage.hear(110, "Ahoy!")
    stage.screen.blind.add(HARBOUR.channel)

    with pytest.raises(ScreenRefused):
        await stage.verify()
    assert await stage.texts() == ["Ahoy!"]


async def test_a_channel_that_was_emptied_is_forgotten(stage: Stage) -> None:
    for number in (110, 120):
        await stage.hear(number, "Line.")
    stage.screen.delete(HARBOUR, 110, 120)

    assert (await stage.verify()).gone == 2
    assert await stage.texts() == []


async def test_while_a_reply_is_written_nothing_is_compared(stage: Stage) -> None:
    stage.memory.writing.add(HARBOUR.channel)
    with pytest.raises(UserError, match="is being written"):
        await stage.verify()

    stage.memory.writing.clear()
    line = player_turn_id(MessageId(110))
    await claimed(stage.store, Work(reply_turn_id(line), line), channel=HARBOUR.channel)
    with pytest.raises(UserError, match="is being written"):
        await stage.verify()
    assert stage.screen.asked == []


async def test_the_reply_in_the_making_is_not_for_comparing(stage: Stage) -> None:
    """Another process may be at it, or a crash has left it."""
    await stage.hear(110, "Ahoy!")
    line = player_turn_id(MessageId(110))
    work = Work(reply_turn_id(line), line, messages=(MessageId(111), MessageId(112)))
    await claimed(stage.store, work, channel=HARBOUR.channel)
    stage.screen.show(HARBOUR, 111, "Hal")

    repaired = await stage.verifier.repair(HARBOUR.channel, pages=1)

    assert repaired == Repair(looked_at=2)
    assert await stage.store.work(HARBOUR.channel) == work


async def test_without_a_live_scene_there_is_nothing_to_compare(stage: Stage) -> None:
    await stage.store.set_live(HARBOUR.channel, live=False)

    with pytest.raises(NoLiveScene):
        await stage.verify()


async def test_what_happens_while_we_look_is_not_undone(stage: Stage) -> None:
    await stage.hear(110, "One.")
    await stage.hear(120, "Two.")
    await stage.say(120, "Reply.", messages=(121,))
    stage.screen.edit(HARBOUR, 110, "First.")
    stage.screen.edit(HARBOUR, 121, "By somebody.")

    async def meanwhile(channel: ChannelId) -> None:
        """After Discord has made up the page, and before it has reached us."""
        stage.screen.on_page = None
        for message, text in ((110, "Newest."), (121, "By somebody else.")):
            edit = stage.screen.edit(HARBOUR, message, text)
            await stage.memory.edited(channel, edit.message, edit.text, edit.at_ms)
        await stage.memory.deleted(channel, stage.screen.delete(HARBOUR, 120))
        await stage.hear(130, "New.")

    stage.screen.on_page = meanwhile
    await stage.verify()

    assert await stage.texts() == ["Newest.", "By somebody else.", "New."]


async def test_a_notice_that_offers_another_try_is_told_of(stage: Stage) -> None:
    line = player_turn_id(MessageId(110))
    await stage.hear(110, "Hello.")
    notice = stage.screen.show(HARBOUR, 120, "Please try again.", offers=line)
    stage.screen.show(HARBOUR, 130, "Good evening.")

    await stage.verifier.verify(HARBOUR.channel)

    assert stage.memory.offers == {notice: (HARBOUR.channel, line)}
