"""Branches on the wire: a story goes on in a thread from any of its turns."""

import asyncio
import time
from dataclasses import replace

from bot.adapters.redis_store import RedisSceneStore
from bot.core.copies import branch_of, next_work
from bot.core.scene import ChannelId, MessageId
from bot.playground.world import TAVERN_ID
from tests.playground.driver import eventually
from tests.wire.remembering import until_remembered
from tests.wire.running import Running
from tests.wire.tales import ROW, begin, gist, read, tell, texts

TAVERN = ChannelId(TAVERN_ID)


# Branches


async def test_a_branch_goes_on_from_its_turn_and_the_story_stays(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    await begin(stage)
    await tell(stage, "I open the door.", "It is dark.")
    last = await tell(stage, "I light a lamp.", "It is warm.")
    before = await gist(scene_store)

    told = await mara.answer(await mara.slash("roleplay branch"))
    thread = int(told.content.rpartition("/")[2])
    shown = await mara.wait_for_message(lambda m: ROW in m.labels, channel=thread)

    first, *rest = await mara.messages(thread)
    assert f"/{TAVERN_ID}/{last.id}" in first.content
    assert [each.id for each in rest] == [shown.id]
    assert (shown.author, shown.content) == ("Clover", "It is warm.")
    assert await texts(scene_store, thread) == await texts(scene_store)
    assert await gist(scene_store) == before

    await tell(stage, "I sit down.", "There.", channel=thread)
    in_branch = tgi.asked[-1].prompt
    await tell(stage, "I sit down.", "Here.")
    assert tgi.asked[-1].prompt == in_branch
    assert "There." in await texts(scene_store, thread)
    assert "There." not in await texts(scene_store)


async def test_a_branch_from_the_menu_of_an_older_message_goes_on_from_there(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    await begin(stage)
    first = await tell(stage, "I open the door.", "It is dark.")
    await tell(stage, "I light a lamp.", "It is warm.")

    offered = await mara.answer(await mara.context("More…", first))
    await mara.choose(offered, "Branch")
    told = await mara.wait_for_message(lambda m: m.id == offered.id and "another way" in m.content)
    thread = int(told.content.rpartition("/")[2])
    shown = await mara.wait_for_message(lambda m: ROW in m.labels, channel=thread)

    assert shown.content == "It is dark."
    assert (await texts(scene_store, thread))[-2:] == ["I open the door.", "It is dark."]
    assert (await texts(scene_store))[-1] == "It is warm."


async def test_the_buttons_in_a_branch_work(stage: Running, scene_store: RedisSceneStore) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    await begin(stage)
    await tell(stage, "I open the door.", "It is dark.")
    told = await mara.answer(await mara.slash("roleplay branch"))
    thread = int(told.content.rpartition("/")[2])
    shown = await mara.wait_for_message(lambda m: ROW in m.labels, channel=thread)
    await until_remembered(stage.bot, shown)
    tgi.reply = lambda _: " And it was dark."

    assert (await mara.click(shown, "continue:")).is_acknowledged
    await mara.wait_for_message(
        lambda m: m.id == shown.id and "And it was dark." in m.content, channel=thread
    )

    async def is_remembered() -> bool:
        return (await texts(scene_store, thread))[-1] == "It is dark. And it was dark."

    await eventually(is_remembered)
    assert (await texts(scene_store))[-1] == "It is dark."


async def test_a_branch_of_which_only_memory_knows_is_shown_after_a_crash(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    await begin(stage)
    await tell(stage, "I open the door.", "It is dark.")
    thread = await mara.thread("A branch")
    await stage.bot.kill()
    scene = await read(scene_store)
    place = replace(scene.head.place, channel=ChannelId(thread))
    made = branch_of(
        scene,
        None,
        place=place,
        owner=scene.head.owner,
        event=MessageId(thread + 1),
        at_ms=time.time_ns() // 1_000_000,
    )
    work = next_work(made.turns, made.head.started_ms)
    await scene_store.start(made.head, None, told=made.turns, work=work)

    await stage.bot.start()
    await stage.bot.wait_ready()

    shown = await mara.wait_for_message(lambda m: ROW in m.labels, channel=thread)
    assert shown.content == "It is dark."

    async def is_done() -> bool:
        return await scene_store.work(ChannelId(thread)) is None

    await eventually(is_done)


async def test_two_branches_at_once_are_two_threads_with_a_story_each(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    await begin(stage)
    await tell(stage, "I open the door.", "It is dark.")

    uses = await asyncio.gather(*(each.slash("roleplay branch") for each in (mara, tom)))
    told = [await mara.answer(uses[0]), await tom.answer(uses[1])]
    threads = [int(each.content.rpartition("/")[2]) for each in told]

    assert len(set(threads)) == 2
    for thread in threads:
        await mara.wait_for_message(lambda m: ROW in m.labels, channel=thread)
        assert await texts(scene_store, thread) == await texts(scene_store)
