"""What was missed is read where it stands, once the store and Discord can be asked."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.errors import ScreenError, ScreenRefused, StoreRefusesWrites, StoreUnavailable
from bot.core.scene import ChannelId, GuildId, MessageId
from bot.services.doubts import Gap
from tests.services.catching import ABROAD, DIRECT, EVERYWHERE, PIER, TAVERN, Stage
from tests.services.verifying import HARBOUR, reply


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_only_channels_in_which_something_happened_are_read(stage: Stage) -> None:
    await stage.begin(HARBOUR, TAVERN)
    stage.screen.write(TAVERN, 120, "Missed.")

    assert await stage.start() == {TAVERN.channel}

    assert stage.screen.asked == [TAVERN.channel]
    assert await stage.texts(TAVERN) == ["Known.", "Missed."]


async def test_the_backlog_of_a_channel_comes_at_once_and_in_order(stage: Stage) -> None:
    await stage.begin(HARBOUR)
    for number in range(120, 520):
        stage.screen.write(HARBOUR, number, f"{number}")

    await stage.start()

    assert stage.memory.missed == [[f"{number}" for number in range(120, 520)]]
    assert len(stage.screen.asked) == 5


async def test_what_is_too_far_back_stays_unread(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.begin(HARBOUR)
    for number in range(1_000, 1_700):
        stage.screen.write(HARBOUR, number, "secret")

    await stage.start()

    assert len(await stage.texts()) == 501
    [record] = [each for each in caplog.records if "unread" in each.message]
    assert record.__dict__["read"] == 500
    assert "secret" not in caplog.text


async def test_what_was_edited_and_deleted_meanwhile_is_made_up_for(stage: Stage) -> None:
    await stage.begin(HARBOUR)
    await stage.memory.receive(stage.screen.write(HARBOUR, 120, "Wrong."))
    stage.screen.edit(HARBOUR, 120, "Right.")
    stage.screen.delete(HARBOUR, 110)
    stage.screen.write(HARBOUR, 130, "Missed.")

    await stage.start()

    assert await stage.texts() == ["Right.", "Missed."]


async def test_the_newest_is_read_first_and_old_threads_last(stage: Stage) -> None:
    await stage.begin(HARBOUR, TAVERN, PIER, ABROAD)
    for place, number in ((HARBOUR, 130), (TAVERN, 150), (PIER, 160), (ABROAD, 140)):
        stage.screen.write(place, number, "Missed.")
    stage.screen.untold.add(PIER.channel)

    await stage.start()

    assert stage.screen.asked == [each.channel for each in (TAVERN, ABROAD, HARBOUR, PIER)]


async def test_direct_messages_are_always_looked_at(stage: Stage) -> None:
    await stage.begin(DIRECT)
    stage.screen.untold.add(DIRECT.channel)

    assert await stage.start() == {DIRECT.channel}
    assert stage.memory.missed == []


async def test_what_is_left_in_a_channel_is_answered_once_all_is_known(stage: Stage) -> None:
    await stage.begin(HARBOUR, TAVERN)
    stage.screen.write(HARBOUR, 120, "Missed.")

    async def has_it(channel: ChannelId) -> None:
        assert "Missed." in await stage.texts()
        taken_up.append(channel)

    taken_up: list[ChannelId] = []
    stage.on_taken_up = has_it
    await stage.start()

    assert taken_up == [HARBOUR.channel]


async def test_a_line_that_is_heard_before_the_first_look_hides_none_before_it(
    stage: Stage,
) -> None:
    """Discord tells of new lines before it has told what there is."""
    await stage.begin(HARBOUR)
    stage.screen.write(HARBOUR, 120, "Missed.")
    await stage.catch_up.prepare()
    await stage.memory.receive(stage.screen.write(HARBOUR, 130, "Heard."))

    await stage.start()

    assert await stage.texts() == ["Known.", "Missed.", "Heard."]


async def test_a_stopped_scene_is_let_be(stage: Stage) -> None:
    await stage.begin(HARBOUR)
    stage.screen.write(HARBOUR, 120, "Missed.")
    await stage.store.set_live(HARBOUR.channel, live=False)

    assert await stage.start() == frozenset()
    assert stage.screen.asked == []


async def test_a_channel_that_may_not_be_read_is_passed_over(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.begin(HARBOUR, TAVERN)
    stage.screen.write(HARBOUR, 120, "Missed.")
    stage.screen.write(TAVERN, 130, "Missed.")
    stage.screen.failures.append(ScreenRefused("no"))

    await stage.start()

    assert await stage.texts(TAVERN) == ["Known."]
    assert await stage.texts(HARBOUR) == ["Known.", "Missed."]
    assert len([each for each in caplog.records if "cannot be read" in each.message]) == 1
    assert set(stage.memory.taken_up) == {HARBOUR.channel, TAVERN.channel}


@pytest.mark.parametrize("failures", [1, 2, 3])
async def test_discord_is_asked_again_but_not_for_ever(stage: Stage, failures: int) -> None:
    await stage.begin(HARBOUR)
    stage.screen.write(HARBOUR, 120, "Missed.")
    stage.screen.failures.extend(ScreenError("away") for _ in range(failures))

    await stage.start()

    assert ("Missed." in await stage.texts()) is (failures < 3)
    assert stage.memory.taken_up == [HARBOUR.channel]


async def test_a_channel_that_is_gone_is_forgotten(stage: Stage) -> None:
    await stage.begin(PIER)
    stage.screen.untold.add(PIER.channel)
    stage.screen.missing.add(PIER.channel)

    await stage.start()

    assert stage.forgotten == [PIER.channel]


async def test_a_bug_in_one_channel_does_not_stop_the_others(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.begin(HARBOUR, TAVERN)
    for place in (HARBOUR, TAVERN):
        stage.screen.write(place, 120, "Missed.")

    async def fail(channel: ChannelId) -> None:
        if channel == HARBOUR.channel:
            raise ZeroDivisionError

    stage.screen.on_page = fail
    await stage.start()

    assert await stage.texts(TAVERN) == ["Known.", "Missed."]
    assert "was not looked at" in caplog.text


async def test_a_guild_that_is_out_of_order_is_read_when_it_is_back(stage: Stage) -> None:
    await stage.begin(HARBOUR, ABROAD)
    stage.screen.write(ABROAD, 120, "Missed.")
    stage.screen.out_of_order.add(GuildId(2))
    assert await stage.start() == frozenset()

    stage.screen.out_of_order.clear()
    stage.catch_up.guild_is_back(GuildId(2))
    await stage.catch_up.settle()

    assert await stage.texts(ABROAD) == ["Known.", "Missed."]
    assert stage.memory.taken_up == [ABROAD.channel]


async def test_where_discord_has_told_all_nothing_is_looked_up(stage: Stage) -> None:
    """A session was gone on with in one part of the guilds, and not in the other."""
    await stage.begin(HARBOUR, ABROAD)
    await stage.catch_up.prepare()
    told, _ = (stage.screen.write(place, 120, "Missed.") for place in (HARBOUR, ABROAD))

    await stage.catch_up.begin({GuildId(2), None})
    await stage.memory.receive(told)
    await stage.catch_up.prepare()
    await stage.catch_up.begin()
    await stage.catch_up.settle()

    assert stage.screen.asked == [ABROAD.channel]


async def test_after_a_gap_only_what_is_newer_is_looked_for(stage: Stage) -> None:
    await stage.begin(*EVERYWHERE)
    await stage.start()
    stage.screen.asked.clear()
    stage.screen.untold.update({PIER.channel, DIRECT.channel})
    stage.screen.write(HARBOUR, 120, "Missed.")

    stage.doubts.gap(Gap(MessageId(110)))
    await stage.catch_up.settle()

    # A thread in which somebody wrote would not be archived any more.
    assert set(stage.screen.asked) == {HARBOUR.channel, DIRECT.channel}
    assert await stage.texts() == ["Known.", "Missed."]
    assert stage.memory.taken_up == []


async def test_a_gap_is_where_nobody_heard(stage: Stage) -> None:
    await stage.begin(HARBOUR, ABROAD, DIRECT)
    for place in (HARBOUR, ABROAD, DIRECT):
        stage.screen.write(place, 120, "Missed.")

    stage.doubts.gap(Gap(MessageId(110), frozenset({GuildId(2)})))
    await stage.catch_up.settle()

    assert stage.screen.asked == [ABROAD.channel]


async def test_our_own_reply_does_not_hide_a_line_of_the_gap(stage: Stage) -> None:
    """It was written on, and remembered, while nothing could be heard."""
    await stage.begin(HARBOUR)
    stage.screen.write(HARBOUR, 120, "Missed.")
    stage.screen.show(HARBOUR, 130, "Hello.")
    await stage.store.commit(
        HARBOUR.channel, reply(110, "Hello.", messages=(130,)), seen=MessageId(130)
    )

    stage.doubts.gap(Gap(MessageId(110)))
    await stage.catch_up.settle()

    assert await stage.texts() == ["Known.", "Hello.", "Missed."]


async def test_while_the_store_is_away_doubtful_channels_wait_for_it(stage: Stage) -> None:
    await stage.begin(HARBOUR, TAVERN)
    stage.store.error = StoreUnavailable("away")
    for place in (HARBOUR, TAVERN):
        line = stage.screen.write(place, 120, "Missed.")
        stage.doubts.changed(place.channel, line.message)
    gone = stage.screen.delete(HARBOUR, 110)
    stage.doubts.deleted(HARBOUR.channel, gone)
    stage.doubts.gap(Gap(MessageId(110), frozenset({GuildId(9)})))

    async with stage.running():
        await stage.until(lambda: stage.store.asked > 10)
        assert stage.screen.asked == []
        stage.store.error = None
        await stage.until(lambda: not stage.doubts.has_any)
        await stage.until(lambda: len(stage.memory.missed) == 2)

    assert await stage.texts() == ["Missed."]
    assert await stage.texts(TAVERN) == ["Known.", "Missed."]


async def test_a_bug_does_not_end_the_looking(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.store.error = ZeroDivisionError()
    stage.doubts.changed(HARBOUR.channel, MessageId(110))

    async with stage.running():
        await stage.until(lambda: "catching up failed" in caplog.text)


async def test_a_store_that_takes_nothing_is_not_asked_all_the_time(stage: Stage) -> None:
    """Each try would read the channel once more."""
    await stage.begin(HARBOUR)
    stage.doubts.changed(HARBOUR.channel, MessageId(110))
    stage.store.error = StoreRefusesWrites("full")

    async with stage.running():
        await stage.until(lambda: stage.store.asked == 1)
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert stage.store.asked == 1


async def test_doubtful_channels_without_a_scene_cost_one_question(stage: Stage) -> None:
    for number in range(1_000):
        stage.doubts.changed(ChannelId(number), MessageId(110))

    await stage.catch_up.settle()

    assert stage.screen.asked == []
    assert stage.store.asked == 1


async def test_deletions_are_made_up_for_without_asking_discord(stage: Stage) -> None:
    await stage.begin(HARBOUR)
    stage.doubts.deleted(HARBOUR.channel, stage.screen.delete(HARBOUR, 110))

    await stage.catch_up.settle()

    assert await stage.texts() == []
    assert stage.screen.asked == []


async def test_a_scene_of_an_earlier_version_is_read_from_its_newest_turn_on(
    stage: Stage,
) -> None:
    """Nobody noted then how far the channel was followed."""
    await stage.begin(HARBOUR)
    held = stage.store._channels[HARBOUR.channel]
    held.head = replace(held.head, seen=None)
    assert await stage.start() == frozenset()

    stage.screen.write(HARBOUR, 120, "Missed.")
    later = Stage(stage.store, stage.screen)
    await later.start()

    assert await stage.texts() == ["Known.", "Missed."]
