"""Tell Discord our commands, but only when they have changed.

Discord allows 200 command creations a day; a bot that syncs at every start
spends them on restarts.
"""

import hashlib
import json

import discord
from discord import app_commands

from bot.core.ports import NoteStore


async def sync_if_changed(
    tree: app_commands.CommandTree[discord.Client], notes: NoteStore, application: int
) -> bool:
    """Sync *tree* unless this very tree was the last one synced; returns whether it was sent."""
    name = f"commands:{application}"
    described = [command.to_dict(tree) for command in tree.get_commands()]
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
    if await notes.get_note(name) == digest:
        return False
    await tree.sync()
    await notes.put_note(name, digest)
    return True
