"""What every `Voice` keeps to, so that tests against the scripted one mean something."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, DiscordVoice, WebhookDirectory
from bot.core.characters import Character
from bot.core.errors import MessageGone
from bot.core.phrases import Words
from bot.core.ports import Button, ShownPost, Speaker, Voice
from bot.core.scene import (
    ChannelId,
    GuildId,
    MessageId,
    Place,
    mark_of,
    player_turn_id,
    reply_turn_id,
)
from bot.services.worded_voice import WordedVoice
from tests.fakes.scripted_discord import scripted_discord
from tests.fakes.scripted_voice import ScriptedVoice

HARBOUR = Place(ChannelId(7), GuildId(1), ChannelId(7))
PIER = Place(ChannelId(71), GuildId(1), ChannelId(7))
MARA = Speaker("Mara")
LETTERS = Place(ChannelId(9), None, None)  # direct messages
STOP = Button("Stop", "stop")
REPLY = reply_turn_id(player_turn_id(MessageId(1)))
ONE, TWO = mark_of(REPLY, 0), mark_of(REPLY, 1)

Screen = Callable[[Place], list[tuple[int, str, str, list[str]]]]


def in_german(_: Place) -> Words:
    return {"Sit.": "Sitz."}


def marked(mark: str) -> Button:
    return Button("Stop", f"stop:7:{mark}", danger=True)


class NoFaces:
    async def url(self, character: Character) -> str | None:
        _ = character
        return None


@dataclass
class Stage:
    """A voice, and what members see of it: id, name, text, buttons."""

    voice: Voice
    screen: Screen


@pytest.fixture(params=["scripted", "worded", "discord"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    if request.param != "discord":
        voice = ScriptedVoice()
        yield Stage(
            voice if request.param == "scripted" else WordedVoice(voice, in_german),
            lambda place: [
                (each.id, each.author, each.text, each.labels)
                for each in voice.on_screen(place.channel)
            ],
        )
        return
    async with scripted_discord() as discord, aiohttp.ClientSession() as session:
        rest = DiscordRest(session, api_url=discord.url, token="t")
        yield Stage(
            DiscordVoice(rest, WebhookDirectory(rest), NoFaces()),
            lambda place: [
                (each.id, each.author, each.text, each.labels)
                for each in discord.on_screen(place.channel)
            ],
        )


@pytest.mark.parametrize("place", [HARBOUR, PIER])
async def test_what_is_said_stands_under_the_speakers_name(stage: Stage, place: Place) -> None:
    message = await stage.voice.say(place, MARA, "Ahoy!", [STOP])

    assert stage.screen(place) == [(message, "Mara", "Ahoy!", ["Stop"])]


@pytest.mark.parametrize("place", [HARBOUR, PIER])
async def test_an_edit_replaces_text_and_buttons(stage: Stage, place: Place) -> None:
    message = await stage.voice.say(place, MARA, "Ahoy", [STOP])

    await stage.voice.edit(place, message, MARA, "Ahoy!")

    assert stage.screen(place) == [(message, "Mara", "Ahoy!", [])]


@pytest.mark.parametrize("place", [HARBOUR, PIER, LETTERS])
async def test_buttons_are_replaced_and_the_text_stays(stage: Stage, place: Place) -> None:
    message = await stage.voice.say(place, MARA, "Ahoy", [STOP])
    (before,) = stage.screen(place)

    await stage.voice.put_buttons(place, message, [Button("Go", "go"), STOP])
    (other,) = stage.screen(place)
    await stage.voice.put_buttons(place, message)
    (none,) = stage.screen(place)

    assert (other[:3], other[3]) == (before[:3], ["Go", "Stop"])
    assert (none[:3], none[3]) == (before[:3], [])


async def test_what_is_gone_gets_no_buttons(stage: Stage) -> None:
    for gone in (await stage.voice.say(HARBOUR, MARA, "Ahoy"), MessageId(31337)):
        await stage.voice.delete(HARBOUR, gone)
        with pytest.raises(MessageGone):
            await stage.voice.put_buttons(HARBOUR, gone, [STOP])


async def test_messages_stand_in_the_order_in_which_they_were_said(stage: Stage) -> None:
    for text in ("one", "two", "three"):
        await stage.voice.say(HARBOUR, MARA, text)

    assert [text for _, _, text, _ in stage.screen(HARBOUR)] == ["one", "two", "three"]


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(stage: Stage) -> None:
    message = await stage.voice.say(HARBOUR, MARA, "Ahoy!")

    await stage.voice.delete(HARBOUR, message)
    await stage.voice.delete(HARBOUR, message)

    assert stage.screen(HARBOUR) == []


async def test_what_is_gone_cannot_be_edited(stage: Stage) -> None:
    message = await stage.voice.say(HARBOUR, MARA, "Ahoy!")
    await stage.voice.delete(HARBOUR, message)

    for gone in (message, MessageId(31337)):
        with pytest.raises(MessageGone):
            await stage.voice.edit(HARBOUR, gone, MARA, "Ahoy, you!")


async def test_a_notice_stands_under_no_characters_name(stage: Stage) -> None:
    message = await stage.voice.notice(HARBOUR, "The model is away.", [STOP])

    assert stage.screen(HARBOUR) == [(message, "", "The model is away.", ["Stop"])]


async def test_typing_and_reactions_put_no_message_on_the_screen(stage: Stage) -> None:
    await stage.voice.typing(HARBOUR)
    await stage.voice.react(HARBOUR, MessageId(5), "⏳")
    await stage.voice.unreact(HARBOUR, MessageId(5), "⏳")

    assert stage.screen(HARBOUR) == []


@pytest.mark.parametrize("place", [HARBOUR, PIER, LETTERS])
async def test_a_message_is_found_by_the_mark_in_its_buttons(stage: Stage, place: Place) -> None:
    before = await stage.voice.say(place, MARA, "one", [marked(ONE)], mark=ONE)
    message = await stage.voice.say(place, MARA, "two", [STOP, marked(TWO)], mark=TWO)
    await stage.voice.say(place, MARA, "three")

    assert await stage.voice.find(place, TWO, after=before) == message
    assert await stage.voice.find(place, ONE, after=MessageId(1)) == before


async def test_what_is_not_newer_elsewhere_deleted_or_unmarked_is_not_found(stage: Stage) -> None:
    older = await stage.voice.say(HARBOUR, MARA, "older", [marked(ONE)], mark=ONE)
    await stage.voice.say(PIER, MARA, "elsewhere", [marked(ONE)], mark=ONE)
    deleted = await stage.voice.say(HARBOUR, MARA, "deleted", [marked(ONE)], mark=ONE)
    await stage.voice.delete(HARBOUR, deleted)
    unmarked = await stage.voice.say(HARBOUR, MARA, "unmarked", [marked(ONE)], mark=ONE)
    await stage.voice.edit(HARBOUR, unmarked, MARA, "unmarked", [STOP])

    assert await stage.voice.find(HARBOUR, ONE, after=older) is None


async def test_in_an_empty_channel_nothing_is_found(stage: Stage) -> None:
    assert await stage.voice.find(HARBOUR, ONE, after=MessageId(1)) is None


@pytest.mark.parametrize("place", [HARBOUR, PIER, LETTERS])
async def test_in_a_channel_whose_messages_were_all_deleted_nothing_is_found(
    stage: Stage, place: Place
) -> None:
    for mark in (ONE, TWO):
        message = await stage.voice.say(place, MARA, "Ahoy!", [marked(mark)], mark=mark)
        await stage.voice.delete(place, message)

    assert await stage.voice.find(place, ONE, after=MessageId(1)) is None


async def test_an_edit_says_when_it_was_made(stage: Stage) -> None:
    message = await stage.voice.say(HARBOUR, MARA, "Ahoy")

    first = await stage.voice.edit(HARBOUR, message, MARA, "Ahoy!")
    second = await stage.voice.edit(HARBOUR, message, MARA, "Ahoy, you!")

    assert 1_600_000_000_000 < first <= second


@pytest.mark.parametrize("place", [HARBOUR, PIER, LETTERS])
async def test_what_a_message_shows_can_be_read(stage: Stage, place: Place) -> None:
    message = await stage.voice.say(place, MARA, "Ahoy", [STOP])
    await stage.voice.edit(place, message, MARA, "**Ahoy**, you!")

    assert await stage.voice.look(place, message) == ShownPost("**Ahoy**, you!")


@pytest.mark.parametrize("place", [HARBOUR, LETTERS])
async def test_the_mark_of_a_message_can_be_read(stage: Stage, place: Place) -> None:
    message = await stage.voice.say(place, MARA, "Ahoy", [marked(ONE)], mark=ONE)

    assert await stage.voice.look(place, message) == ShownPost("Ahoy", ONE)


@pytest.mark.parametrize("place", [HARBOUR, LETTERS])
async def test_what_is_gone_shows_nothing(stage: Stage, place: Place) -> None:
    message = await stage.voice.say(place, MARA, "Ahoy")
    await stage.voice.delete(place, message)

    assert await stage.voice.look(place, message) is None
    assert await stage.voice.look(place, MessageId(31337)) is None


async def test_what_was_deleted_can_be_posted_again_under_its_mark(stage: Stage) -> None:
    first = await stage.voice.say(LETTERS, MARA, "Ahoy!", [marked(ONE)], mark=ONE)
    await stage.voice.delete(LETTERS, first)

    second = await stage.voice.say(LETTERS, MARA, "Ahoy again!", [marked(ONE)], mark=ONE)

    assert [message for message, _, _, _ in stage.screen(LETTERS)] == [second]
