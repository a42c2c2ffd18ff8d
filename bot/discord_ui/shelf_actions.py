"""What commands, menus and buttons do to a story as a whole: rights checked, then the service."""

import discord

from bot.core.errors import UserError
from bot.core.links import link_to
from bot.core.phrases import phrase
from bot.core.ports import ThreadHome, ThreadKind
from bot.core.rights import Action
from bot.core.scene import MessageId, Place, SceneHead, TurnId, UserId
from bot.discord_ui.actions import Actions
from bot.discord_ui.convert import is_age_restricted, milliseconds, thread_home_of
from bot.services.branches import Asked
from bot.services.scenes import Opening
from bot.services.shelf import Replaced


async def branch_here(
    actions: Actions, interaction: discord.Interaction, turn: TurnId | None = None
) -> str:
    """Tell the story on in a thread, from *turn* (None: the newest) on; returns what to say."""
    channel = actions.place(interaction).channel
    await actions.allow(interaction, Action.BRANCH, await actions.scenes.head(channel))
    asked = asked_by(interaction)
    require_thread_rights(interaction, asked.home)
    place = await actions.branches.branch(channel, turn, asked)
    return phrase("The story goes another way here: {place}", place=link_to(place))


async def start_in_thread(
    actions: Actions, interaction: discord.Interaction, opening: Opening
) -> Place:
    """Begin a scene in a thread of its own; returns where that is."""
    asked = asked_by(interaction)
    require_thread_rights(interaction, asked.home)
    return await actions.branches.start(opening, asked)


async def restart(actions: Actions, interaction: discord.Interaction) -> Replaced:
    """Begin the story anew."""
    place = actions.place(interaction)
    head = await actions.scenes.live_head(place.channel)
    await actions.allow(interaction, Action.RESTART, head)
    actions.require_own_rights(interaction)
    return await actions.shelf.restart(
        Opening(
            event=MessageId(interaction.id),
            place=place,
            owner=head.owner,
            owner_name=interaction.user.display_name,
            character=head.character,
            at_ms=milliseconds(interaction.created_at),
            scenario=head.scenario,
            length=head.length,
            is_age_restricted=is_age_restricted(interaction.channel),
        )
    )


async def start_over(
    actions: Actions, interaction: discord.Interaction, opening: Opening, *, instead_of: int
) -> Replaced:
    """Begin another scene in place of that which began then."""
    head = await actions.scenes.live_head(opening.place.channel)
    await actions.allow(interaction, Action.RESTART, head)
    actions.require_own_rights(interaction)
    return await actions.shelf.start_over(opening, instead_of=instead_of)


async def take_back(actions: Actions, interaction: discord.Interaction, name: str) -> SceneHead:
    """Bring back the story that was replaced under *name*."""
    channel = actions.place(interaction).channel
    await actions.allow(interaction, Action.RESTART, await actions.scenes.head(channel))
    at_ms = milliseconds(interaction.created_at)
    return await actions.shelf.take_back(channel, name, at_ms=at_ms)


async def save(actions: Actions, interaction: discord.Interaction, name: str) -> int:
    """Put the story aside under *name*; returns how many turns it has."""
    channel = actions.place(interaction).channel
    await actions.allow(interaction, Action.SAVE, await actions.scenes.head(channel))
    return await actions.shelf.save(channel, name, at_ms=milliseconds(interaction.created_at))


async def load(actions: Actions, interaction: discord.Interaction, name: str) -> Replaced:
    """Go on with what was put aside as *name*."""
    channel = actions.place(interaction).channel
    await actions.allow(interaction, Action.LOAD, await actions.scenes.head(channel))
    actions.require_own_rights(interaction)
    return await actions.shelf.load(
        channel,
        name,
        event=MessageId(interaction.id),
        at_ms=milliseconds(interaction.created_at),
        is_age_restricted=is_age_restricted(interaction.channel),
    )


async def drop_save(actions: Actions, interaction: discord.Interaction, name: str) -> None:
    """Forget what was put aside as *name*."""
    channel = actions.place(interaction).channel
    await actions.allow(interaction, Action.SAVE, await actions.scenes.head(channel))
    await actions.shelf.drop(channel, name)


def asked_by(interaction: discord.Interaction) -> Asked:
    """Who asks for a thread, and where it would be."""
    return Asked(
        event=MessageId(interaction.id),
        user=UserId(interaction.user.id),
        user_name=interaction.user.display_name,
        home=thread_home_of(interaction.channel, interaction.guild_id),
        at_ms=milliseconds(interaction.created_at),
    )


def require_thread_rights(interaction: discord.Interaction, home: ThreadHome | None) -> None:
    """Raise UserError where the member, or we, may start no thread: nobody gets rights by us."""
    if home is None:
        return  # what to do instead says whoever would start it
    in_forum = home.kind is ThreadKind.FORUM
    right = phrase("Create Posts") if in_forum else phrase("Create Public Threads")
    for granted, is_member in (
        (interaction.permissions, True),
        (interaction.app_permissions, False),
    ):
        if not (granted.send_messages if in_forum else granted.create_public_threads):
            facts = {"right": right, "channel": home.channel}
            raise UserError(
                phrase(
                    "You need the right {right} in <#{channel}> to start a thread there.", **facts
                )
                if is_member
                else phrase(
                    "I need the right {right} in <#{channel}> to start a thread there.", **facts
                )
            )
