"""Scenes in threads of their own."""

from collections.abc import AsyncIterator

import pytest

from bot.core.errors import NotAllowedHere, PostAmbiguous, PostRefused, UserError
from bot.core.ports import ThreadHome
from bot.core.scene import ChannelId, GuildId, MessageId, Place, TurnId
from bot.services.branches import Asked
from tests.services.shelving import Shelving, shelving
from tests.services.stage import HARBOUR, MARA, TOM

HOME = ThreadHome(HARBOUR.channel, GuildId(1))


@pytest.fixture
async def desk() -> AsyncIterator[Shelving]:
    async with shelving() as opened:
        await opened.scenes.start(opened.opening())
        yield opened


def asked(desk: Shelving, home: ThreadHome | None = HOME) -> Asked:
    again = desk.opening()
    return Asked(again.event, TOM, "Tom", home, again.at_ms)


async def branched(desk: Shelving, turn: TurnId | None = None) -> Place:
    place = await desk.branches.branch(HARBOUR.channel, turn, asked(desk))
    await desk.stage.quiet(place)
    return place


async def test_a_branch_shows_where_it_comes_from_and_its_last_turn(desk: Shelving) -> None:
    await desk.tell("One.", "First.")
    second = await desk.tell("Two.", "Second.")
    await desk.tell("Three.", "Third.")

    place = await branched(desk, second.id)

    [opening, shown] = desk.stage.voice.on_screen(place.channel)
    assert f"/1/{HARBOUR.channel}/{second.messages[-1]}" in opening.text
    assert (shown.author, shown.text) == ("Mira", "Second.")
    assert "⋯" in shown.labels
    assert await desk.texts(place) == ["Hello.", "One.", "First.", "Two.", "Second."]
    assert (await desk.stage.last_turn(place)).messages == (shown.id,)
    head = await desk.store.head(place.channel)
    assert head is not None
    assert head.owner == TOM
    assert desk.threads.started[place.channel].members == [TOM]


async def test_the_story_that_is_branched_stays_as_it_is(desk: Shelving) -> None:
    first = await desk.tell("One.", "First.")
    await desk.tell("Two.", "Second.")
    before, screen = await desk.store.read(HARBOUR.channel), desk.stage.screen()

    await branched(desk, first.id)

    assert await desk.store.read(HARBOUR.channel) == before
    assert desk.stage.screen() == screen


async def test_a_branch_at_a_line_has_it_answered_there(desk: Shelving) -> None:
    await desk.tell("One.", "First.")
    scene = await desk.store.read(HARBOUR.channel)
    assert scene is not None
    desk.stage.tgi.reply = lambda _: " Another."

    place = await branched(desk, scene.turns[1].id)
    await desk.stage.until(lambda: "Another." in desk.stage.screen(place))
    await desk.stage.quiet(place)

    assert await desk.texts(place) == ["Hello.", "One.", "Another."]
    assert "> **Mara**: One." in desk.stage.screen(place)[0]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PostAmbiguous("502"), "did not say whether"),
        (NotAllowedHere("50013"), "Create Public Threads"),
        (PostRefused("160006"), "starts no thread there"),
    ],
)
async def test_where_no_thread_can_be_started_nothing_begins(
    desk: Shelving, error: Exception, words: str
) -> None:
    await desk.tell("One.", "First.")
    desk.threads.outcomes.append(error)

    with pytest.raises(UserError, match=words):
        await desk.branches.branch(HARBOUR.channel, None, asked(desk))

    assert desk.threads.started == {}
    assert await desk.store.live_channels() == [HARBOUR.channel]


async def test_where_there_are_no_threads_another_way_is_named(desk: Shelving) -> None:
    await desk.tell("One.", "First.")

    with pytest.raises(UserError, match="/roleplay save"):
        await desk.branches.branch(HARBOUR.channel, None, asked(desk, None))


async def test_no_thread_is_started_for_what_is_not_remembered(desk: Shelving) -> None:
    with pytest.raises(UserError, match="no part of the story"):
        await desk.branches.branch(HARBOUR.channel, TurnId("7"), asked(desk))
    with pytest.raises(UserError, match="no scene"):
        await desk.branches.branch(ChannelId(9), None, asked(desk))

    assert desk.threads.started == {}


async def test_a_scene_starts_in_a_thread_of_its_own(desk: Shelving) -> None:
    place = await desk.branches.start(desk.opening(), Asked(MessageId(5), MARA, "Mara", HOME, 5))

    assert place.parent == HARBOUR.channel
    assert desk.stage.screen(place)[1:] == ["Hello."]
    assert await desk.texts(place) == ["Hello."]
