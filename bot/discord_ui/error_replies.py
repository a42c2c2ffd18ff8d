"""Whatever goes wrong behind a command or a button is said to the member who used it."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import discord
from discord import app_commands

from bot.core.error_sentences import is_bug, sentence_for
from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.references import reference_to
from bot.discord_ui.answers import Answers
from bot.discord_ui.gate import kept_out, too_soon, why_not
from bot.discord_ui.wording import say
from bot.services.about import about

log = logging.getLogger(__name__)

ALREADY_ACKNOWLEDGED = 40060
"""By another process with our token: what was asked for is its to do."""
FOR_EVERYBODY = frozenset({"settings", "privacy", "help", "doctor", "safety", "report"})
"""Commands that are also for whoever is kept out, and where the bot is switched off."""
ALWAYS = frozenset({"safety"})
"""The one that is not counted either: nobody is too fast for it."""
_OVER = {
    10008,  # the message to be answered in is gone
    10015,  # the token has expired, fifteen minutes after the interaction
    10062,  # not acknowledged within three seconds
    50027,  # the token has expired
    ALREADY_ACKNOWLEDGED,
}


def is_over(error: BaseException | None) -> bool:
    """Whether *error* says no more than that an interaction cannot be answered any longer."""
    return isinstance(error, discord.HTTPException) and error.code in _OVER


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """A filter for discord.py's log: suggestions that came too late for a member are no news."""
    return not (record.exc_info and is_over(record.exc_info[1]))


async def acknowledge(interaction: discord.Interaction[Any]) -> bool:
    """Acknowledge a press; False if another process acts on it, or nobody does.

    Who is kept out here is told so.
    """
    if not await received(interaction):
        return False
    if why := await why_not(interaction):
        await tell(interaction, UserError(why))
    return not why


async def received(interaction: discord.Interaction[Any]) -> bool:
    """Acknowledge a press that is for everybody; False if another process acts on it.

    One that came too late is acted on all the same: it was meant.
    """
    answers: Answers = interaction.client.answers
    answers.note()
    try:
        await interaction.response.defer()
    except discord.HTTPException as error:
        log.info("a press was not acknowledged", extra={"code": error.code})
        if error.code == ALREADY_ACKNOWLEDGED:
            return False
    return True


async def lets_in(interaction: discord.Interaction[Any]) -> bool:
    """Whether a command may be answered; if not, that is said."""
    if interaction.type is discord.InteractionType.autocomplete:
        return await _suggests(interaction)
    command = interaction.command
    root = command.root_parent if isinstance(command, app_commands.Command) else None
    name = root.name if root is not None else command.name if command is not None else ""
    if name in ALWAYS:
        return True
    why = too_soon(interaction) if name in FOR_EVERYBODY else await why_not(interaction)
    return await _says_nothing(interaction, why)


async def may_open(interaction: discord.Interaction[Any]) -> bool:
    """Whether one may be answered with a form, which is a first answer; if not, that is said."""
    return await _says_nothing(interaction, await why_not(interaction))


async def _says_nothing(interaction: discord.Interaction[Any], why: str) -> bool:
    """Answer with *why*, if there is anything to say; returns whether there is not."""
    if why:
        try:
            await say(interaction, why)
        except discord.HTTPException as error:
            if not is_over(error):
                raise
    return not why


async def _suggests(interaction: discord.Interaction[Any]) -> bool:
    """Whether something is suggested; who is kept out gets an empty list."""
    is_let_in = not await kept_out(interaction)
    if not is_let_in:
        with suppress(discord.HTTPException):
            await interaction.response.autocomplete([])
    return is_let_in


@asynccontextmanager
async def telling(interaction: discord.Interaction[Any]) -> AsyncGenerator[None, None]:
    """Run the block; what goes wrong in it is said to the member who asked."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # the boundary of a button press, as Tree.on_error is of a command
        await tell(interaction, error)


async def tell(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Answer *interaction*, acknowledged or not, with the sentence for *error*."""
    if isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    if is_over(error):
        log.info("nobody waits for an answer any more", extra={"error": type(error).__name__})
        return
    if isinstance(error, app_commands.CheckFailure):
        sentence = phrase("You cannot use this command here.")
    else:
        reference = reference_to(str(interaction.id)) if is_bug(error) else ""
        sentence = sentence_for(error, reference)
        if reference:
            with about(reference):
                log.error("an interaction failed", exc_info=error)
    try:
        await say(interaction, sentence)
    except discord.HTTPException as failure:
        log.info("the member could not be told", extra={"status": failure.status})
