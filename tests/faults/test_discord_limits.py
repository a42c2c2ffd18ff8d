"""Row D4: limits are honoured, growth is dropped, the final text is kept."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator

import pytest

from bot.adapters.discord_rest import NotTaken
from bot.core.errors import PostError
from bot.services.notices import Notices
from tests.fakes.discord_faults import CLOUDFLARE_1015
from tests.fakes.scripted_discord import Fault, limited
from tests.faults.discord_desk import (
    EDIT,
    EXECUTE,
    HARBOUR,
    HOOKS,
    MIRA,
    PLAIN,
    TAVERN,
    Desk,
    discord_desk,
)
from tests.services.growing import until


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with discord_desk() as desk:
        yield desk


@pytest.mark.parametrize("scope", ["user", "shared"])
async def test_d4_a_limit_of_one_route_costs_one_call_and_holds_up_no_other_channel(
    desk: Desk, scope: str
) -> None:
    await desk.voice.say(TAVERN, MIRA, "one")
    await desk.voice.say(HARBOUR, MIRA, "two")
    [hook] = await desk.world.rest("GET", HOOKS)
    desk.faults.asked.clear()
    desk.faults.storm(f"POST /webhooks/{hook['id']}", 0.3, scope=scope)
    began = time.monotonic()

    late = asyncio.create_task(desk.voice.say(TAVERN, MIRA, "late"))
    await desk.voice.say(HARBOUR, MIRA, "in time")
    waits = not late.done()
    await late

    assert waits
    assert time.monotonic() - began >= 0.3
    assert desk.times(EXECUTE) == 3
    assert desk.invalid == (scope == "user")


@pytest.mark.parametrize(
    "fault",
    [limited(0.1, headers={}), limited(0.1), limited(0.1, scope="shared")],
    ids=["no headers", "user", "shared"],
)
async def test_d4_of_many_that_wait_one_goes_first_and_finds_out(desk: Desk, fault: Fault) -> None:
    await desk.post("one")
    desk.faults.strew(EXECUTE, fault, 1.0)  # for longer than it says
    first = asyncio.create_task(desk.post("first", 1))
    await until(lambda: bool(desk.faults.struck))
    await asyncio.sleep(0.02)  # until its answer is here
    others = [asyncio.create_task(desk.post(str(number), number)) for number in range(2, 8)]
    await asyncio.sleep(0.35)
    desk.faults.calm()

    await asyncio.gather(first, *others)

    assert len(desk.faults.struck) <= 1 + 4
    assert len(await desk.screen()) == 8


async def test_d4_under_a_global_limit_nothing_leaves(desk: Desk) -> None:
    await desk.voice.typing(TAVERN)
    desk.faults.script("POST", limited(0.3, scope="global"))
    began = time.monotonic()

    await asyncio.gather(
        desk.voice.typing(TAVERN), desk.voice.typing(HARBOUR), desk.voice.notice(TAVERN, "x")
    )

    assert time.monotonic() - began >= 0.3
    assert len(desk.faults.asked) <= 1 + 3 + 1
    assert await desk.screen() == ["x"]
    assert desk.invalid == 1


async def test_d4_shut_out_by_cloudflare_nothing_more_is_sent(desk: Desk) -> None:
    await desk.voice.say(TAVERN, MIRA, "one")
    desk.faults.asked.clear()
    desk.faults.script("POST", CLOUDFLARE_1015)

    for _ in range(5):
        with pytest.raises(NotTaken):
            await desk.voice.say(TAVERN, MIRA, "two")
        with pytest.raises(NotTaken):
            await desk.voice.notice(HARBOUR, "three")

    assert len(desk.faults.asked) == 1


@pytest.mark.parametrize("headers", [None, {}], ids=["headers", "no headers"])
async def test_d4_a_limit_for_ten_minutes_is_not_waited_for(
    desk: Desk, headers: dict[str, str] | None
) -> None:
    message = await desk.voice.say(TAVERN, MIRA, "one")
    desk.faults.script(EDIT, limited(600, headers=headers))
    began = time.monotonic()

    for _ in range(3):
        with pytest.raises(NotTaken):
            await desk.voice.edit(TAVERN, message, MIRA, "two")

    assert desk.times(EDIT) == 1
    assert time.monotonic() - began < 0.5


async def test_d4_an_answer_that_was_under_way_does_not_open_what_is_closed(desk: Desk) -> None:
    message = await desk.voice.say(TAVERN, MIRA, "one")
    open_window = {
        "X-RateLimit-Bucket": "edits",
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "4",
        "X-RateLimit-Reset-After": "0.01",
    }
    edited = {"id": str(message), "channel_id": str(TAVERN.channel)}
    slow = Fault(status=200, body=edited, headers=open_window, after_s=0.1)
    desk.faults.script(EDIT, slow, limited(600))

    under_way = asyncio.create_task(desk.voice.edit(TAVERN, message, MIRA, "two"))
    await until(lambda: desk.times(EDIT) == 1)
    with pytest.raises(NotTaken):
        await desk.voice.edit(TAVERN, message, MIRA, "three")
    await under_way
    with pytest.raises(NotTaken):
        await desk.voice.edit(TAVERN, message, MIRA, "four")

    assert desk.times(EDIT) == 2


async def test_d4_while_growth_is_limited_it_is_dropped_and_the_final_text_comes(
    desk: Desk,
) -> None:
    async with desk.live() as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        desk.faults.storm(EDIT, 0.6)
        for length in range(100):
            reply.show("Ahoy" + "!" * length)
            await asyncio.sleep(0.002)
        await reply.finish("Ahoy, you!")

    assert await desk.screen() == ["Ahoy, you!"]
    assert desk.times(EDIT) <= 3


async def test_d4_limited_for_long_the_member_is_told_by_another_way(desk: Desk) -> None:
    notices = Notices(desk.voice)

    with pytest.raises(PostError):
        async with desk.live(last_edit_s=0.3) as reply:
            reply.show("Ahoy")
            await until(lambda: reply.shown)
            desk.faults.script(EDIT, limited(600))
            await reply.finish("Ahoy, you!")
    told = await notices.say(TAVERN, "Discord did not take my message.")

    assert told is not None
    assert await desk.screen() == ["Ahoy", "Discord did not take my message."]
    assert desk.times(EDIT) == 1


async def test_d4_where_nothing_may_be_sent_at_all_that_is_logged_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    notices = Notices(desk.voice)
    desk.faults.script("POST", limited(600, scope="global"))

    with caplog.at_level(logging.WARNING):
        told = await notices.say(TAVERN, "Discord did not take my message.")

    assert told is None
    assert [each.name for each in caplog.records].count("bot.services.notices") == 1
    assert desk.times(f"POST {PLAIN}") == 1
