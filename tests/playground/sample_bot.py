"""A small discord.py bot that does once everything the page must be able to show.

Run as a program: `python tests/playground/sample_bot.py BASE_URL TOKEN`.
"""

import asyncio
import io
import sys
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

CAST = ("Captain Mira", "Doctor Vale", "Innkeeper Rosa", "Sir Alder")
STORY = "The lantern swings. Rain beats on the door, and nobody has come in for hours. "
STEPS = 12


class Panel(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Press me", emoji="🎲", custom_id="press")
    async def press(self, interaction: discord.Interaction, _: discord.ui.Button["Panel"]) -> None:
        await interaction.response.edit_message(content="The die shows four.")

    @discord.ui.button(label="Form", style=discord.ButtonStyle.primary, custom_id="form")
    async def form(self, interaction: discord.Interaction, _: discord.ui.Button["Panel"]) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.button(label="Silence", style=discord.ButtonStyle.danger, custom_id="silence")
    async def silence(self, _: discord.Interaction, __: discord.ui.Button["Panel"]) -> None:
        """Say nothing, so that the page must."""

    @discord.ui.button(label="Closed", disabled=True, custom_id="closed")
    async def closed(self, _: discord.Interaction, __: discord.ui.Button["Panel"]) -> None:
        """Never pressed."""

    @discord.ui.select(
        placeholder="Choose a mood",
        custom_id="mood",
        options=[
            discord.SelectOption(label="Calm", description="No storms"),
            discord.SelectOption(label="Stormy", description="Nothing but storms", emoji="⛈️"),
        ],
    )
    async def mood(
        self, interaction: discord.Interaction, select: discord.ui.Select["Panel"]
    ) -> None:
        await interaction.response.send_message(f"Mood: {select.values[0]}", ephemeral=True)


class Form(discord.ui.Modal, title="Your persona"):
    who: discord.ui.TextInput["Form"] = discord.ui.TextInput(label="Name", min_length=2)
    looks: discord.ui.Label["Form"] = discord.ui.Label(
        text="Looks",
        description="What others see",
        component=discord.ui.TextInput(style=discord.TextStyle.paragraph, required=False),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        looks = self.looks.component
        assert isinstance(looks, discord.ui.TextInput)
        await interaction.response.send_message(f"{self.who.value}: {looks.value}")


class SampleBot(discord.AutoShardedClient):
    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, messages=True, message_content=True)
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none())
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        add_commands(self.tree)
        self.add_view(Panel())
        await self.tree.sync()

    async def on_ready(self) -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    async def on_message(self, message: discord.Message) -> None:
        if message.author.bot or not message.content.startswith("tell "):
            return
        channel = message.channel
        assert isinstance(channel, discord.TextChannel)
        async with channel.typing():
            await tell(channel, name=message.content.removeprefix("tell "))


async def tell(channel: discord.TextChannel, *, name: str) -> None:
    """Stream a story through a webhook, as the product does."""
    hooks = await channel.webhooks()
    hook = hooks[0] if hooks else await channel.create_webhook(name="Characters")
    said = await hook.send(STORY, username=name, wait=True)
    for step in range(2, STEPS + 1):
        await asyncio.sleep(0.08)
        await said.edit(content=STORY * step)


def add_commands(tree: app_commands.CommandTree[Any]) -> None:
    roleplay = app_commands.Group(name="roleplay", description="Stories")

    @roleplay.command(name="start", description="Begin a story with a character")
    @app_commands.describe(
        character="Who you meet", greeting="How it begins", quick="Skip the rest"
    )
    async def start(
        interaction: discord.Interaction,
        character: str,
        greeting: str | None = None,
        quick: bool | None = None,  # noqa: FBT001  # how a yes-or-no option is declared
    ) -> None:
        await interaction.response.defer()
        said = f"*{character} looks up.* **{greeting or 'Well met'}**"
        await interaction.followup.send(said if quick is None else f"{said} quick={quick}")

    @start.autocomplete("character")
    async def characters(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=one, value=one) for one in CAST if typed.lower() in one.lower()
        ]

    @roleplay.command(name="stop", description="End the story")
    async def stop(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("The story rests.", ephemeral=True)

    tree.add_command(roleplay)

    @tree.command(name="panel", description="Buttons, a list and a form")
    async def panel(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("What now?", view=Panel())

    @tree.command(name="measure", description="All kinds of options")
    async def measure(
        interaction: discord.Interaction,
        who: discord.Member,
        times: app_commands.Range[int, 1, 9],
        where: discord.TextChannel | None = None,
        picture: discord.Attachment | None = None,
    ) -> None:
        size = len(await picture.read()) if picture else 0
        await interaction.response.send_message(f"{who.name} x{times} in {where} with {size} bytes")

    @tree.command(name="picture", description="Send an embed and a picture")
    async def picture(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(
            embed=discord.Embed(
                title="Why?", description="- because\n- **of that**", colour=0x4F8F7A
            )
            .add_field(name="Tokens", value="123")
            .set_footer(text="Numbers are examples"),
            file=discord.File(io.BytesIO(b"a tale\n"), "tale.txt"),
        )

    @tree.context_menu(name="Why?")
    async def why(interaction: discord.Interaction, message: discord.Message) -> None:
        text = f"Because of {len(message.content)} letters."
        await interaction.response.send_message(text, ephemeral=True)


def main(base_url: str, token: str) -> None:
    Route.BASE = f"{base_url}/api/v10"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"{base_url.replace('http', 'ws', 1)}/gateway")
    discord.Asset.BASE = f"{base_url}/cdn"
    SampleBot().run(token, root_logger=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
