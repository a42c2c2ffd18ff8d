"""What members do to what was said: the same behind buttons, menus and commands.

Everything here raises UserError with a sentence for whoever asked.
"""

from typing import Any

import discord

from bot.core.errors import UserError
from bot.core.lengths import LengthStep
from bot.core.phrases import counted, joined, phrase
from bot.core.rights import Action
from bot.core.scene import ChannelId, MessageId, Turn, TurnId, UserId
from bot.discord_ui import shelf_actions
from bot.discord_ui.actions import Actions
from bot.services.undone import Undone

Asked = discord.Interaction[Any]


def actions_of(interaction: Asked) -> Actions:
    """What the bot can do."""
    found: Actions = interaction.client.actions
    return found


def channel_of(interaction: Asked) -> ChannelId:
    """Where it was asked."""
    return actions_of(interaction).place(interaction).channel


async def turn_under(interaction: Asked, message: discord.Message) -> Turn:
    """The turn that *message* shows."""
    rewriting = actions_of(interaction).rewriting
    scene = await rewriting.live(channel_of(interaction))
    return rewriting.turn_of(scene, MessageId(message.id))


async def show_previous(interaction: Asked, turn: TurnId) -> None:
    """Show the swipe before the current one."""
    await _select(interaction, turn, -1)


async def show_next(interaction: Asked, turn: TurnId) -> bool:
    """Show the swipe behind the current one, or have one written; False if one is already."""
    found = await _newest(interaction, turn, Action.SWIPE)
    if found.current + 1 < len(found.swipes):
        await _select(interaction, turn, 1)
        return True
    return await actions_of(interaction).pipeline.swipe(channel_of(interaction), turn)


async def write_swipe(interaction: Asked, turn: TurnId) -> bool:
    """Have another swipe written; False if that is being done already."""
    await _newest(interaction, turn, Action.SWIPE)
    return await actions_of(interaction).pipeline.swipe(channel_of(interaction), turn)


async def write_of_length(interaction: Asked, turn: TurnId, by: int) -> str:
    """Have another swipe written, *by* so many steps longer; returns what to tell."""
    actions, channel = actions_of(interaction), channel_of(interaction)
    found = await _newest(interaction, turn, Action.SWIPE)
    head = await actions.scenes.live_head(channel)
    step = await _step_from(interaction, found, by)
    await actions.scenes.set_next_length(channel, step.name)
    begun = False
    try:
        begun = await actions.pipeline.swipe(channel, turn)
    finally:
        if not begun:
            await actions.scenes.set_next_length(channel, head.next_length)
    if not begun:
        raise UserError(phrase("That reply is being written already."))
    return phrase("I write it once more, this time **{name}**.", name=step.name)


async def go_on(interaction: Asked, turn: TurnId | None = None, hint: str = "") -> bool:
    """Have the newest reply written on; False if that is being done already."""
    actions, channel = actions_of(interaction), channel_of(interaction)
    if turn is None:
        scene = await actions.rewriting.live(channel)
        turn = scene.turns[-1].id if scene.turns else TurnId("")
    await _newest(interaction, turn, Action.CONTINUE_REPLY)
    return await actions.pipeline.continue_reply(channel, turn, hint)


async def take_back(interaction: Asked, turns: int) -> Undone:
    """Take the last replies back."""
    return await actions_of(interaction).rewriting.undo(
        channel_of(interaction),
        await actions_of(interaction).member(interaction),
        turns,
        name=str(interaction.id),
    )


async def rewind(interaction: Asked, message: discord.Message) -> Undone:
    """Take back all that stands behind *message*."""
    return await actions_of(interaction).rewriting.rewind(
        channel_of(interaction),
        await actions_of(interaction).member(interaction),
        MessageId(message.id),
        name=str(interaction.id),
    )


async def bring_back(interaction: Asked, name: str) -> str:
    """Bring back what was taken under *name*; returns what to tell."""
    count = await actions_of(interaction).rewriting.redo(
        channel_of(interaction), await actions_of(interaction).member(interaction), name=name
    )
    return counted(
        count, phrase("Brought back: 1 turn."), phrase("Brought back: {count} turns.", count=count)
    )


async def delete(interaction: Asked, turn: TurnId) -> str:
    """Take one turn out of the story; returns what to tell."""
    await actions_of(interaction).rewriting.delete(
        channel_of(interaction), await actions_of(interaction).member(interaction), turn
    )
    return phrase("It is no part of the story any more.")


async def hide(interaction: Asked, turn: TurnId, *, hidden: bool) -> str:
    """Keep a turn from the model, or no longer; returns what to tell."""
    await actions_of(interaction).rewriting.hide(
        channel_of(interaction),
        await actions_of(interaction).member(interaction),
        turn,
        hidden=hidden,
    )
    if hidden:
        return phrase("It is hidden: it stays on the screen, and the model does not read it.")
    return phrase("The model reads it again.")


async def pin(interaction: Asked, turn: TurnId, *, pinned: bool) -> str:
    """Keep a turn in the prompt, or no longer; returns what to tell."""
    await actions_of(interaction).rewriting.pin(
        channel_of(interaction),
        await actions_of(interaction).member(interaction),
        turn,
        pinned=pinned,
    )
    if pinned:
        return phrase("It is pinned: the model reads it, however old it gets.")
    return phrase("It is not pinned any more.")


async def branch(interaction: Asked, turn: TurnId) -> str:
    """Tell another story from *turn* on, in a thread; returns where."""
    return await shelf_actions.branch_here(actions_of(interaction), interaction, turn)


def undone_text(done: Undone) -> str:
    """What was taken back, and what became of it on the screen."""
    replies = counted(
        done.replies, phrase("1 reply"), phrase("{count} replies", count=done.replies)
    )
    lines = counted(done.lines, phrase("1 line"), phrase("{count} lines", count=done.lines))
    told = replies if done.replies else lines
    if done.replies and done.lines:
        told = phrase("{replies} and {lines}", replies=replies, lines=lines)
    text = phrase("Taken back: {told}.", told=told)
    if done.lines:
        stay = phrase("Your messages stay on the screen, marked 🙈, and are no part of the story.")
        text = joined(text, stay)
    if done.stuck:
        text = joined(text, _stuck(done.stuck))
    if not done.name:
        text = joined(text, phrase("That is too much to be brought back."))
    return text


def _stuck(count: int) -> str:
    return counted(
        count,
        phrase("1 message of mine stays there: to remove them I need Manage Messages."),
        phrase(
            "{count} messages of mine stay there: to remove them I need Manage Messages.",
            count=count,
        ),
    )


async def _select(interaction: Asked, turn: TurnId, step: int) -> None:
    await actions_of(interaction).rewriting.select(
        channel_of(interaction), await actions_of(interaction).member(interaction), turn, step
    )


async def _newest(interaction: Asked, turn: TurnId, action: Action) -> Turn:
    return await actions_of(interaction).rewriting.newest(
        channel_of(interaction), await actions_of(interaction).member(interaction), action, turn
    )


async def _step_from(interaction: Asked, turn: Turn, by: int) -> LengthStep:
    """The step of the length ladder that is *by* further than the one *turn* was asked for."""
    actions = actions_of(interaction)
    ladder = actions.scenes.lengths
    step = ladder.find(turn.facts.get("length", ""))
    if step is None:
        head = await actions.scenes.live_head(channel_of(interaction))
        step = (await actions.scenes.length_for(head, UserId(interaction.user.id))).step
    if step not in ladder.steps:  # the model was left to choose
        step = ladder.usual
    number = ladder.steps.index(step) + by
    if number < 0:
        raise UserError(phrase("No reply is shorter than **{name}**.", name=step.name))
    if number >= len(ladder.steps):
        raise UserError(phrase("No reply is longer than **{name}**.", name=step.name))
    return ladder.steps[number]
