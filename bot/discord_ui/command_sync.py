"""Tell Discord our commands, but only when they have changed or it lacks one.

Discord allows 200 command creations a day; a bot that syncs at every start
spends them on restarts.
"""

import hashlib
import json
from typing import Any

import discord
from discord import app_commands

from bot.core.ports import NoteStore

Tree = app_commands.CommandTree[discord.Client]
AnyCommand = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu | app_commands.Group


async def described_in_all_languages(tree: Tree, command: AnyCommand) -> dict[str, Any]:
    """What Discord is told of *command*."""
    if tree.translator is None:
        return command.to_dict(tree)
    return await command.get_translated_payload(tree, tree.translator)


async def sync_if_changed(tree: Tree, notes: NoteStore, application: int) -> bool:
    """Sync *tree* unless this very tree was the last one synced; returns whether it was sent."""
    name = f"commands:{application}"
    described = [await described_in_all_languages(tree, each) for each in tree.get_commands()]
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
    if await notes.get_note(name) == digest and await _are_known(tree):
        return False
    await tree.sync()
    await notes.put_note(name, digest)
    return True


async def _are_known(tree: app_commands.CommandTree[discord.Client]) -> bool:
    """Whether Discord has them still: another program with our token may have taken some away."""
    known = {command.name for command in await tree.fetch_commands()}
    return all(command.name in known for command in tree.get_commands())
