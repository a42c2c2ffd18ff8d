"""What every `Voice` keeps to, so that tests against the scripted one mean something."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, DiscordVoice, WebhookDirectory
from bot.core.characters import Character
from bot.core.errors import PostRefused
from bot.core.ports import Button, Speaker, Voice
from bot.core.scene import ChannelId, GuildId, MessageId, Place
from tests.fakes.scripted_discord import scripted_discord
from tests.fakes.scripted_voice import ScriptedVoice

HARBOUR = Place(ChannelId(7), GuildId(1), ChannelId(7))
PIER = Place(ChannelId(71), GuildId(1), ChannelId(7))
MARA = Speaker("Mara")
STOP = Button("Stop", "stop")

Screen = Callable[[Place], list[tuple[int, str, str, list[str]]]]


class NoFaces:
    async def url(self, character: Character) -> str | None:
        _ = character
        return None


@dataclass
class Stage:
    """A voice, and what members see of it: id, name, text, buttons."""

    voice: Voice
    screen: Screen


@pytest.fixture(params=["scripted", "discord"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    if request.param == "scripted":
        voice = ScriptedVoice()
        yield Stage(
            voice,
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
        with pytest.raises(PostRefused):
            await stage.voice.edit(HARBOUR, gone, MARA, "Ahoy, you!")


async def test_a_notice_stands_under_no_characters_name(stage: Stage) -> None:
    message = await stage.voice.notice(HARBOUR, "The model is away.", [STOP])

    assert stage.screen(HARBOUR) == [(message, "", "The model is away.", ["Stop"])]


async def test_typing_and_reactions_put_no_message_on_the_screen(stage: Stage) -> None:
    await stage.voice.typing(HARBOUR)
    await stage.voice.react(HARBOUR, MessageId(5), "⏳")

    assert stage.screen(HARBOUR) == []
