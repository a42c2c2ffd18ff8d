import asyncio
import time

import pytest

from bot.core.errors import (
    MessageGone,
    NotAllowedHere,
    PlaceClosed,
    PlaceGone,
    PostAmbiguous,
    PostError,
    PostRefused,
    StoreRefusesWrites,
    StoreUnavailable,
    TextRefused,
)
from bot.core.pacing import Pacer
from bot.core.scene import MessageId
from tests.fakes.scripted_voice import ScriptedVoice
from tests.services.growing import (
    Notebook,
    labels,
    live,
    texts,
    until,
)


async def test_discarding_removes_everything_that_was_posted() -> None:
    voice = ScriptedVoice()

    async with live(voice, part_limit=10) as reply:
        reply.show("a" * 25)
        await until(lambda: len(voice.messages) == 3)
        await reply.discard()
        assert not reply.shown
        reply.show("a" * 30)
        await asyncio.sleep(0)

    assert texts(voice) == []


async def test_what_cannot_be_discarded_is_told_after_trying_the_rest() -> None:
    voice = ScriptedVoice()

    with pytest.raises(PostRefused):
        async with live(voice, part_limit=10) as reply:
            reply.show("a" * 25)
            await until(lambda: len(voice.messages) == 3)
            voice.outcomes["delete"].append(PostRefused("no"))
            await reply.discard()

    assert len(texts(voice)) == 1


async def test_a_doubtful_post_that_arrived_is_taken_over() -> None:
    voice = ScriptedVoice()
    voice.stores_first = True
    voice.outcomes["say"].append(PostAmbiguous("502"))

    async with live(voice) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        messages = await reply.finish("Ahoy, you!")

    assert texts(voice) == ["Ahoy, you!"]
    assert messages == tuple(voice.messages)
    assert len(voice.did("say")) == 1


async def test_a_doubtful_post_that_did_not_arrive_is_made_again() -> None:
    voice = ScriptedVoice()
    voice.outcomes["say"].append(PostAmbiguous("502"))

    async with live(voice) as reply:
        await reply.finish("Ahoy!")

    assert texts(voice) == ["Ahoy!"]


async def test_a_post_that_stays_doubtful_is_told_at_the_end() -> None:
    voice = ScriptedVoice()
    voice.outcomes["say"].extend([PostAmbiguous("502")] * 9)

    with pytest.raises(PostAmbiguous):
        async with live(voice) as reply:
            reply.show("Ahoy")
            await until(lambda: len(voice.did("say")) == 2)
            for length in range(50):
                reply.show("Ahoy" + "!" * length)
                await asyncio.sleep(0.002)
            await reply.finish("Ahoy, you!")

    assert len(voice.did("say")) == 2


async def test_a_final_post_without_answer_in_time_is_in_doubt() -> None:
    voice = ScriptedVoice(latency_s=60)

    with pytest.raises(PostAmbiguous):
        async with live(voice, last_edit_s=0.05) as reply:
            await reply.finish("Ahoy!")


@pytest.mark.parametrize("error", [PostAmbiguous("502"), PostError("limited")])
async def test_an_edit_that_failed_is_made_again(error: PostError) -> None:
    voice = ScriptedVoice()

    async with live(voice) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        voice.outcomes["edit"].extend([error, error])
        reply.show("Ahoy, you")
        await until(lambda: texts(voice) == ["Ahoy, you"])
        voice.outcomes["edit"].extend([error, error, error])
        await reply.finish("Ahoy, you!")

    assert texts(voice) == ["Ahoy, you!"]


async def test_a_post_that_certainly_did_not_happen_is_made_again() -> None:
    voice = ScriptedVoice()
    voice.outcomes["say"].extend([PostError("limited"), PostError("limited")])

    async with live(voice) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        await reply.finish("Ahoy!")

    assert texts(voice) == ["Ahoy!"]


async def test_a_final_text_that_never_gets_through_is_told_in_time() -> None:
    voice = ScriptedVoice()
    voice.outcomes["say"].extend([PostError("limited")] * 1000)
    started = time.monotonic()

    with pytest.raises(PostError):
        async with live(voice, last_edit_s=0.1) as reply:
            await reply.finish("Ahoy!")

    assert time.monotonic() - started < 1


async def test_a_reply_that_cannot_be_changed_any_more_goes_on_in_a_new_message() -> None:
    voice, removed = ScriptedVoice(), list[MessageId]()

    async with live(voice, on_removing=removed.append) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        [lost] = voice.messages
        voice.outcomes["edit"].append(PostRefused("the webhook is gone"))
        shown = await reply.finish("Ahoy, you!")

    assert [message.text for message in voice.messages.values()] == ["Ahoy, you!"]
    assert shown == tuple(voice.messages)
    assert len(voice.did("say")) == 2
    assert removed == [lost]


async def test_a_second_refusal_stops_growth_and_is_told_at_the_end() -> None:
    voice = ScriptedVoice()

    with pytest.raises(PostRefused):
        async with live(voice) as reply:
            reply.show("Ahoy")
            await until(lambda: reply.shown)
            voice.outcomes["edit"].extend([PostRefused("no right")] * 100)
            for length in range(100):
                reply.show("Ahoy" + "!" * length)
                await asyncio.sleep(0.002)
            await reply.finish("Ahoy, you!")

    assert len(voice.did("edit")) == 2


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreRefusesWrites("full")])
async def test_a_store_that_fails_does_not_end_the_reply(error: Exception) -> None:
    voice, outbox = ScriptedVoice(), Notebook()
    outbox.errors.extend([error] * 9)

    async with live(voice, outbox=outbox) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        messages = await reply.finish("Ahoy!")

    assert messages == tuple(voice.messages)


async def test_a_message_that_could_not_be_noted_is_noted_before_its_mark_goes() -> None:
    voice, outbox = ScriptedVoice(), Notebook()
    outbox.errors.extend([None, StoreUnavailable("away")])

    async with live(voice, outbox=outbox) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        await reply.finish("Ahoy!")

    assert outbox.posted_in == list(voice.messages)


async def test_nothing_is_posted_once_the_reply_is_another_processs() -> None:
    voice, outbox = ScriptedVoice(), Notebook()

    with pytest.raises(PostError):
        async with live(voice, outbox=outbox, is_ours=lambda: not outbox.intended) as reply:
            await reply.finish("Ahoy!")

    assert texts(voice) == []


@pytest.mark.parametrize("act", ["edit", "discard"])
async def test_nothing_is_touched_once_the_reply_is_another_processs(act: str) -> None:
    voice, lost = ScriptedVoice(), asyncio.Event()
    async with live(voice, is_ours=lambda: not lost.is_set(), last_edit_s=0.1) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)

        lost.set()
        with pytest.raises(PostError):
            await (reply.finish("Ahoy!") if act == "edit" else reply.discard())

    assert texts(voice) == ["Ahoy"]


@pytest.mark.parametrize(
    "refusal",
    [MessageGone("10008"), PlaceGone("10003"), PlaceClosed("50083"), NotAllowedHere("50013")],
)
async def test_where_a_new_message_would_not_help_nothing_more_is_tried(
    refusal: PostRefused,
) -> None:
    voice, refused = ScriptedVoice(), list[PostRefused]()

    with pytest.raises(type(refusal)):
        async with live(voice, on_refused=refused.append) as reply:
            reply.show("Ahoy")
            await until(lambda: reply.shown)
            voice.outcomes["edit"].append(refusal)
            reply.show("Ahoy, you")
            await until(lambda: bool(refused))
            reply.show("Ahoy, you!")
            await reply.finish("Ahoy, you!")

    assert refused == [refusal]
    assert len(voice.did("say", "edit", "delete")) == 2


@pytest.mark.parametrize("ticks", range(30))
async def test_whenever_it_is_cancelled_what_is_there_stays_readable(ticks: int) -> None:
    voice = ScriptedVoice()
    pacer = Pacer(every_s=0.0, at_most_s=0.0, calls=99)

    async def write() -> None:
        async with live(voice, pacer=pacer, part_limit=10) as reply:
            reply.show("a" * 5)
            for _ in range(4):
                await asyncio.sleep(0)
            reply.show("a" * 10 + "b")
            for _ in range(8):
                await asyncio.sleep(0)
            await reply.finish("a" * 10 + "bcd")

    writing = asyncio.create_task(write())
    for _ in range(ticks):
        await asyncio.sleep(0)
    done_before = writing.done()
    writing.cancel()
    await asyncio.wait([writing], timeout=1)

    assert writing.done()
    assert writing.cancelled() or done_before
    assert "".join(texts(voice)) in {"", "a" * 5, "a" * 10, "a" * 10 + "b", "a" * 10 + "bcd"}
    assert ["Stop"] not in labels(voice)
    assert pacer._channels == {}
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert len(voice.did("say")) == len(voice.messages)


async def test_a_shutdown_does_not_wait_for_discord_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.services.live_reply.LAST_WORDS_S", 0.05)
    voice = ScriptedVoice()

    async def write() -> None:
        async with live(voice) as reply:
            reply.show("Ahoy")
            await until(lambda: reply.shown)
            voice.latency_s = 60
            reply.show("Ahoy, you")
            await asyncio.sleep(60)

    writing = asyncio.create_task(write())
    await until(lambda: bool(voice.messages))
    writing.cancel()
    await asyncio.wait([writing], timeout=1)

    assert writing.cancelled()


async def test_an_error_of_the_block_comes_out_as_it_is() -> None:
    voice = ScriptedVoice()

    with pytest.raises(ZeroDivisionError):
        async with live(voice) as reply:
            reply.show("Ahoy")
            await until(lambda: reply.shown)
            raise ZeroDivisionError

    assert texts(voice) == ["Ahoy"]
    assert labels(voice) == [[]]


async def test_text_is_on_its_way_within_milliseconds() -> None:
    delays: list[float] = []

    for _ in range(100):
        voice = ScriptedVoice()
        async with live(voice) as reply:
            await asyncio.sleep(0.001)
            shown_at = time.monotonic()
            reply.show("Ahoy")
            await until(lambda reply=reply: reply.shown)  # type: ignore[misc]  # bound for the loop
            delays.append(voice.did("say")[0].at - shown_at)
            await reply.finish("Ahoy")

    delays.sort()
    assert delays[50] <= 0.030
    assert delays[98] <= 0.120


@pytest.mark.parametrize("is_ours", [True, False])
async def test_only_a_reply_that_is_still_ours_is_left_readable(*, is_ours: bool) -> None:
    voice, lost = ScriptedVoice(), asyncio.Event()

    with pytest.raises(RuntimeError):
        async with live(voice, is_ours=lambda: is_ours or not lost.is_set()) as reply:
            reply.show("Ahoy")
            await until(lambda: reply.shown)
            lost.set()
            reply.show("Ahoy, you!")
            raise RuntimeError

    assert texts(voice) == (["Ahoy, you!"] if is_ours else ["Ahoy"])
    assert labels(voice) == ([[]] if is_ours else [["Stop"]])


async def test_d10_words_that_are_refused_are_left_out_from_then_on() -> None:
    voice = ScriptedVoice()

    async with live(voice) as reply:
        voice.outcomes["say"].append(TextRefused("200000"))
        reply.show("See https://a.example")
        await until(lambda: reply.shown)
        await reply.finish("See https://a.example and https://b.example.")
        text = reply.text

    assert texts(voice) == ["See (a link) and (a link)"]
    assert text == "".join(reply.parts) == "See (a link) and (a link)"


@pytest.mark.parametrize("text", ["Ahoy!", "See https://a.example"])
async def test_d10_words_that_are_refused_again_are_not_tried_a_third_time(text: str) -> None:
    voice, refused = ScriptedVoice(), list[PostRefused]()
    voice.outcomes["say"].extend([TextRefused("200000")] * 9)

    with pytest.raises(TextRefused):
        async with live(voice, on_refused=refused.append) as reply:
            reply.show(text)
            await until(lambda: bool(refused))
            await reply.finish(text)

    assert len(voice.did("say")) == (1 if text == "Ahoy!" else 2)
