"""A voice at a scripted Discord."""

import aiohttp

from bot.adapters.discord_rest import DiscordRest, DiscordVoice, WebhookDirectory
from bot.core.characters import Character
from bot.core.ports import Button, Speaker
from bot.core.scene import (
    ChannelId,
    CharacterKey,
    GuildId,
    MessageId,
    Place,
    mark_of,
    player_turn_id,
    reply_turn_id,
)
from tests.fakes.scripted_discord import (
    ScriptedDiscord,
)

HARBOUR = Place(ChannelId(7), GuildId(1), ChannelId(7))


PIER = Place(ChannelId(71), GuildId(1), ChannelId(7))  # a thread of the harbour


LETTERS = Place(ChannelId(9), None, None)  # direct messages


MARA = Speaker("Mara", Character(CharacterKey("mara"), "Mara", "A sailor.", avatar=b"png"))


STOP = Button("Stop", "stop:1", emoji="⏹️", danger=True)


AGAIN = Button("Again", "again:1")


CREATE = "POST /channels/.*/webhooks"


EXECUTE = "POST /webhooks/"


EDIT = "PATCH /webhooks/"


PLAIN = "POST /channels/.*/messages"


TRIGGER = MessageId(1)


MARK = mark_of(reply_turn_id(player_turn_id(TRIGGER)), 0)


def marked(mark: str) -> Button:
    return Button("Stop", f"stop:7:{mark}", danger=True)


class OneFace:
    async def url(self, character: Character) -> str | None:
        return f"https://faces.invalid/{character.key}.png"


def voice_of(discord: ScriptedDiscord, session: aiohttp.ClientSession) -> DiscordVoice:
    """A voice that remembers nothing, as after a restart."""
    rest = DiscordRest(session, api_url=discord.url, token="t", chance=lambda: 0.0)
    return DiscordVoice(rest, WebhookDirectory(rest), OneFace())
