"""Stories as a whole on a running bot: begun anew, branched, put aside, brought back."""

import asyncio

import pytest

from bot.adapters.redis_store import RedisSceneStore
from bot.core.scene import ChannelId
from bot.playground.rights import Right
from bot.playground.world import GUILD_ID, STORIES_ID, TAVERN_ID
from tests.fakes.scripted_tgi import story
from tests.playground.driver import eventually
from tests.wire.remembering import until_remembered
from tests.wire.running import Running
from tests.wire.tales import ROW, begin, gist, has_row, kill_and_start, read, tell, texts

TAVERN = ChannelId(TAVERN_ID)


# Begun anew


async def test_a_story_begins_anew_and_comes_back_with_undo(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    greeting = await begin(stage)
    old = await tell(stage, "My name is Ada.", "Ada it is.")
    before = await gist(scene_store)

    asked = await mara.slash("roleplay restart")
    told = await mara.answer(asked)
    fresh = await mara.wait_for_message(lambda m: m.id > old.id and ROW in m.labels)

    assert told.is_ephemeral
    assert told.labels == ["Undo"]
    assert fresh.content == greeting.content
    assert await texts(scene_store) == [greeting.content]
    assert await mara.see(old) is not None  # what was said stays on the screen
    reply = await tell(stage, "Who am I?", "I do not know.")
    assert "Ada" not in tgi.asked[-1].prompt

    assert (await mara.click(told, "Undo")).is_acknowledged

    async def is_gone() -> bool:
        return await mara.see(fresh) is None and await mara.see(reply) is None

    await eventually(is_gone)
    assert await gist(scene_store) == before
    await eventually(lambda: has_row(stage, old))
    await tell(stage, "And now?", "You are Ada.")
    assert "My name is Ada." in tgi.asked[-1].prompt
    assert "Who am I?" not in tgi.asked[-1].prompt


async def test_row_07_what_was_deleted_or_edited_meanwhile_is_not_brought_back(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    await begin(stage)
    gone = await tell(stage, "One.", "First.")
    stage.tgi.reply = lambda _: " Second."
    edited = await mara.send("Two.")
    await mara.wait_for_message(lambda m: ROW in m.labels and m.id > edited.id)
    told = await mara.answer(await mara.slash("roleplay restart"))
    await mara.wait_for_message(lambda m: ROW in m.labels and m.id > told.id)
    await stage.world.ann.delete(gone)
    await mara.edit(edited, "Two, corrected.")

    await mara.click(told, "Undo")

    async def is_as_the_screen() -> bool:
        found = await texts(scene_store)
        return "First." not in found and "Two, corrected." in found

    await eventually(is_as_the_screen)


async def test_what_is_written_and_what_waits_ends_before_a_story_begins_anew(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    """A reset that leaves queued work speaks out of the blue."""
    mara, tgi = stage.world.mara, stage.tgi
    greeting = await begin(stage)
    await tell(stage, "One.", "First.")
    tgi.reply, tgi.tokens_per_s = lambda _: story(200), 20
    await mara.send("Two.")
    growing = await mara.wait_for_message(lambda m: "Stop" in m.labels)
    await mara.send("Three.")

    async def waits() -> bool:
        return "Three." in await texts(scene_store)

    await eventually(waits)
    await mara.answer(await mara.slash("roleplay restart"), within_s=20)
    fresh = await mara.wait_for_message(lambda m: m.id > growing.id and ROW in m.labels)
    await until_remembered(stage.bot, fresh)

    assert await mara.see(growing) is None
    assert await texts(scene_store) == [greeting.content]
    assert await scene_store.work(TAVERN) is None
    asked = len(tgi.asked)
    tgi.tokens_per_s = 0
    await tell(stage, "Hello?", "Hello.")
    assert len(tgi.asked) == asked + 1
    assert "Two." not in tgi.asked[-1].prompt


async def test_row_09_undo_works_after_the_bot_was_killed(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    await begin(stage)
    old = await tell(stage, "One.", "First.")
    before = await gist(scene_store)
    told = await mara.answer(await mara.slash("roleplay restart"))
    await kill_and_start(stage)

    assert (await mara.click(told, "Undo")).is_acknowledged

    async def is_back() -> bool:
        return await gist(scene_store) == before

    await eventually(is_back)
    await eventually(lambda: has_row(stage, old))


async def test_two_who_begin_a_story_anew_at_once_begin_it_once(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, ann = stage.world.mara, stage.world.ann
    greeting = await begin(stage)
    old = await tell(stage, "One.", "First.")

    uses = await asyncio.gather(*(each.slash("roleplay restart") for each in (mara, ann)))
    told = [await mara.answer(uses[0]), await ann.answer(uses[1])]
    await mara.wait_for_message(lambda m: m.id > old.id and ROW in m.labels)

    assert sorted(each.labels == ["Undo"] for each in told) == [False, True]
    assert await texts(scene_store) == [greeting.content]
    fresh = [m for m in await mara.messages() if m.id > old.id and m.is_webhook]
    assert len(fresh) == 1


async def test_row_15_who_has_no_right_hears_one_sentence_and_nothing_changes(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    tom = stage.world.tom
    await begin(stage)
    await tell(stage, "One.", "First.")
    await stage.world.mara.answer(await stage.world.mara.slash("roleplay save", name="one"))
    before = await texts(scene_store)

    for use in (
        await tom.slash("roleplay restart"),
        await tom.slash("roleplay save", name="mine"),
        await tom.slash("roleplay load", name="one"),
        await tom.slash("roleplay delete-save", name="one"),
    ):
        told = await tom.answer(use)
        assert told.is_ephemeral
        assert told.content.startswith("Only the one who started the scene and moderators may")
    assert await texts(scene_store) == before
    assert [save.name for save in await scene_store.saves(TAVERN)] == ["one"]


# Start over a live scene


async def test_row_09_a_start_over_a_live_scene_asks_and_restart_begins_what_was_asked_for(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    await begin(stage)
    old = await tell(stage, "One.", "First.")
    use = await mara.slash(
        "roleplay start", character="hesper-quill", scenario="On the moon.", length="tiny"
    )
    asked = await mara.answer(use)

    assert asked.is_ephemeral
    assert asked.labels == ["Resume", "Restart", "Cancel"]
    assert [turn.name for turn in (await read(scene_store)).turns][-1] == "Clover"

    await kill_and_start(stage)
    assert (await mara.click(asked, "Restart")).is_acknowledged

    greeting = await mara.wait_for_message(lambda m: m.id > old.id and ROW in m.labels)
    assert greeting.author == "Hesper Quill"
    await tell(stage, "Who are you?", "Hesper.")
    assert "Scenario: On the moon." in tgi.asked[-1].prompt
    assert tgi.asked[-1].prompt.endswith("(length = tiny)\nHesper Quill:")
    assert "One." not in tgi.asked[-1].prompt

    undo = await mara.wait_for_message(lambda m: m.id == asked.id)
    assert (await mara.click(undo, "Undo")).is_acknowledged

    async def is_back() -> bool:
        return "First." in await texts(scene_store)

    await eventually(is_back)
    await tell(stage, "Still there?", "Aye.")
    assert tgi.asked[-1].prompt.endswith("\nClover:")
    assert "Hesper" not in tgi.asked[-1].prompt


@pytest.mark.parametrize(("label", "words"), [("Resume", "Just write."), ("Cancel", "Nothing was")])
async def test_resume_and_cancel_leave_the_live_scene_as_it_is(
    stage: Running, scene_store: RedisSceneStore, label: str, words: str
) -> None:
    mara = stage.world.mara
    await begin(stage)
    before = await gist(scene_store)
    asked = await mara.answer(await mara.slash("roleplay start", character="hesper-quill"))

    await mara.click(asked, label)
    told = await mara.wait_for_message(lambda m: m.id == asked.id and words in m.content)

    assert told.labels == []
    assert await gist(scene_store) == before


async def test_row_15_another_member_cannot_put_a_scene_in_place_of_ours(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    tom = stage.world.tom
    await begin(stage)
    before = await gist(scene_store)
    asked = await tom.answer(await tom.slash("roleplay start", character="hesper-quill"))

    use = await tom.click(asked, "Restart")
    told = await tom.answer(use)

    assert told.is_ephemeral
    assert told.content.startswith("Only the one who started the scene")
    assert await gist(scene_store) == before


async def test_a_scene_may_start_in_a_thread_of_its_own(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    use = await mara.slash("roleplay start", character="clover", where="new thread")
    told = await mara.answer(use)
    thread = int(told.content.rpartition("/")[2])

    greeting = await mara.wait_for_message(lambda m: m.is_webhook, channel=thread)
    await tell(stage, "Hello.", "Hello yourself.", channel=thread)

    assert told.is_ephemeral
    assert await scene_store.read(TAVERN) is None
    assert (await texts(scene_store, thread))[0] == greeting.content


async def test_row_08_in_a_forum_a_new_thread_is_a_post_and_one_post_is_one_scene(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    first = await mara.thread("A tale", STORIES_ID, content="Who plays?")
    await begin(stage, channel=first)
    use = await mara.slash(
        "roleplay start", character="hesper-quill", where="new thread", channel=first
    )
    told = await mara.answer(use)
    second = int(told.content.rpartition("/")[2])

    await tell(stage, "One.", "In the first.", channel=first)
    await tell(stage, "Two.", "In the second.", channel=second)

    assert "Two." not in await texts(scene_store, first)
    assert "One." not in await texts(scene_store, second)
    opening = (await mara.messages(second))[0]
    assert "Hesper Quill" in opening.content
    state = await mara.state()
    posts = [c for c in state["channels"] if c.get("parent_id") == str(STORIES_ID)]
    assert {int(post["id"]) for post in posts} == {first, second}


async def test_nobody_gets_a_thread_by_us_that_they_may_not_start(stage: Running) -> None:
    tom = stage.world.tom
    await begin(stage)
    await stage.world.overwrite(TAVERN_ID, GUILD_ID, deny=int(Right.CREATE_PUBLIC_THREADS))

    for use in (
        await tom.slash("roleplay start", character="clover", where="new thread"),
        await tom.slash("roleplay branch"),
    ):
        told = await tom.answer(use)
        assert told.content.startswith("You need the right Create Public Threads")


async def test_in_direct_messages_there_is_another_way_than_a_thread(stage: Running) -> None:
    mara = stage.world.mara
    direct = await mara.dm()
    await begin(stage, channel=direct)

    told = await mara.answer(await mara.slash("roleplay branch", channel=direct))

    assert "/roleplay save" in told.content


# Put aside


async def test_a_saved_story_is_loaded_and_undo_brings_the_other_back(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    await begin(stage)
    await tell(stage, "I open the door.", "It is dark.")
    saved = await mara.answer(await mara.slash("roleplay save", name="the door"))
    later = await tell(stage, "I run away.", "You are free.")

    names = await mara.autocomplete("roleplay load", "name", "DOOR")
    told = await mara.answer(await mara.slash("roleplay load", name="the door"))
    shown = await mara.wait_for_message(lambda m: m.id > later.id and ROW in m.labels)

    assert saved.content.startswith("Saved as **the door**, 3 turns")
    assert names == [("the door", "the door")]
    assert shown.content == "It is dark."
    assert await mara.see(later) is not None
    await tell(stage, "I stay.", "Good.")
    assert "I run away." not in tgi.asked[-1].prompt
    assert "I open the door." in tgi.asked[-1].prompt

    assert (await mara.click(told, "Undo")).is_acknowledged

    async def is_back() -> bool:
        return await mara.see(shown) is None and (await texts(scene_store))[-1] == "You are free."

    await eventually(is_back)
    await tell(stage, "Where am I?", "Outside.")
    assert "I run away." in tgi.asked[-1].prompt
    assert "I stay." not in tgi.asked[-1].prompt


async def test_a_stopped_scene_goes_on_with_what_is_loaded_even_into_a_new_one(
    stage: Running,
) -> None:
    """Ids of the story that was saved are older than what the new scene remembers."""
    mara, tgi = stage.world.mara, stage.tgi
    await begin(stage)
    await tell(stage, "I open the door.", "It is dark.")
    await mara.answer(await mara.slash("roleplay save", name="the door"))
    await mara.answer(await mara.slash("roleplay stop"))
    await mara.answer(await mara.slash("roleplay start", character="hesper-quill"))
    await mara.answer(await mara.slash("roleplay stop"))

    await mara.answer(await mara.slash("roleplay load", name="the door"))
    await mara.wait_for_message(lambda m: m.content == "It is dark." and ROW in m.labels)
    await tell(stage, "I stay.", "Good.")

    assert "I open the door." in tgi.asked[-1].prompt
    assert tgi.asked[-1].prompt.endswith("\nClover:")


async def test_what_is_not_saved_is_not_loaded_and_what_is_deleted_is_gone(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    await begin(stage)
    await mara.answer(await mara.slash("roleplay save", name="the door"))

    near = await mara.answer(await mara.slash("roleplay load", name="the dor"))
    gone = await mara.answer(await mara.slash("roleplay delete-save", name="the door"))
    after = await mara.answer(await mara.slash("roleplay delete-save", name="the door"))

    assert near.content == "No story is saved here as “the dor”. Did you mean “the door”?"
    assert "is deleted" in gone.content
    assert after.content.startswith("No story is saved here")
    assert await scene_store.saves(TAVERN) == []


async def test_scenes_lists_what_the_member_sees_and_goes_there(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    await begin(stage)
    await tell(stage, "I open the door.", "It is dark.")
    await mara.answer(await mara.slash("roleplay save", name="the door"))
    await begin(stage, channel="harbour")
    last = await tell(stage, "Ahoy.", "A *ship*!", channel="harbour")
    await stage.world.overwrite(last.channel_id, tom.id, deny=int(Right.VIEW_CHANNEL))

    seen = await mara.answer(await mara.slash("roleplay scenes"))
    hidden = await tom.answer(await tom.slash("roleplay scenes"))

    assert f"<#{last.channel_id}>" in seen.content
    assert "the door" in seen.content
    assert seen.content.index(f"<#{last.channel_id}>") < seen.content.index(f"<#{TAVERN_ID}>")
    assert f"<#{last.channel_id}>" not in hidden.content
    assert f"<#{TAVERN_ID}>" in hidden.content
    use = await mara.choose(seen, f"go:{last.channel_id}:{last.id}")
    jump = await mara.answer(use)
    assert f"/{last.channel_id}/{last.id}" in jump.content

    await mara.choose(seen, "load:the door")
    await mara.wait_for_message(lambda m: m.id == seen.id and m.labels == ["Undo"])
    assert (await texts(scene_store))[-1] == "It is dark."
