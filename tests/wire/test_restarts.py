"""What is said while no process listens is heard by the next one, edits and deletions too."""

import pytest

from bot.adapters.redis_store import RedisSceneStore
from bot.core.scene import ChannelId, Role
from bot.playground.world import TAVERN_ID
from tests.playground.driver import Shown
from tests.wire.running import Running

TAVERN = ChannelId(TAVERN_ID)


def is_whole(shown: Shown, words: str) -> bool:
    return shown.is_webhook and words in shown.content and not shown.labels


async def lines(store: RedisSceneStore) -> list[str]:
    scene = await store.read(TAVERN)
    assert scene is not None
    return [turn.text for turn in scene.turns if turn.role is Role.PLAYER]


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_what_happened_while_nobody_listened_is_heard_once_after_a_restart(
    stage: Running, scene_store: RedisSceneStore, end: str
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    tgi.reply = lambda _: " Aye."
    await mara.answer(await mara.slash("roleplay start", character="clover"))
    gone, kept = await mara.send("One."), await mara.send("Two.")
    first = await mara.wait_for_message(lambda m: is_whole(m, "Aye."))

    await (stage.bot.stop() if end == "stop" else stage.bot.kill())
    await mara.delete(gone)
    await mara.edit(kept, "Two, corrected.")
    edited = await mara.send("Three.")
    await mara.edit(edited, "Three, corrected.")
    await mara.delete(await mara.send("Never mind."))
    await mara.send("Four.")
    await stage.bot.start()
    await stage.bot.wait_ready()

    await mara.wait_for_message(lambda m: is_whole(m, "Aye.") and m.id > first.id)
    assert await lines(scene_store) == ["Two, corrected.", "Three, corrected.", "Four."]
    assert len(tgi.asked) == 2
    assert (await stage.world.gateway_seen())["resumed"] == 1
