"""A notice that offers another try goes when its line has a reply, whoever asked for it."""

from collections.abc import AsyncGenerator

import pytest

from bot.core.scene import MessageId, TurnId, player_turn_id
from bot.services.notices import NOTICES_KEPT, Notices
from tests.fakes.scripted_voice import ScriptedVoice
from tests.services.outages import ALWAYS, AwayStore
from tests.services.stage import HARBOUR, Stage, open_stage


@pytest.fixture
def store() -> AwayStore:
    return AwayStore()


@pytest.fixture
async def stage(store: AwayStore) -> AsyncGenerator[Stage, None]:
    async with open_stage(store=store) as opened:
        await opened.begin()
        yield opened


async def fail(stage: Stage, store: AwayStore, text: str = "Are you there?") -> TurnId:
    """Say something that is stored, and for which there is only a notice."""
    store.go(take=ALWAYS)
    line, _ = await stage.say(text)
    await stage.quiet()
    store.come_back()
    [notice] = stage.voice.on_screen(HARBOUR.channel)
    assert notice.labels == ["Try again"]
    return line


async def test_it_goes_when_what_was_left_is_taken_up(stage: Stage, store: AwayStore) -> None:
    await fail(stage, store)

    await stage.pipeline.take_up(HARBOUR.channel)
    await stage.quiet()

    assert stage.screen() == ["I hear you."]


async def test_it_goes_when_a_later_line_is_answered_with_it(
    stage: Stage, store: AwayStore
) -> None:
    await fail(stage, store)

    await stage.say("Hello?")
    await stage.quiet()

    assert stage.screen() == ["I hear you."]


async def test_a_second_one_takes_its_place(stage: Stage, store: AwayStore) -> None:
    first = await fail(stage, store)
    second = await fail(stage, store, "Hello?")

    [notice] = stage.voice.on_screen(HARBOUR.channel)
    assert notice.custom_ids == [f"retry:{second}"]
    assert first != second


async def test_it_stays_while_its_line_has_no_reply(stage: Stage, store: AwayStore) -> None:
    await fail(stage, store)
    [before] = stage.voice.on_screen(HARBOUR.channel)
    stage.tgi.first_token_s = 5

    await stage.pipeline.take_up(HARBOUR.channel)
    await stage.until(lambda: bool(stage.tgi.asked))

    assert stage.voice.on_screen(HARBOUR.channel) == [before]


async def test_one_that_somebody_has_removed_is_not_removed_again(
    stage: Stage, store: AwayStore
) -> None:
    line = await fail(stage, store)
    [notice] = stage.voice.on_screen(HARBOUR.channel)
    del stage.voice.messages[notice.id]
    await stage.pipeline.deleted(HARBOUR.channel, [notice.id])

    await stage.pipeline.retry(HARBOUR.channel, line)
    await stage.quiet()

    assert stage.screen() == ["I hear you."]
    assert stage.voice.did("delete") == []


async def test_one_of_an_earlier_process_goes_if_it_was_found(
    stage: Stage, store: AwayStore
) -> None:
    line = await fail(stage, store)
    [notice] = stage.voice.on_screen(HARBOUR.channel)

    async with open_stage(store=store, voice=stage.voice, process="the next one") as after:
        await after.pipeline.offered(HARBOUR, line, notice.id)
        await after.pipeline.recover()
        await after.quiet()

        assert after.screen() == ["I hear you."]


async def test_one_that_is_found_too_late_goes_at_once(stage: Stage, store: AwayStore) -> None:
    line = await fail(stage, store)
    [notice] = stage.voice.on_screen(HARBOUR.channel)

    async with open_stage(store=store, voice=stage.voice, process="the next one") as after:
        await after.say("Hello?", number=20_000)
        await after.quiet()
        assert len(after.screen()) == 2
        await after.pipeline.offered(HARBOUR, line, notice.id)

        assert after.screen() == ["I hear you."]


async def test_one_about_a_reply_that_stays_as_it_was_is_not_too_late(
    stage: Stage, store: AwayStore
) -> None:
    line, _ = await stage.say("Hello?")
    await stage.quiet()
    store.go(take=ALWAYS)
    await stage.pipeline.retry(HARBOUR.channel, line)
    await stage.quiet()
    [_, notice] = stage.voice.on_screen(HARBOUR.channel)

    await stage.pipeline.offered(HARBOUR, line, notice.id)

    assert stage.voice.on_screen(HARBOUR.channel)[1:] == [notice]


async def test_of_very_many_only_the_newest_are_known() -> None:
    voice, line = ScriptedVoice(), player_turn_id(MessageId(1))
    notices = Notices(voice)
    for number in range(NOTICES_KEPT + 2):
        notice = await notices.say(HARBOUR, f"{number}")
        assert notice is not None
        await notices.found(HARBOUR, line, notice)

    await notices.withdraw(HARBOUR, line)

    assert [shown.text for shown in voice.on_screen(HARBOUR.channel)] == ["0", "1"]
