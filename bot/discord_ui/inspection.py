"""`/context` and the message menu Why?: what the model was asked, and how things came about."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.core.facts import ReplyFacts
from bot.core.phrases import Paragraphs, phrase
from bot.core.token_bar import cells
from bot.core.why import rows, sentence
from bot.discord_ui.actions import CHOSEN_BY, Actions
from bot.discord_ui.wording import say
from bot.services.inspection import ContextView, Explanation, Share

NAMES_SHOWN = 12
CELLS = 16
"""Of the bar. With its label a row has 35 characters: more would break on a phone."""

INK = {Share.RESERVED: "▒", Share.FREE: "░"}
"""What is not read by the model; all else is solid."""


class InspectionCog(commands.Cog):
    """Looking inside. Its answers are ephemeral: nobody else's screen shows them."""

    def __init__(self, bot: commands.AutoShardedBot, actions: Actions) -> None:
        self._bot = bot
        self._actions = actions
        # discord.py takes no menus from a cog's body.
        self._why = app_commands.ContextMenu(
            name="Why?",
            callback=self._explain,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=False
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )

    async def cog_load(self) -> None:
        self._bot.tree.add_command(self._why)

    async def cog_unload(self) -> None:
        self._bot.tree.remove_command(self._why.name, type=self._why.type)

    @app_commands.command()
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def context(self, interaction: discord.Interaction) -> None:
        """Show what the model reads here: where its tokens go, and the exact last prompt."""
        await interaction.response.defer(ephemeral=True)
        view = await self._actions.look_inside(interaction)
        prompt = io.BytesIO(view.built.prompt.encode("utf-8", "replace"))
        await say(interaction, context_text(view), file=discord.File(prompt, "prompt.txt"))

    async def _explain(
        self, interaction: discord.Interaction[Any], message: discord.Message
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        found = await self._actions.ask_why(interaction, message)
        await say(interaction, explained(found))


def explained(found: Explanation) -> str:
    """What became of a message, and how a reply came about."""
    lines = [sentence(found.fate, escape_markdown(found.name))]
    if found.facts is not None:
        lines += facts_lines(found.facts)
    return Paragraphs(lines)


def facts_lines(facts: ReplyFacts) -> list[str]:
    """How a reply came about, one line per fact."""
    return [Paragraphs(["**", label, ":** ", text], "") for label, text in rows(facts)]


def context_text(view: ContextView) -> str:
    """A bar of where the tokens went, and the numbers."""
    built = view.built
    head = (
        phrase("The last prompt of this channel:")
        if view.is_sent
        else phrase(
            "No prompt was sent since I started; the newest line would be answered with this one:"
        )
    )
    numbers = phrase(
        "**{tokens:,}** of {context_tokens:,} tokens are read, and "
        "{max_new_tokens:,} are kept for the reply (length **{name}**, "
        "{source}).",
        tokens=built.tokens,
        context_tokens=built.context_tokens,
        max_new_tokens=built.max_new_tokens,
        name=built.length.step.name,
        source=CHOSEN_BY[built.length.source],
    )
    lines = [
        head,
        "```",
        *_bar(view.shares()),
        "```",
        numbers,
        _left_out(built.dropped),
        _reused(built.tokens, built.reused),
        *_lore(built.lore),
        phrase("Model: {model}", model=escape_markdown(built.model)),
    ]
    return Paragraphs(lines)


def _bar(shares: Mapping[Share, int]) -> list[str]:
    """One bar over several rows: each part begins where the one above it ends."""
    rows_drawn, drawn = [], 0
    counts = cells(tuple(shares.values()), CELLS)
    for (share, tokens), count in zip(shares.items(), counts, strict=True):
        if tokens:
            bar = " " * drawn + INK.get(share, "█") * count
            row = phrase(
                "{share:<11} {tokens:>6,} {bar}", share=phrase(share), tokens=tokens, bar=bar
            )
            rows_drawn.append(row)
            drawn += count
    return rows_drawn


def _lore(names: Sequence[str]) -> list[str]:
    """The entries of lorebooks in the prompt, as many names as a message can bear."""
    if not names:
        return []
    shown = ", ".join(escape_markdown(name) for name in names[:NAMES_SHOWN])
    if len(names) <= NAMES_SHOWN:
        return [phrase("Lore that came up: {shown}.", shown=shown)]
    more = len(names) - NAMES_SHOWN
    return [phrase("Lore that came up: {shown} and {more} more.", shown=shown, more=more)]


def _left_out(dropped: int) -> str:
    if not dropped:
        return phrase("Every line of the story is in it.")
    return phrase("Old lines that are left out: {dropped:,}.", dropped=dropped)


def _reused(tokens: int, reused: int) -> str:
    if not reused or not tokens:
        return phrase("It begins like no prompt before it: the server read all of it.")
    share = 100 * reused // tokens
    return phrase(
        "It begins like the prompt before: {reused:,} tokens ({share} %) need no second reading.",
        reused=reused,
        share=share,
    )
