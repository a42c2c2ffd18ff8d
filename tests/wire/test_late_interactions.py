"""Row D11: interactions that can be answered no more leave no traceback, and do what was meant."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.fakes.scripted_discord import Fault as Refusal
from tests.fakes.scripted_discord import refusal
from tests.fakes.scripted_tgi import Fault, story
from tests.playground.driver import Refused, eventually
from tests.wire.faulty import Faulty, faulty

ACKNOWLEDGE = "POST /interactions/"


@pytest.fixture
async def stage(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Faulty, None]:
    async with faulty(clean_redis_url, tmp_path) as everything:
        yield everything


async def begin(stage: Faulty) -> None:
    mara = stage.world.mara
    await mara.answer(await mara.slash("roleplay start", character="clover"))


async def test_d11_a_press_that_comes_too_late_is_acted_on(stage: Faulty) -> None:
    mara = stage.world.mara
    await begin(stage)
    stage.tgi.reply = lambda _: story(400)
    stage.tgi.tokens_per_s = 20
    await mara.send("Tell me all.")
    growing = await mara.wait_for_message(lambda m: "Stop" in m.labels)
    stage.faults.script(ACKNOWLEDGE, refusal(404, 10062))

    await mara.click(growing, "Stop")

    await mara.wait_for_message(lambda m: m.id == growing.id and "Stop" not in m.labels)


async def test_d11_a_press_that_another_process_has_is_left_to_it(stage: Faulty) -> None:
    mara = stage.world.mara
    await begin(stage)
    stage.tgi.reply = lambda _: story(60)
    stage.tgi.tokens_per_s = 40
    await mara.send("Tell me all.")
    growing = await mara.wait_for_message(lambda m: "Stop" in m.labels)
    stage.faults.script(ACKNOWLEDGE, refusal(400, 40060))

    await mara.click(growing, "Stop")

    whole = await mara.wait_for_message(lambda m: m.id == growing.id and "Stop" not in m.labels)
    assert whole.content == story(60).strip()


async def test_d11_a_notice_is_taken_away_although_the_press_came_too_late(stage: Faulty) -> None:
    mara = stage.world.mara
    await begin(stage)
    stage.tgi.fault = Fault("validation")
    await mara.send("Tell me all.")
    notice = await mara.wait_for_message(lambda m: "Try again" in m.labels)
    stage.tgi.fault = None
    stage.faults.script(ACKNOWLEDGE, refusal(404, 10062))

    await mara.click(notice, "Try again")

    async def is_gone() -> bool:
        return notice.id not in [each.id for each in await mara.messages("tavern")]

    await eventually(is_gone, 10)


@pytest.mark.parametrize(
    "refused",
    [refusal(404, 10015), refusal(401, 50027), refusal(404, 10062)],
    ids=["10015", "50027", "10062"],
)
async def test_d11_a_command_whose_token_has_expired_is_done_all_the_same(
    stage: Faulty, refused: Refusal
) -> None:
    mara = stage.world.mara
    await begin(stage)
    bot = (await stage.world.rest("GET", "/users/@me"))["id"]
    stage.faults.script(f"POST /webhooks/{bot}/", refused)

    await mara.slash("length", step="long")

    async def is_struck() -> bool:
        return bool(stage.faults.struck)

    await eventually(is_struck, 10)
    assert "**long**" in (await mara.answer(await mara.slash("length"))).content


async def test_d11_a_command_that_comes_too_late_or_is_anothers_is_not_done(
    stage: Faulty,
) -> None:
    for refused in (refusal(404, 10062), refusal(400, 40060)):
        stage.faults.script(ACKNOWLEDGE, refused)
        await stage.world.mara.slash("roleplay start", character="clover")

    assert len(stage.faults.struck) == 2
    assert await stage.world.mara.messages("tavern") == []


async def test_d11_suggestions_that_come_too_late_are_no_news(stage: Faulty) -> None:
    stage.faults.script(ACKNOWLEDGE, refusal(404, 10062))

    with pytest.raises(Refused):
        await stage.world.mara.autocomplete("roleplay start", "character", "clo")

    assert len(stage.faults.struck) == 1
