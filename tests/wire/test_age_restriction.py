"""S31: adult characters on a running bot: where they play, and what a changed channel does."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.playground.world import ADULTS_ID, BOT_ID, TAVERN_ID
from tests.fakes.scripted_discord import Fault
from tests.playground.driver import eventually
from tests.wire.faulty import Faulty, faulty
from tests.wire.running import Running, running

CHARACTERS = {
    "ada": "name: Ada\npersona: Ada keeps the bar.\nrating: adult\ngreetings: Come in.\n",
    "pim": "name: Pim\npersona: |\n  Age: 12\n  Pim collects shells.\n",
}

POST = rf"POST /webhooks/(?!{BOT_ID})"


@pytest.fixture
async def stage(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Running, None]:
    folder = cast_in(tmp_path)
    async with running(clean_redis_url, tmp_path, BOT_CHARACTERS=str(folder)) as everything:
        yield everything


def cast_in(tmp_path: Path) -> Path:
    folder = tmp_path / "cast"
    folder.mkdir()
    for name, text in CHARACTERS.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


async def restrict(stage: Running | Faulty, channel: int, *, on: bool) -> None:
    body = {"channel_id": str(channel), "changes": {"nsfw": on}}
    await stage.world.act("/page/controls/channel", body)


async def count_is(count: Callable[[], Awaitable[int]], wanted: int) -> bool:
    return await count() == wanted


async def told(stage: Running, command: str, channel: str | int, *, character: str) -> str:
    mara = stage.world.mara
    return (
        await mara.answer(await mara.slash(command, channel=channel, character=character))
    ).content


async def test_an_adult_character_is_refused_in_an_ordinary_channel_and_offered_in_none(
    stage: Running,
) -> None:
    mara = stage.world.mara

    refused = await told(stage, "roleplay start", "tavern", character="ada")

    assert refused == "Ada is for adults and plays only in age-restricted channels."
    assert await mara.autocomplete("roleplay start", "character", "ad") == []
    offered = await mara.autocomplete("roleplay start", "character", "ad", channel=ADULTS_ID)
    assert offered == [("Ada", "ada")]


async def test_a_character_whose_age_is_under_18_never_plays_in_an_adult_channel(
    stage: Running,
) -> None:
    refused = await told(stage, "roleplay start", ADULTS_ID, character="pim")

    assert refused == ("Pim is described as under 18 and never plays in an age-restricted channel.")
    offered = await stage.world.mara.autocomplete(
        "roleplay start", "character", "", channel=ADULTS_ID
    )
    assert offered == [("Ada", "ada")]


async def test_a_thread_takes_its_parents_flag_and_a_live_change_pauses_the_scene(
    stage: Running,
) -> None:
    world, mara = stage.world, stage.world.mara
    thread = await mara.thread("The back room", ADULTS_ID)
    assert "is on" in await told(stage, "roleplay start", thread, character="ada")

    await restrict(stage, ADULTS_ID, on=False)
    notice = await mara.wait_for_message(lambda m: "The scene waits" in m.content, channel=thread)
    await mara.send("Ada?", thread)
    await mara.wait_for_message(
        lambda m: "The scene waits" in m.content and m.id > notice.id, channel=thread
    )

    async def notices() -> int:
        return sum("The scene waits" in m.content for m in await mara.messages(thread))

    await eventually(lambda: count_is(notices, 1), 5)
    assert stage.tgi.asked == []

    stage.tgi.reply = lambda _: " Still here."
    await restrict(stage, ADULTS_ID, on=True)
    await mara.wait_for_message(lambda m: m.content == "Still here.", channel=thread)

    await eventually(lambda: count_is(notices, 0), 5)
    await restrict(stage, TAVERN_ID, on=True)
    assert await world.unknown_routes() == []


async def test_nothing_that_an_adult_character_said_is_shown_anew_while_the_scene_waits(
    stage: Running,
) -> None:
    mara = stage.world.mara
    assert "is on" in await told(stage, "roleplay start", ADULTS_ID, character="ada")
    stage.tgi.reply = lambda _: " Another."
    greeting = await mara.wait_for_message(lambda m: m.content == "Come in.", channel=ADULTS_ID)
    await mara.click(greeting, "swipe:next")
    shown = await mara.wait_for_message(
        lambda m: m.content == "Another." and "Stop" not in m.labels, channel=ADULTS_ID
    )
    await restrict(stage, ADULTS_ID, on=False)
    await mara.wait_for_message(lambda m: "The scene waits" in m.content, channel=ADULTS_ID)

    for answer in (
        await mara.answer(await mara.click(shown, "swipe:prev")),
        await mara.answer(await mara.context("Edit reply", shown)),
    ):
        assert "The scene waits" in answer.content
    now = await mara.see(shown)
    assert now is not None
    assert now.content == "Another."


async def test_a_greeting_that_a_kill_kept_back_waits_for_the_channel_to_be_changed_back(
    clean_redis_url: str, tmp_path: Path
) -> None:
    folder = cast_in(tmp_path)
    async with faulty(clean_redis_url, tmp_path, BOT_CHARACTERS=str(folder)) as stage:
        mara = stage.world.mara
        stage.faults.script(POST, Fault(after_s=3600))
        await mara.slash("roleplay start", channel=ADULTS_ID, character="ada")
        await eventually(lambda: stage.faults.struck)
        await stage.bot.kill()
        stage.faults.calm()
        await restrict(stage, ADULTS_ID, on=False)

        await stage.bot.start()
        await stage.bot.wait_ready()
        await mara.wait_for_message(lambda m: "The scene waits" in m.content, channel=ADULTS_ID)
        assert "Come in." not in [m.content for m in await mara.messages(ADULTS_ID)]

        await restrict(stage, ADULTS_ID, on=True)
        await mara.wait_for_message(lambda m: m.content == "Come in.", channel=ADULTS_ID)
