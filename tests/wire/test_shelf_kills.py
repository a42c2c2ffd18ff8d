"""A bot that dies between what it remembers and what it shows of a story as a whole."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.adapters.redis_store import RedisSceneStore
from bot.core.scene import ChannelId, WorkKind
from bot.playground.world import BOT_ID, TAVERN_ID
from tests.fakes.discord_faults import STORE_THEN_SILENCE
from tests.fakes.scripted_discord import Fault
from tests.playground.driver import eventually
from tests.wire.faulty import Faulty, faulty
from tests.wire.tales import ROW, begin, kill_and_start, read, tell, texts
from tests.wire.test_chat_files import CHAT

TAVERN = ChannelId(TAVERN_ID)
BY_WEBHOOK = rf"POST /webhooks/(?!{BOT_ID})"
SILENCE = Fault(after_s=3600)


@pytest.fixture
async def stage(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Faulty, None]:
    async with faulty(clean_redis_url, tmp_path) as everything:
        yield everything


async def _restart(stage: Faulty) -> int:
    await stage.world.mara.slash("roleplay restart")
    return TAVERN_ID


async def _load(stage: Faulty) -> int:
    await stage.world.mara.slash("roleplay load", name="then")
    return TAVERN_ID


async def _import(stage: Faulty) -> int:
    await stage.world.mara.slash("roleplay import", file=("tale.jsonl", CHAT))
    return TAVERN_ID


async def _branch(stage: Faulty) -> int:
    told = await stage.world.mara.answer(await stage.world.mara.slash("roleplay branch"))
    return int(told.content.rpartition("/")[2])


@pytest.mark.parametrize("fault", [SILENCE, STORE_THEN_SILENCE], ids=["lost", "stored"])
@pytest.mark.parametrize(
    ("act", "last"),
    [
        (_restart, "tram stop"),
        (_load, "It is dark."),
        (_import, "It is dry below."),
        (_branch, "You are free."),
    ],
    ids=["restart", "load", "import", "branch"],
)
async def test_what_was_not_shown_yet_stands_there_once_after_the_next_start(
    stage: Faulty,
    scene_store: RedisSceneStore,
    act: Callable[[Faulty], Awaitable[int]],
    last: str,
    fault: Fault,
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    await begin(stage)
    await tell(stage, "I open the door.", "It is dark.")
    await mara.answer(await mara.slash("roleplay save", name="then"))
    before = await tell(stage, "I run away.", "You are free.")
    stage.faults.script(BY_WEBHOOK, fault)

    channel = await act(stage)
    await eventually(lambda: stage.faults.struck)
    remembered = await texts(scene_store, channel)
    work = await scene_store.work(ChannelId(channel))
    stage.faults.calm()
    await kill_and_start(stage)

    shown = await mara.wait_for_message(
        lambda m: ROW in m.labels and m.id > before.id, 20, channel=channel
    )
    assert work is not None
    assert work.kind is WorkKind.SHOW
    assert last in shown.content
    assert await texts(scene_store, channel) == remembered

    async def is_known() -> bool:
        return (await read(scene_store, channel)).turns[-1].messages == (shown.id,)

    await eventually(is_known)
    posted = [m for m in await mara.messages(channel) if m.is_webhook and m.id > before.id]
    assert [m.id for m in posted] == [shown.id]
    await tell(stage, "Where am I?", "Here.", channel=channel)
    assert ("I run away." in tgi.asked[-1].prompt) is (act is _branch)
