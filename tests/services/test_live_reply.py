import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest

from bot.core.errors import NotAllowedHere, PostAmbiguous, PostError
from bot.core.pacing import Pacer
from bot.core.ports import Button, Speaker
from bot.core.scene import MessageId, Place, mark_of
from bot.services.milestones import Milestone
from tests.fakes.scripted_voice import FIRST_EDIT_MS, ScriptedVoice, Shown
from tests.services.growing import (
    AGAIN,
    EVERY_S,
    HARBOUR,
    MARA,
    REPLY,
    Notebook,
    labels,
    live,
    stop,
    texts,
    until,
)


async def test_the_first_text_is_posted_at_once_with_the_buttons_of_writing() -> None:
    voice = ScriptedVoice()

    async with live(voice) as reply:
        assert not reply.shown
        reply.show("Ahoy")
        await until(lambda: reply.shown)

        assert texts(voice) == ["Ahoy"]
        assert labels(voice) == [["Stop"]]
        await reply.finish("Ahoy!")


async def test_the_final_text_replaces_what_grew_and_its_buttons() -> None:
    voice = ScriptedVoice()

    async with live(voice) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        messages = await reply.finish("Ahoy, you!", [AGAIN])

    assert texts(voice) == ["Ahoy, you!"]
    assert labels(voice) == [["Again"]]
    assert messages == tuple(voice.messages)


async def test_a_reply_that_never_grew_is_posted_with_its_mark_and_then_gets_its_buttons() -> None:
    voice = ScriptedVoice()

    async with live(voice) as reply:
        await reply.finish("Ahoy!", [AGAIN])

    assert [act.text for act in voice.did("say", "edit")] == ["Ahoy!", "Ahoy!"]
    assert labels(voice) == [["Again"]]


async def test_every_post_bears_a_mark_of_its_own() -> None:
    voice = ScriptedVoice()
    seen: list[list[str]] = []

    async def see(shown: Shown) -> None:
        seen.append(shown.custom_ids)

    voice.on_say = see

    async with live(voice, part_limit=10) as reply:
        reply.show("a" * 25)
        await until(lambda: len(voice.messages) == 3)
        await reply.finish("a" * 25)

    assert seen == [[f"stop:7:{REPLY}.{part}"] for part in range(3)]


async def test_what_is_posted_is_noted_before_and_after() -> None:
    voice, outbox, reached = ScriptedVoice(), Notebook(), list[Milestone]()

    async with live(voice, outbox=outbox, reached=reached.append) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        reply.show("Ahoy, you")
        await until(lambda: texts(voice) == ["Ahoy, you"])
        await reply.finish("Ahoy, you!")

    assert outbox.intended == [f"{REPLY}.0"]
    assert outbox.posted_in == list(voice.messages)
    assert reached == [
        Milestone.INTENT,
        Milestone.POST_ANSWERED,
        Milestone.POSTED,
        Milestone.EDITED,
        Milestone.FINAL_EDIT,
    ]


async def test_it_knows_what_it_shows_and_when_that_was_last_changed() -> None:
    voice = ScriptedVoice()

    async with live(voice, part_limit=10) as reply:
        assert reply.edited_ms == 0
        await reply.finish("a" * 10 + "b")

    assert reply.parts == ("a" * 10, "b")
    assert reply.edited_ms == FIRST_EDIT_MS + len(voice.did("edit")) - 1


async def test_it_tells_when_there_is_something_to_read() -> None:
    voice, visible = ScriptedVoice(), asyncio.Event()

    async with live(voice, on_visible=visible.set) as reply:
        assert not visible.is_set()
        reply.show("Ahoy")
        async with asyncio.timeout(3):
            await visible.wait()
        await reply.finish("Ahoy!")


async def test_blank_text_is_not_shown() -> None:
    voice = ScriptedVoice()

    async with live(voice) as reply:
        for blank in (" \n", ""):
            reply.show(blank)
            for _ in range(5):
                await asyncio.sleep(0)
        reply.show("A")
        await until(lambda: reply.shown)
        await reply.finish("A")

    assert voice.did("say")[0].text == "A"


async def test_only_the_newest_text_is_sent_and_never_an_older_after_it() -> None:
    voice = ScriptedVoice(latency_s=0.02)

    started = time.monotonic()
    async with live(voice) as reply:
        for length in range(1, 400):
            reply.show("x" * length)
            await asyncio.sleep(0.001)
        await reply.finish("x" * 400)

    sent = [len(act.text) for act in voice.did("say", "edit")]
    assert sent == sorted(sent)
    assert sent[0] == 1
    assert sent[-1] == 400
    assert 5 <= len(sent) <= 3 + (time.monotonic() - started) / EVERY_S


async def test_nothing_is_sent_while_nothing_changes() -> None:
    voice = ScriptedVoice()

    async with live(voice) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        for _ in range(100):
            reply.show("Ahoy")
            await asyncio.sleep(0.002)

        assert len(voice.did("say", "edit")) == 1
        await reply.discard()


@pytest.mark.parametrize("replies", [1, 2, 4])
async def test_replies_in_one_channel_share_its_pace(replies: int) -> None:
    pacer = Pacer(every_s=EVERY_S, at_most_s=2 * EVERY_S, calls=99)
    voices = [ScriptedVoice() for _ in range(replies)]
    interval_s = min(replies, 2) * EVERY_S

    async def write(voice: ScriptedVoice) -> None:
        async with live(voice, pacer=pacer) as reply:
            await all_here.wait()
            started = time.monotonic()
            while (elapsed_s := time.monotonic() - started) < 0.5:
                reply.show(f"{elapsed_s:.4f}")
                await asyncio.sleep(0.002)
            # Before anybody leaves and the others may speed up.
            await all_here.wait()
            growth.append([act.at for act in voice.did("say", "edit")])
            await reply.discard()

    growth: list[list[float]] = []
    all_here = asyncio.Barrier(replies)
    await asyncio.gather(*(write(voice) for voice in voices))

    for times in growth:
        assert all(later - earlier >= 0.8 * interval_s for earlier, later in pairwise(times))
        assert len(times) >= 0.5 / interval_s / 2


async def test_growth_keeps_a_call_free_for_the_final_text() -> None:
    pacer = Pacer(every_s=0.001, at_most_s=0.001, calls=5, window_s=5.0)
    voice = ScriptedVoice()

    async with live(voice, pacer=pacer) as reply:
        for length in range(1, 100):
            reply.show("x" * length)
            await asyncio.sleep(0.002)
        assert len(voice.did("say", "edit")) == 4
        await reply.finish("the end")

    acts = voice.did("say", "edit")
    assert len(acts) == 5
    assert acts[-1].at - acts[0].at < 5


async def test_the_final_text_does_not_wait_for_the_pace() -> None:
    voice = ScriptedVoice()

    async with live(voice, pacer=Pacer(every_s=60, at_most_s=60)) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        reply.show("Ahoy, y")
        started = time.monotonic()
        await reply.finish("Ahoy, you!")

    assert time.monotonic() - started < 5
    assert texts(voice) == ["Ahoy, you!"]


async def test_a_long_text_goes_on_in_further_messages() -> None:
    voice, outbox = ScriptedVoice(), Notebook()

    async with live(voice, part_limit=10, outbox=outbox) as reply:
        reply.show("a" * 8)
        await until(lambda: len(voice.messages) == 1)
        reply.show("a" * 10 + "b" * 3)
        await until(lambda: len(voice.messages) == 2)
        assert labels(voice) == [[], ["Stop"]]
        messages = await reply.finish("a" * 10 + "b" * 10 + "c", [AGAIN])

    assert texts(voice) == ["a" * 10, "b" * 10, "c"]
    assert labels(voice) == [[], [], ["Again"]]
    assert list(messages) == outbox.posted_in == list(voice.messages)


async def test_parts_that_are_full_are_not_edited_again() -> None:
    voice = ScriptedVoice()

    async with live(voice, part_limit=10) as reply:
        reply.show("a" * 10 + "b")
        await until(lambda: len(voice.messages) == 2)
        edits = len(voice.did("edit"))  # the first has lost its button
        reply.show("a" * 10 + "bb")
        await until(lambda: texts(voice)[1] == "bb")
        await reply.finish("a" * 10 + "bbb")

    assert {act.message for act in voice.did("edit")[edits:]} == {list(voice.messages)[1]}


async def _posted_before(voice: ScriptedVoice, count: int) -> tuple[MessageId, ...]:
    return tuple(
        [
            await voice.say(HARBOUR, MARA, f"old {part}", [stop(mark_of(REPLY, part))])
            for part in range(count)
        ]
    )


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_after_a_crash_the_messages_that_are_there_are_used_again(count: int) -> None:
    voice = ScriptedVoice()
    already = await _posted_before(voice, count)

    async with live(voice, part_limit=10, already=already) as reply:
        assert reply.shown
        reply.show("a" * 5)
        await until(lambda: texts(voice)[0] == "a" * 5)
        messages = await reply.finish("a" * 10 + "b", [AGAIN])

    assert texts(voice) == ["a" * 10, "b"]
    assert labels(voice) == [[], ["Again"]]
    assert messages[0] == already[0]
    assert len(voice.did("say")) == max(count, 2)


async def test_a_post_from_before_a_crash_that_nobody_noted_is_found_and_used() -> None:
    voice, outbox = ScriptedVoice(), Notebook()
    mark = mark_of(REPLY, 0)
    [there] = await _posted_before(voice, 1)

    async with live(voice, posting=mark, outbox=outbox) as reply:
        await until(lambda: reply.shown)
        reply.show("Ahoy")
        await until(lambda: texts(voice) == ["Ahoy"])
        messages = await reply.finish("Ahoy!")

    assert texts(voice) == ["Ahoy!"]
    assert messages == (there,)
    assert outbox.posted_in == [there]
    assert outbox.intended == []


async def test_a_post_from_before_a_crash_that_never_arrived_is_made() -> None:
    voice, outbox = ScriptedVoice(), Notebook()

    async with live(voice, posting=mark_of(REPLY, 0), outbox=outbox) as reply:
        await reply.finish("Ahoy!")

    assert texts(voice) == ["Ahoy!"]
    assert outbox.intended == [mark_of(REPLY, 0)]
    assert len(voice.did("find")) == 2


async def test_a_second_message_from_before_a_crash_stands_behind_the_first() -> None:
    voice = ScriptedVoice()
    first, second = await _posted_before(voice, 2)

    async with live(voice, part_limit=10, already=(first,), posting=mark_of(REPLY, 1)) as reply:
        messages = await reply.finish("a" * 10 + "b" * 10 + "c")

    assert texts(voice) == ["a" * 10, "b" * 10, "c"]
    assert messages[:2] == (first, second)


async def test_what_may_have_been_posted_before_a_crash_is_discarded_with_the_rest() -> None:
    voice = ScriptedVoice()
    first, _ = await _posted_before(voice, 2)

    async with live(voice, already=(first,), posting=mark_of(REPLY, 1)) as reply:
        await reply.discard()

    assert texts(voice) == []


async def test_nothing_is_posted_while_a_post_from_before_a_crash_cannot_be_looked_for() -> None:
    voice = ScriptedVoice()
    await _posted_before(voice, 1)
    voice.outcomes["find"].extend([PostError("limited")] * 3)

    async with live(voice, posting=mark_of(REPLY, 0)) as reply:
        await reply.finish("Ahoy!")

    assert texts(voice) == ["Ahoy!"]
    assert len(voice.did("say")) == 1


async def test_where_nobody_may_look_a_post_from_before_a_crash_stays_in_doubt() -> None:
    voice = ScriptedVoice()
    voice.outcomes["find"].extend([NotAllowedHere("no right")] * 9)

    with pytest.raises(PostAmbiguous):
        async with live(voice, posting=mark_of(REPLY, 0)) as reply:
            await reply.finish("Ahoy!")

    assert voice.did("say") == []


async def test_who_sees_the_channel_and_asks_again_settles_the_doubt() -> None:
    voice = ScriptedVoice()
    voice.outcomes["find"].extend([NotAllowedHere("no right")] * 9)

    async with live(voice, posting=mark_of(REPLY, 0), settles_doubt=True) as reply:
        await reply.finish("Ahoy!")

    assert texts(voice) == ["Ahoy!"]


async def test_a_message_loses_its_mark_only_after_the_next_one_is_intended() -> None:
    class Watching(ScriptedVoice):
        async def edit(
            self,
            place: Place,
            message: MessageId,
            speaker: Speaker,
            text: str,
            buttons: Sequence[Button] = (),
        ) -> int:
            if not buttons:
                assert mark_of(REPLY, 1) in outbox.intended
            return await super().edit(place, message, speaker, text, buttons)

    voice, outbox = Watching(), Notebook()

    async with live(voice, part_limit=10, outbox=outbox) as reply:
        reply.show("Ahoy, you")
        await until(lambda: bool(texts(voice)))
        reply.show("Ahoy, you there!")
        await until(lambda: len(texts(voice)) == 2)
        await reply.finish("Ahoy, you there!")

    assert outbox.intended == [mark_of(REPLY, 0), mark_of(REPLY, 1)]
