"""Our own way to Discord's REST API, for everything a character shows.

discord.py posts a webhook message again after a 5xx, and holds one lock per
webhook through every wait. Here a message is never created twice on a doubtful
answer, and limits are met before they are hit.
"""

from bot.adapters.discord_rest.client import DiscordRest
from bot.adapters.discord_rest.clock import DiscordClock
from bot.adapters.discord_rest.portraits import Portraits
from bot.adapters.discord_rest.reach import TokenReach
from bot.adapters.discord_rest.refusals import NotTaken, Refused
from bot.adapters.discord_rest.threads import DiscordThreads
from bot.adapters.discord_rest.tracing import post_sent
from bot.adapters.discord_rest.voice import DiscordVoice
from bot.adapters.discord_rest.webhooks import WebhookDirectory

__all__ = [
    "DiscordClock",
    "DiscordRest",
    "DiscordThreads",
    "DiscordVoice",
    "NotTaken",
    "Portraits",
    "Refused",
    "TokenReach",
    "WebhookDirectory",
    "post_sent",
]
