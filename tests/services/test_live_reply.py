import asyncio
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from bot.core.errors import (
    PostAmbiguous,
    PostError,
    PostRefused,
    StoreUnavailable,
)
from bot.core.pacing import Pacer
from bot.core.ports import Button, Speaker
from bot.core.scene import ChannelId, GuildId, MessageId, Place
from bot.services.live_reply import LiveReply, Noted
from tests.fakes.scripted_voice import ScriptedVoice

HARBOUR = Place(ChannelId(7), GuildId(1), ChannelId(7))
MARA = Speaker("Mara")
STOP = Button("Stop", "stop")
AGAIN = Button("Again", "again")
EVERY_S = 0.05


def cut(text: str, limit: int) -> list[str]:
    return [text[start : start + limit] for start in range(0, len(text), limit)]


async def forget(message: MessageId) -> None:
    _ = message


def live(
    voice: ScriptedVoice,
    *,
    pacer: Pacer | None = None,
    already: tuple[MessageId, ...] = (),
    on_posted: Noted = forget,
    on_removing: Callable[[MessageId], None] = lambda _: None,
    part_limit: int = 1_900,
    last_edit_s: float = 2.0,
) -> LiveReply:
    return LiveReply(
        voice,
        HARBOUR,
        MARA,
        pacer=pacer or Pacer(every_s=EVERY_S, at_most_s=2 * EVERY_S, calls=99),
        split=cut,
        on_posted=on_posted,
        on_removing=on_removing,
        buttons_while_writing=[STOP],
        buttons_at_end=[AGAIN],
        already=already,
        part_limit=part_limit,
        last_edit_s=last_edit_s,
        retry_s=0.01,
        chance=lambda: 0.5,
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not condition():  # any condition, so no event to wait for
            await asyncio.sleep(0.001)


def texts(voice: ScriptedVoice) -> list[str]:
    return [each.text for each in voice.on_screen(HARBOUR.channel)]


def labels(voice: ScriptedVoice) -> list[list[str]]:
    return [each.labels for each in voice.on_screen(HARBOUR.channel)]


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
        messages = await reply.finish("Ahoy, you!")

    assert texts(voice) == ["Ahoy, you!"]
    assert labels(voice) == [["Again"]]
    assert messages == tuple(voice.messages)


async def test_a_reply_that_never_grew_is_posted_whole() -> None:
    voice = ScriptedVoice()

    async with live(voice) as reply:
        await reply.finish("Ahoy!")

    assert [act.verb for act in voice.did("say", "edit")] == ["say"]
    assert labels(voice) == [["Again"]]


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
    voice = ScriptedVoice()
    noted: list[MessageId] = []

    async def note(message: MessageId) -> None:
        noted.append(message)

    async with live(voice, part_limit=10, on_posted=note) as reply:
        reply.show("a" * 8)
        await until(lambda: len(voice.messages) == 1)
        reply.show("a" * 10 + "b" * 3)
        await until(lambda: len(voice.messages) == 2)
        assert labels(voice) == [[], ["Stop"]]
        messages = await reply.finish("a" * 10 + "b" * 10 + "c")

    assert texts(voice) == ["a" * 10, "b" * 10, "c"]
    assert labels(voice) == [[], [], ["Again"]]
    assert list(messages) == noted == list(voice.messages)


async def test_parts_that_are_full_are_not_edited_again() -> None:
    voice = ScriptedVoice()

    async with live(voice, part_limit=10) as reply:
        reply.show("a" * 10 + "b")
        await until(lambda: len(voice.messages) == 2)
        reply.show("a" * 10 + "bb")
        await until(lambda: texts(voice)[1] == "bb")
        await reply.finish("a" * 10 + "bbb")

    assert {act.message for act in voice.did("edit")} == {list(voice.messages)[1]}


async def _posted_before(voice: ScriptedVoice, count: int) -> tuple[MessageId, ...]:
    return tuple([await voice.say(HARBOUR, MARA, f"old {n}", [STOP]) for n in range(count)])


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_after_a_crash_the_messages_that_are_there_are_used_again(count: int) -> None:
    voice = ScriptedVoice()
    already = await _posted_before(voice, count)

    async with live(voice, part_limit=10, already=already) as reply:
        assert reply.shown
        reply.show("a" * 5)
        await until(lambda: texts(voice)[0] == "a" * 5)
        messages = await reply.finish("a" * 10 + "b")

    assert texts(voice) == ["a" * 10, "b"]
    assert labels(voice) == [[], ["Again"]]
    assert messages[0] == already[0]
    assert len(voice.did("say")) == max(count, 2)


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


async def test_a_doubtful_post_is_not_repeated_and_told_at_the_end() -> None:
    voice = ScriptedVoice()
    voice.stores_first = True
    voice.outcomes["say"].append(PostAmbiguous("502"))

    with pytest.raises(PostAmbiguous):
        async with live(voice) as reply:
            reply.show("Ahoy")
            await until(lambda: len(voice.messages) == 1)
            for length in range(50):
                reply.show("Ahoy" + "!" * length)
                await asyncio.sleep(0.002)
            await reply.finish("Ahoy, you!")

    assert len(voice.did("say", "edit")) == 1


async def test_a_final_post_in_doubt_is_not_repeated() -> None:
    voice = ScriptedVoice()
    voice.outcomes["say"].append(PostAmbiguous("502"))

    with pytest.raises(PostAmbiguous):
        async with live(voice) as reply:
            await reply.finish("Ahoy!")

    assert len(voice.did("say")) == 1


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


async def test_a_store_that_cannot_note_a_message_does_not_end_the_reply() -> None:
    voice = ScriptedVoice()

    async def fail(message: MessageId) -> None:
        raise StoreUnavailable(str(message))

    async with live(voice, on_posted=fail) as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        messages = await reply.finish("Ahoy!")

    assert messages == tuple(voice.messages)


async def test_typing_is_shown_until_there_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.live_reply.TYPING_EVERY_S", 0.02)
    voice = ScriptedVoice()
    voice.outcomes["typing"].append(PostRefused("no"))

    async with live(voice) as reply:
        await until(lambda: len(voice.did("typing")) == 3)
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        shown = len(voice.did("typing"))
        await asyncio.sleep(0.1)
        await reply.finish("Ahoy!")

    assert voice.acts[0].verb == "typing"
    assert len(voice.did("typing")) == shown


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
