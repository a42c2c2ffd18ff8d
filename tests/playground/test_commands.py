"""Commands: how they are registered, who may use them, what they may hold."""

import asyncio
from typing import Any

import discord
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.playground.world import BOT_ID, GUILD_ID, HARBOUR_ID, MARA_ID, TAVERN_ID, TOM_ID
from tests.playground.client import new_bot, online
from tests.playground.driver import Playground, Refused, playground

COMMANDS = f"/applications/{BOT_ID}/commands"
START = {
    "name": "start",
    "type": 1,
    "description": "Begin",
    "options": [
        {"type": 3, "name": "character", "description": "Who", "required": True},
        {"type": 4, "name": "players", "description": "How many", "min_value": 1, "max_value": 4},
        {
            "type": 3,
            "name": "length",
            "description": "How long",
            "choices": [{"name": "short", "value": "short"}, {"name": "long", "value": "long"}],
        },
    ],
}
ROLEPLAY = {"name": "roleplay", "description": "Stories", "options": [START]}


async def _register(world: Playground, *commands: dict[str, Any]) -> list[Any]:
    return list(await world.rest("PUT", COMMANDS, json=list(commands)))


async def test_a_command_keeps_its_id_when_it_is_registered_again() -> None:
    async with playground() as world:
        (first,) = await _register(world, ROLEPLAY)

        (second, _) = await _register(
            world, {**ROLEPLAY, "description": "Tales"}, {"name": "x", "description": "y"}
        )

        assert first["id"] == second["id"]
        assert (await world.rest("GET", COMMANDS))[0]["description"] == "Tales"


async def test_single_commands_can_be_made_changed_and_deleted() -> None:
    async with playground() as world:
        path = f"/applications/{BOT_ID}/guilds/{GUILD_ID}/commands"
        made = await world.rest("POST", path, json={"name": "look", "description": "Around"})
        one = f"{path}/{made['id']}"

        changed = await world.rest("PATCH", one, json={"description": "Closer"})
        await world.rest("DELETE", one)

        assert (changed["id"], changed["description"]) == (made["id"], "Closer")
        assert await world.rest("GET", path) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Upper", "description": "x"},
        {"name": "two words", "description": "x"},
        {"name": "fine"},
        {"name": "fine", "description": "x" * 101},
        {"name": "fine", "description": "x", "surprise": 1},
        {
            "name": "fine",
            "description": "x",
            "options": [
                {"type": 3, "name": "a", "description": "x"},
                {"type": 3, "name": "b", "description": "x", "required": True},
            ],
        },
    ],
)
async def test_a_malformed_command_is_refused(wrong: dict[str, Any]) -> None:
    async with playground() as world:
        with pytest.raises(Refused) as refused:
            await _register(world, wrong)

        assert "50035" in refused.value.message


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"character": ""},
        {"character": "Vane", "players": 9},
        {"character": "Vane", "players": "two"},
        {"character": "Vane", "length": "endless"},
    ],
)
async def test_options_are_held_against_the_registration(options: dict[str, Any]) -> None:
    async with playground() as world:
        await _register(world, ROLEPLAY)

        with pytest.raises(Refused) as refused:
            await world.mara.slash("roleplay start", **options)

        assert refused.value.message.startswith("The option ")


async def test_a_command_for_moderators_is_closed_to_players() -> None:
    async with playground(ack_within_s=0.05) as world:
        managing = str(1 << 13)
        await _register(
            world,
            {"name": "sweep", "description": "x", "default_member_permissions": managing},
        )

        with pytest.raises(Refused):
            await world.mara.slash("sweep")
        used = await world.ann.slash("sweep")

        assert used.reason == "The application did not respond"


async def test_an_adult_command_works_in_age_restricted_channels_only() -> None:
    async with playground(ack_within_s=0.05) as world:
        await _register(world, {"name": "whisper", "description": "x", "nsfw": True})

        with pytest.raises(Refused):
            await world.mara.slash("whisper", channel="tavern")
        used = await world.mara.slash("whisper", channel="adults-only")

        assert not used.is_acknowledged


async def test_a_command_that_is_for_guilds_is_closed_in_direct_messages() -> None:
    async with playground() as world:
        await _register(world, {"name": "look", "description": "x", "contexts": [0]})
        channel = await world.mara.dm()

        with pytest.raises(Refused):
            await world.mara.slash("look", channel=channel)


async def test_with_no_bot_suggestions_fail_in_time() -> None:
    async with playground(ack_within_s=0.05) as world:
        named = {"type": 3, "name": "who", "description": "x", "autocomplete": True}
        await _register(world, {"name": "call", "description": "x", "options": [named]})

        with pytest.raises(Refused) as refused:
            async with asyncio.timeout(2):
                await world.mara.autocomplete("call", "who", "m")

        assert refused.value.status == 504


async def test_a_follow_up_without_an_interaction_is_an_unknown_webhook() -> None:
    async with playground() as world:
        with pytest.raises(Refused) as refused:
            await world.rest("POST", f"/webhooks/{BOT_ID}/never", json={"content": "x"})

        assert "10015" in refused.value.message


async def test_a_fault_can_lose_an_answer_after_its_effect() -> None:
    @web.middleware
    async def lose(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        return web.Response(status=502) if request.method == "POST" else response

    async with playground(faults=[lose]) as world:
        path = f"/channels/{TAVERN_ID}/messages"
        with pytest.raises(Refused) as refused:
            await world.rest("POST", path, json={"content": "stored, then lost"})

        assert refused.value.status == 502
        assert [m["content"] for m in await world.rest("GET", path)] == ["stored, then lost"]
        assert world.mara.id == MARA_ID


async def test_files_members_and_channels_reach_the_bot_as_what_they_are() -> None:
    bot = new_bot()

    @bot.tree.command(name="give", description="Everything at once")
    async def give(
        interaction: discord.Interaction,
        card: discord.Attachment,
        to: discord.Member,
        where: discord.TextChannel,
    ) -> None:
        data = await card.read()
        text = f"{card.filename} {len(data)} {to.display_name} {where.name}"
        await interaction.response.send_message(text)

    async with playground() as world, online(world, bot):
        used = await world.mara.slash(
            "give", card=("vane.png", b"12345"), to=str(TOM_ID), where=str(HARBOUR_ID)
        )

        assert (await world.mara.answer(used)).content == "vane.png 5 Tom harbour"


async def test_a_private_command_in_direct_messages_is_answered_there() -> None:
    bot = new_bot()

    @bot.tree.command(name="whoami", description="Who asks")
    async def whoami(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"{interaction.user.name} {interaction.guild_id}")

    async with playground() as world, online(world, bot):
        channel = await world.mara.dm()
        used = await world.mara.slash("whoami", channel=channel)

        assert (await world.mara.answer(used)).content == "mara None"
