"""What a bot may rely on with interactions, told once and run in two worlds.

Each case names what a member does and what both of them must see. `CaseBot`
is written with a stock client; `Stage` is the little that a world has to offer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import discord
from discord import app_commands
from discord.ext import commands

from tests.playground.client import INTENTS

NAMES = ("Captain Vane", "Mother Gray", "Old Tom")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one thing that a member did."""

    texts: Sequence[str] = ()
    """The answer and the follow-ups, in order."""
    ephemeral: Sequence[bool] = ()
    modal: str | None = None
    """The title of a form that was opened."""
    is_acknowledged: bool = True


class Stage(Protocol):
    """A world, seen by one member in one channel."""

    async def slash(self, command: str, **options: object) -> Outcome: ...

    async def autocomplete(self, command: str, option: str, typed: str) -> Sequence[str]: ...

    async def click(self, label: str) -> Outcome: ...

    async def choose(self, value: str) -> Outcome: ...

    async def submit(self, **texts: str) -> Outcome: ...

    async def context(self, command: str) -> Outcome: ...

    async def newest(self) -> str | None: ...


class CaseBot(commands.AutoShardedBot):
    """Answers each command in another way, and notes the codes of refusals."""

    def __init__(self, *, late_s: float) -> None:
        super().__init__(
            commands.when_mentioned, intents=INTENTS, help_command=None, guild_ready_timeout=0.05
        )
        self.codes: list[int] = []
        self.late_s = late_s
        self.tree.add_command(_plain)
        self.tree.add_command(_deferred)
        self.tree.add_command(_hidden)
        self.tree.add_command(_twice)
        self.tree.add_command(_late)
        self.tree.add_command(_edited)
        self.tree.add_command(_erased)
        self.tree.add_command(_form)
        self.tree.add_command(_panel)
        self.tree.add_command(_named)
        self.tree.add_command(_quote)

    @classmethod
    def of(cls, interaction: discord.Interaction) -> "CaseBot":
        assert isinstance(interaction.client, cls)
        return interaction.client


@app_commands.command(name="plain", description="Answers at once")
async def _plain(interaction: discord.Interaction, times: app_commands.Range[int, 1, 3]) -> None:
    await interaction.response.send_message(" ".join(["plain"] * times))


@app_commands.command(name="deferred", description="Thinks first")
async def _deferred(interaction: discord.Interaction) -> None:
    await interaction.response.defer(thinking=True)
    await interaction.followup.send("first")
    await interaction.followup.send("second")


@app_commands.command(name="hidden", description="For one pair of eyes")
async def _hidden(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("hidden", ephemeral=True)
    await interaction.followup.send("hidden too", ephemeral=True)


@app_commands.command(name="twice", description="Acknowledges twice")
async def _twice(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("once")
    second = discord.InteractionResponse(interaction)
    try:
        await second.send_message("twice")
    except discord.HTTPException as error:
        CaseBot.of(interaction).codes.append(error.code)


@app_commands.command(name="late", description="Acknowledges too late")
async def _late(interaction: discord.Interaction) -> None:
    bot = CaseBot.of(interaction)
    await asyncio.sleep(bot.late_s)
    try:
        await interaction.response.send_message("late")
    except discord.HTTPException as error:
        bot.codes.append(error.code)


@app_commands.command(name="edited", description="Changes its answer")
async def _edited(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("draft")
    await interaction.edit_original_response(content="fair copy")


@app_commands.command(name="erased", description="Takes its answer back")
async def _erased(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("regrets")
    await interaction.delete_original_response()
    try:
        await interaction.original_response()
    except discord.HTTPException as error:
        CaseBot.of(interaction).codes.append(error.code)


@app_commands.command(name="named", description="Suggests names")
async def _named(interaction: discord.Interaction, character: str) -> None:
    await interaction.response.send_message(f"You chose {character}")


@_named.autocomplete("character")
async def _suggest(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    found = [name for name in NAMES if typed.lower() in name.lower()]
    return [app_commands.Choice(name=name, value=name) for name in found]


class _Form(discord.ui.Modal, title="A new line"):
    line: discord.ui.TextInput["_Form"] = discord.ui.TextInput(
        label="Line", custom_id="line", max_length=20
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Written: {self.line.value}")


@app_commands.command(name="form", description="Opens a form")
async def _form(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(_Form())


class _Panel(discord.ui.View):
    @discord.ui.button(label="Press", custom_id="panel:press")
    async def press(self, interaction: discord.Interaction, _: discord.ui.Button["_Panel"]) -> None:
        await interaction.response.edit_message(content="pressed")

    @discord.ui.button(label="Slow", custom_id="panel:slow")
    async def slow(self, interaction: discord.Interaction, _: discord.ui.Button["_Panel"]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="slowly pressed")

    @discord.ui.select(
        custom_id="panel:pick",
        options=[discord.SelectOption(label="Red"), discord.SelectOption(label="Blue")],
    )
    async def pick(
        self, interaction: discord.Interaction, select: discord.ui.Select["_Panel"]
    ) -> None:
        await interaction.response.send_message(f"picked {select.values[0]}")


@app_commands.command(name="panel", description="Shows buttons")
async def _panel(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("a panel", view=_Panel())


@app_commands.context_menu(name="Quote this")
async def _quote(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"> {message.content}", ephemeral=True)


@dataclass(frozen=True, slots=True)
class Case:
    """A name, what happens, and the codes of refusals that the bot meets."""

    name: str
    play: Callable[[Stage], Awaitable[None]] = field(repr=False)
    codes: Sequence[int] = ()


async def _plays_plain(stage: Stage) -> None:
    assert await stage.slash("plain", times=2) == Outcome(["plain plain"], [False])


async def _plays_deferred(stage: Stage) -> None:
    outcome = await stage.slash("deferred")

    assert outcome == Outcome(["first", "second"], [False, False])


async def _plays_hidden(stage: Stage) -> None:
    assert await stage.slash("hidden") == Outcome(["hidden", "hidden too"], [True, True])


async def _plays_twice(stage: Stage) -> None:
    assert await stage.slash("twice") == Outcome(["once"], [False])


async def _plays_late(stage: Stage) -> None:
    assert await stage.slash("late") == Outcome([], [], is_acknowledged=False)


async def _plays_edited(stage: Stage) -> None:
    await stage.slash("edited")

    assert await stage.newest() == "fair copy"


async def _plays_erased(stage: Stage) -> None:
    await stage.slash("erased")

    assert await stage.newest() is None


async def _plays_named(stage: Stage) -> None:
    assert await stage.autocomplete("named", "character", "o") == ["Mother Gray", "Old Tom"]
    assert (await stage.slash("named", character="Old Tom")).texts == ["You chose Old Tom"]


async def _plays_form(stage: Stage) -> None:
    opened = await stage.slash("form")
    submitted = await stage.submit(line="It rained.")

    assert opened.modal == "A new line"
    assert submitted.texts == ["Written: It rained."]


async def _plays_button(stage: Stage) -> None:
    await stage.slash("panel")
    outcome = await stage.click("Press")

    assert outcome.is_acknowledged
    assert await stage.newest() == "pressed"


async def _plays_slow_button(stage: Stage) -> None:
    await stage.slash("panel")
    await stage.click("Slow")

    assert await stage.newest() == "slowly pressed"


async def _plays_select(stage: Stage) -> None:
    await stage.slash("panel")

    assert (await stage.choose("Blue")).texts == ["picked Blue"]


async def _plays_context(stage: Stage) -> None:
    await stage.slash("plain", times=1)
    outcome = await stage.context("Quote this")

    assert (outcome.texts, outcome.ephemeral) == (["> plain"], [True])


CASES = (
    Case("an answer at once is shown", _plays_plain),
    Case("the first follow-up fills a deferred answer", _plays_deferred),
    Case("an ephemeral answer has ephemeral follow-ups", _plays_hidden),
    Case("a second acknowledgement is refused", _plays_twice, [40060]),
    Case("a late acknowledgement is refused", _plays_late, [10062]),
    Case("the original answer can be edited", _plays_edited),
    Case("the original answer can be deleted", _plays_erased, [10008]),
    Case("suggestions follow what is typed", _plays_named),
    Case("a form makes a round trip", _plays_form),
    Case("a button changes its message", _plays_button),
    Case("a button may change its message later", _plays_slow_button),
    Case("a choice is answered", _plays_select),
    Case("a message's menu hands the message over", _plays_context),
)
