"""Posts whose answer is lost, with a gateway that tells of them; and posts that are not ours."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.core.scene import MessageId, mark_of, player_turn_id, reply_turn_id
from bot.playground.world import TAVERN_ID
from tests.fakes.scripted_discord import (
    BAD_GATEWAY,
    RESET,
    STORE_THEN_502,
    STORE_THEN_RESET,
    Fault,
)
from tests.playground.driver import eventually
from tests.wire.faulty import Faulty, faulty

LOOK = f"GET /channels/{TAVERN_ID}/messages"


@pytest.fixture
async def stage(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Faulty, None]:
    async with faulty(clean_redis_url, tmp_path) as everything:
        yield everything


@pytest.mark.parametrize(
    "fault",
    [STORE_THEN_502, STORE_THEN_RESET, BAD_GATEWAY, RESET],
    ids=["store-502", "store-reset", "502", "reset"],
)
async def test_a_reply_whose_post_is_doubtful_stands_there_once(
    stage: Faulty, fault: Fault
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    tgi.reply = lambda _: " The lamp is lit."
    await mara.answer(await mara.slash("roleplay start", character="clover"))
    bot = (await stage.world.rest("GET", "/users/@me"))["id"]
    stage.faults.script(f"POST /webhooks/(?!{bot})", fault)

    line = await mara.send("Is it dark yet?")
    reply = await mara.wait_for_message(
        lambda m: m.is_webhook and m.id > line.id and "Stop" not in m.labels, 20
    )

    assert reply.content == "The lamp is lit."
    assert [each.id for each in await mara.messages("tavern") if each.id > line.id] == [reply.id]
    # What is stored the gateway tells of at once: nobody has to look.
    assert stage.times(LOOK) == (0 if fault.stores else 2)
    assert "rp_foreign_posts_total 0.0" in await stage.metrics()


async def test_a_greeting_whose_post_is_doubtful_stands_there_once(stage: Faulty) -> None:
    mara = stage.world.mara
    bot = (await stage.world.rest("GET", "/users/@me"))["id"]
    stage.faults.script(f"POST /webhooks/(?!{bot})", STORE_THEN_502)

    await mara.answer(await mara.slash("roleplay start", character="clover"))

    [greeting] = [each for each in await mara.messages("tavern") if each.is_webhook]
    assert "⋯" in greeting.labels


async def test_p6_a_post_of_another_process_on_another_memory_is_counted(stage: Faulty) -> None:
    mark = mark_of(reply_turn_id(player_turn_id(MessageId(1_000))), 0)
    button = {"type": 2, "style": 2, "label": "Stop", "custom_id": f"stop:{TAVERN_ID}:{mark}"}
    row = {"type": 1, "components": [button]}

    await stage.world.rest(
        "POST", f"/channels/{TAVERN_ID}/messages", json={"content": "Ahoy!", "components": [row]}
    )

    async def is_counted() -> bool:
        return "rp_foreign_posts_total 1.0" in await stage.metrics()

    await eventually(is_counted, 10)
