"""Posting once, whatever becomes of the answer."""

import pytest

from bot.core.errors import NotAllowedHere, PostAmbiguous, PostError, PostRefused
from bot.core.scene import MessageId, mark_of
from bot.services.echoes import Echoes
from bot.services.posting import POSTS, Poster, post_button
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice, Shown
from tests.services.growing import HARBOUR, MARA, REPLY, TRIGGER, texts
from tests.services.stage import CountingMetrics

MARK = mark_of(REPLY, 0)
DOUBT = PostAmbiguous("502")


class Desk:
    """A poster on a scripted voice, whose echoes are heard if that is wanted."""

    def __init__(self, *, hears: bool = False) -> None:
        self.metrics = CountingMetrics()
        self.voice = ScriptedVoice()
        self.echoes = Echoes(store=MemorySceneStore(), voice=self.voice, metrics=self.metrics)
        self.poster = Poster(self.voice, self.echoes, echo_s=0.01)
        if hears:
            self.voice.on_say = self.hear

    async def hear(self, shown: Shown) -> None:
        await self.echoes.heard(HARBOUR.channel, shown.id, shown.custom_ids)

    async def post(self, text: str = "Ahoy!") -> MessageId:
        button = post_button(MARK)
        return await self.poster.post(HARBOUR, MARA, text, [button], mark=MARK, after=TRIGGER)

    def did(self) -> list[str]:
        return [act.verb for act in self.voice.acts]


@pytest.mark.parametrize("hears", [True, False])
async def test_a_post_that_is_answered_is_looked_for_nowhere(*, hears: bool) -> None:
    desk = Desk(hears=hears)

    message = await desk.post()

    assert [message] == list(desk.voice.messages)
    assert desk.did() == ["say"]


@pytest.mark.parametrize("hears", [True, False])
async def test_a_post_that_was_stored_and_lost_is_found(*, hears: bool) -> None:
    desk = Desk(hears=hears)
    desk.voice.stores_first = True
    desk.voice.outcomes["say"].append(DOUBT)

    message = await desk.post()

    assert [message] == list(desk.voice.messages)
    assert desk.did() == (["say"] if hears else ["say", "find"])


async def test_a_post_that_was_lost_unstored_is_made_again_after_two_looks() -> None:
    desk = Desk()
    desk.voice.outcomes["say"].append(DOUBT)

    message = await desk.post()

    assert [message] == list(desk.voice.messages)
    assert desk.did() == ["say", "find", "find", "say"]


async def test_what_was_posted_twice_and_found_nowhere_stays_in_doubt() -> None:
    desk = Desk()
    desk.voice.outcomes["say"].extend([DOUBT, DOUBT])

    with pytest.raises(PostAmbiguous):
        await desk.post()

    assert desk.did() == ["say", "find", "find"] * 2


async def test_a_post_that_shows_late_is_found_by_the_second_look() -> None:
    desk = Desk()
    desk.voice.stores_first = True
    desk.voice.outcomes["say"].append(DOUBT)
    desk.voice.outcomes["find"].append(PostError("limited"))

    await desk.post()

    assert len(desk.voice.messages) == 1
    assert desk.did() == ["say", "find", "find"]


@pytest.mark.parametrize("error", [NotAllowedHere("no right"), PostError("limited")])
async def test_what_cannot_be_looked_for_is_not_posted_again(error: PostError) -> None:
    desk = Desk()
    desk.voice.outcomes["say"].append(DOUBT)
    desk.voice.outcomes["find"].extend([error, error])

    with pytest.raises(PostAmbiguous):
        await desk.post()

    assert desk.did() == ["say", "find", "find"]


async def test_where_nobody_may_look_an_echo_is_enough() -> None:
    desk = Desk(hears=True)
    desk.voice.stores_first = True
    desk.voice.outcomes["say"].append(DOUBT)
    desk.voice.outcomes["find"].append(NotAllowedHere("no right"))

    message = await desk.post()

    assert [message] == list(desk.voice.messages)


async def test_a_no_is_a_no() -> None:
    desk = Desk()
    desk.voice.outcomes["say"].append(PostRefused("no right"))

    with pytest.raises(PostRefused):
        await desk.post()

    assert desk.did() == ["say"]


@pytest.mark.parametrize("hears", [True, False])
async def test_a_message_that_was_taken_back_is_not_taken_for_a_new_one(*, hears: bool) -> None:
    desk = Desk(hears=hears)
    first = await desk.post("one")
    await desk.voice.delete(HARBOUR, first)
    desk.voice.outcomes["say"].append(DOUBT)

    second = await desk.post("two")

    assert texts(desk.voice) == ["two"]
    assert second != first
    assert desk.metrics.foreign_posts == 0


async def test_what_is_older_than_the_line_it_answers_is_not_it() -> None:
    desk = Desk()
    older = await desk.voice.say(HARBOUR, MARA, "old", [post_button(MARK)])

    found = await desk.poster.arrived(HARBOUR, MARK, after=older)

    assert found is None


async def test_the_echo_of_a_post_from_before_a_crash_spares_looking() -> None:
    desk = Desk()
    await desk.echoes.heard(HARBOUR.channel, MessageId(2_000), [f"stop:7:{MARK}"])

    found = await desk.poster.arrived(HARBOUR, MARK, after=TRIGGER)

    assert found == 2_000
    assert desk.did() == []


async def test_a_post_that_is_stored_only_after_it_was_made_again_is_taken_away() -> None:
    desk = Desk(hears=True)
    desk.voice.outcomes["say"].append(DOUBT)

    message = await desk.post()
    late = await desk.voice.say(HARBOUR, MARA, "Ahoy!", [post_button(MARK)])

    assert late != message
    assert [message] == list(desk.voice.messages)


async def test_a_post_is_made_again_only_if_that_is_ours_to_do() -> None:
    desk = Desk()
    desk.voice.outcomes["say"].append(DOUBT)
    asked = 0

    async def confirm() -> None:
        nonlocal asked
        asked += 1
        if asked == POSTS:
            raise PostError("another process does")

    with pytest.raises(PostError, match="another"):
        await desk.poster.post(
            HARBOUR, MARA, "Ahoy!", [], mark=MARK, after=TRIGGER, confirm=confirm
        )

    assert desk.did() == ["say", "find", "find"]
