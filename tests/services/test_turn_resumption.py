"""A reply that a process left in the middle is gone on with by the next, word for word."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from bot.core.ports import Button, Speaker
from bot.core.scene import Role, TurnId, Work, WorkKind, mark_of, reply_turn_id
from bot.services.reply_buttons import stop_button
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_tgi import story
from tests.fakes.scripted_voice import ScriptedVoice
from tests.services.stage import HARBOUR, MIRA, Stage, open_stage

WHOLE = story(60)
LEASE_S = 0.3


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        await opened.begin()
        opened.tgi.reply = rest_of(WHOLE)
        yield opened


def rest_of(whole: str) -> Callable[[str], str]:
    def rest(prompt: str) -> str:
        written = prompt.rpartition("Mira:")[2]
        assert whole.startswith(written), "the reply was not gone on with"
        return whole[len(written) :]

    return rest


async def line_without_reply(stage: Stage, text: str = "Tell me of the sea.") -> TurnId:
    """A line of which the process that took it in knows no more."""
    stage.tgi.first_token_s = 60
    turn, _ = await stage.say(text)
    await stage.until(lambda: bool(stage.tgi.asked))
    stage.pipeline.stop(HARBOUR.channel)
    await stage.quiet()
    stage.tgi.first_token_s = 0.0
    stage.tgi.asked.clear()
    return turn


async def half_written(
    stage: Stage, turn: TurnId, *, shown: str, checkpoint: str, stop: bool = True
) -> Work:
    """Leave a reply to *turn* as a process does that is killed."""
    reply = reply_turn_id(turn)
    buttons: list[Button] = [stop_button(HARBOUR.channel, mark_of(reply, 0))] if stop else []
    message = await stage.voice.say(HARBOUR, Speaker("Mira", MIRA), shown, buttons)
    work = Work(
        reply,
        turn,
        (message,),
        at_ms=stage.clock_ms[0],
        written=checkpoint,
        tokens=len(checkpoint.split()),
    )
    await stage.leave(work)
    return work


def words(count: int) -> str:
    return " ".join(WHOLE.split(" ")[: count + 1])


@pytest.mark.parametrize(
    ("shown", "checkpoint"),
    [(10, 10), (5, 12), (12, 5), (12, 0), (1, 59)],
    ids=["even", "checkpoint ahead", "screen ahead", "no checkpoint", "nearly done"],
)
async def test_the_reply_goes_on_from_the_farther_of_screen_and_checkpoint(
    stage: Stage, shown: int, checkpoint: int
) -> None:
    turn = await line_without_reply(stage)
    await half_written(stage, turn, shown=words(shown).strip(), checkpoint=words(checkpoint))

    assert await stage.pipeline.recover() == 1
    await stage.quiet()

    assert stage.screen() == [WHOLE.strip()]
    assert (await stage.memory())[-1] == ("Mira", WHOLE.strip())
    [asked] = stage.tgi.asked
    assert asked.prompt.endswith(f"Mira:{words(max(shown, checkpoint))}")


async def test_a_reply_that_was_finished_and_only_not_remembered_is_remembered(
    stage: Stage,
) -> None:
    turn = await line_without_reply(stage)
    await half_written(stage, turn, shown=WHOLE.strip(), checkpoint=words(20), stop=False)

    await stage.pipeline.recover()
    await stage.quiet()

    assert stage.tgi.asked == []
    assert (await stage.memory())[-1] == ("Mira", WHOLE.strip())


async def test_a_reply_whose_next_message_was_to_come_is_not_whole(stage: Stage) -> None:
    turn = await line_without_reply(stage)
    work = await half_written(stage, turn, shown=words(9).strip(), checkpoint=words(3), stop=False)
    await stage.store.intent(HARBOUR.channel, work.reply, mark_of(work.reply, 1))

    await stage.pipeline.recover()
    await stage.quiet()

    assert (await stage.memory())[-1] == ("Mira", WHOLE.strip())


async def test_a_reply_to_which_the_model_has_nothing_to_add_is_whole(stage: Stage) -> None:
    stage.tgi.reply = lambda _: ""
    turn = await line_without_reply(stage)
    await half_written(stage, turn, shown="The lamp turns.", checkpoint=" The")

    await stage.pipeline.recover()
    await stage.quiet()

    assert stage.screen() == ["The lamp turns."]
    assert (await stage.memory())[-1] == ("Mira", "The lamp turns.")


async def test_a_reply_whose_message_was_removed_meanwhile_is_not_written_on(stage: Stage) -> None:
    turn = await line_without_reply(stage)
    work = await half_written(stage, turn, shown=words(5).strip(), checkpoint=words(5))
    await stage.voice.delete(HARBOUR, work.messages[0])

    await stage.pipeline.recover()
    await stage.quiet()

    assert stage.screen() == []
    assert [name for name, _ in await stage.memory()] == ["Mara"]
    assert await stage.store.work(HARBOUR.channel) is None


async def test_a_reply_whose_line_was_deleted_meanwhile_is_taken_back(stage: Stage) -> None:
    turn = await line_without_reply(stage)
    await half_written(stage, turn, shown=words(5).strip(), checkpoint=words(5))
    scene = await stage.store.read(HARBOUR.channel)
    assert scene is not None
    await stage.store.delete(HARBOUR.channel, scene.turns[0].messages)

    await stage.pipeline.recover()
    await stage.quiet()

    assert stage.screen() == []
    assert await stage.memory() == []
    assert await stage.store.work(HARBOUR.channel) is None


async def test_a_post_that_arrived_although_nobody_noted_it_is_found_and_not_made_again(
    stage: Stage,
) -> None:
    turn = await line_without_reply(stage)
    mark = mark_of(reply_turn_id(turn), 0)
    stop = stop_button(HARBOUR.channel, mark)
    await stage.voice.say(HARBOUR, Speaker("Mira", MIRA), words(5).strip(), [stop])
    await stage.leave(
        Work(reply_turn_id(turn), turn, at_ms=stage.clock_ms[0], written=words(5), posting=mark)
    )

    await stage.pipeline.recover()
    await stage.quiet()

    assert stage.screen() == [WHOLE.strip()]
    assert (await stage.last_turn()).messages == (next(iter(stage.voice.messages)),)


async def test_the_reply_under_way_ends_before_a_newer_line_gets_its_own(stage: Stage) -> None:
    turn = await line_without_reply(stage)
    await half_written(stage, turn, shown=words(5).strip(), checkpoint=words(5))
    async with open_stage(store=stage.store, process="deaf") as deaf:
        await deaf.pipeline.drain(1)
        await deaf.say("And the wind?", number=2_000_000)
    stage.tgi.reply = lambda prompt: (
        " It sings." if "the wind?" in prompt else rest_of(WHOLE)(prompt)
    )

    assert await stage.pipeline.recover() == 1
    await stage.quiet()

    assert stage.screen() == [WHOLE.strip(), "It sings."]
    assert [text for _, text in await stage.memory()] == [
        "Tell me of the sea.",
        WHOLE.strip(),
        "And the wind?",
        "It sings.",
    ]


async def test_a_shutdown_hands_the_sentence_on_to_the_next_process() -> None:
    store, voice = MemorySceneStore(), ScriptedVoice()
    async with open_stage(store=store, voice=voice, lease_s=60) as first:
        await first.begin()
        first.tgi.reply, first.tgi.tokens_per_s = rest_of(WHOLE), 20
        await first.say("Tell me of the sea.")
        await first.until(lambda: len(" ".join(first.screen()).split()) > 8)
        assert not await first.pipeline.drain(0.01)
    [half] = [shown.text for shown in voice.on_screen(HARBOUR.channel)]
    work = await store.work(HARBOUR.channel)
    assert work is not None
    assert work.written.strip().startswith(half)

    async with open_stage(store=store, voice=voice, process="the next", lease_s=60) as second:
        second.tgi.reply = rest_of(WHOLE)
        await second.pipeline.recover()
        await second.quiet()

        assert second.screen() == [WHOLE.strip()]
        [asked] = second.tgi.asked
        assert asked.prompt.endswith(f"Mira:{work.written}")


async def test_what_the_model_writes_is_kept_with_the_lease() -> None:
    async with open_stage(lease_s=LEASE_S) as stage:
        await stage.begin()
        stage.tgi.reply, stage.tgi.tokens_per_s = rest_of(WHOLE), 40
        await stage.say("Tell me of the sea.")
        written: list[str] = []

        async def has_grown() -> None:
            while len(written) < 3:
                work = await stage.store.work(HARBOUR.channel)
                if work is not None and work.written and work.written not in written:
                    written.append(work.written)
                await asyncio.sleep(0.01)

        async with asyncio.timeout(5):
            await has_grown()
        await stage.quiet()

        assert all(WHOLE.startswith(each) for each in written)
        assert await stage.store.work(HARBOUR.channel) is None


async def test_a_reply_that_was_to_go_on_goes_on_after_a_crash(stage: Stage) -> None:
    turn = await line_without_reply(stage)
    first = words(10).strip()
    message = await stage.voice.say(HARBOUR, Speaker("Mira", MIRA), first)
    stored = replace(
        (await stage.last_turn()),
        id=reply_turn_id(turn),
        role=Role.CHARACTER,
        name="Mira",
        swipes=(first,),
        messages=(message,),
        author=None,
    )
    await stage.store.commit(HARBOUR.channel, stored)
    work = Work(
        reply_turn_id(turn), turn, (message,), at_ms=stage.clock_ms[0], kind=WorkKind.CONTINUE,
        written=words(15).removeprefix(words(10)),
    )  # fmt: skip
    await stage.leave(work)

    assert await stage.pipeline.recover() == 1
    await stage.quiet()

    assert stage.screen() == [WHOLE.strip()]
    assert (await stage.memory())[-1] == ("Mira", WHOLE.strip())
