"""A newcomer's path: the bot comes to a server that lets it do too little."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.playground.rights import Right
from bot.playground.world import BOT_ID, BOT_ROLE_ID, GUILD_ID, TAVERN_ID
from tests.playground.driver import Shown
from tests.wire.running import Running, running

SWITCHES = {
    Right.VIEW_CHANNEL: "View Channel",
    Right.SEND_MESSAGES: "Send Messages",
    Right.READ_MESSAGE_HISTORY: "Read Message History",
    Right.MANAGE_WEBHOOKS: "Manage Webhooks",
    Right.ATTACH_FILES: "Attach Files",
    Right.ADD_REACTIONS: "Add Reactions",
    Right.CREATE_PUBLIC_THREADS: "Create Public Threads",
    Right.EMBED_LINKS: "Embed Links",
    Right.EXTERNAL_EMOJIS: "Use External Emojis",
}
MUTE = {Right.VIEW_CHANNEL, Right.SEND_MESSAGES}
QUIET_S = 1.0


@pytest.fixture
async def fresh(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Running, None]:
    """A server in which nothing is settled and nothing was played."""
    async with running(clean_redis_url, tmp_path, BOT_GUILDS__MEMBERS_START="false") as everything:
        yield everything


async def ask(stage: Running, command: str, *, by: str = "ann", **options: str) -> str:
    who = getattr(stage.world, by)
    return str((await who.answer(await who.slash(command, **options))).content)


async def shown(stage: Running) -> list[Shown]:
    """What everybody sees in the tavern."""
    return [each for each in await stage.world.ann.messages() if not each.is_ephemeral]


async def test_who_may_not_manage_the_server_is_told_so(fresh: Running) -> None:
    assert "Only who may manage the server" in await ask(fresh, "doctor", by="mara")


async def test_where_all_is_well_it_says_so(fresh: Running) -> None:
    told = await ask(fresh, "doctor")

    assert told.startswith("I am well here:"), told
    for part in ("Message Content", "my ", "#tavern", "webhooks", "Redis", "model", "clock"):
        assert part in told


@pytest.mark.parametrize("right", SWITCHES)
async def test_each_right_it_lacks_is_named_and_the_scene_goes_on_without(
    fresh: Running, right: Right
) -> None:
    world = fresh.world
    await world.overwrite(TAVERN_ID, BOT_ROLE_ID, deny=right)

    told = await ask(fresh, "doctor")
    switch = f"Permissions → ZephRP: set “{SWITCHES[right]}” to ✓ in #tavern."
    assert switch in told
    started = await ask(fresh, "roleplay start", character="clover", greeting="none")
    if right in MUTE:
        assert "I may not write here" in started
        assert await shown(fresh) == []
        return
    assert "is on" in started
    line = await world.ann.send("Clover, are you there?")
    reply = await world.ann.wait_for_message(
        lambda m: m.id > line.id and "I hear you." in m.content and "Stop" not in m.labels
    )
    assert reply.is_webhook == (right is not Right.MANAGE_WEBHOOKS)
    has_notice = right in (Right.MANAGE_WEBHOOKS, Right.READ_MESSAGE_HISTORY)
    assert ("/doctor names the switch" in started) == has_notice
    # Nothing more comes: no second notice, no second reply, no further question to the model.
    await asyncio.sleep(QUIET_S)
    assert [each.id for each in await shown(fresh)] == [line.id, reply.id]
    assert len(fresh.tgi.asked) == 1


async def test_a_right_that_goes_while_a_scene_plays_costs_one_notice_at_most(
    fresh: Running,
) -> None:
    world = fresh.world
    await ask(fresh, "roleplay start", character="clover", greeting="none")
    await world.overwrite(TAVERN_ID, BOT_ROLE_ID, deny=Right.SEND_MESSAGES)

    await world.ann.send("Clover, are you there?")
    await asyncio.sleep(2 * QUIET_S)
    asked = len(fresh.tgi.asked)
    assert "Send Messages" in await ask(fresh, "doctor")
    await world.overwrite(TAVERN_ID, BOT_ROLE_ID)
    line = await world.ann.send("And now?")
    await world.ann.wait_for_message(lambda m: m.id > line.id and "I hear you." in m.content)

    assert asked <= 1
    assert len([each for each in await shown(fresh) if each.author == "ZephRP"]) <= 1


async def test_a_role_that_lacks_a_right_everywhere_is_named_as_such(fresh: Running) -> None:
    await fresh.world.set_roles(BOT_ID)
    roles = await fresh.world.rest("GET", f"/guilds/{GUILD_ID}/roles")
    [role] = [each for each in roles if each["id"] == str(BOT_ROLE_ID)]
    await fresh.world.tell(
        "GUILD_ROLE_UPDATE", guild_id=str(GUILD_ID), role={**role, "permissions": "0"}
    )

    told = await ask(fresh, "doctor")

    assert "Server Settings → Roles → ZephRP → Permissions: switch “Manage Webhooks” on." in told


async def test_a_channel_full_of_other_webhooks_and_a_model_that_is_down_are_named(
    fresh: Running,
) -> None:
    for _ in range(15):
        await fresh.world.foreign_webhook(TAVERN_ID)
    await fresh.tgi.stop()

    told = await ask(fresh, "doctor")

    assert told.startswith("Something has to be done:")
    assert "15 of 15 webhooks, and none is mine" in told
    assert "does not answer" in told


async def test_a_command_that_discord_has_lost_is_named_and_sent_again_at_the_next_start(
    fresh: Running,
) -> None:
    commands = f"/applications/{BOT_ID}/commands"
    [undo] = [each for each in await fresh.world.rest("GET", commands) if each["name"] == "undo"]
    await fresh.world.rest("DELETE", f"{commands}/{undo['id']}")

    assert "does not know 1 of my commands: undo." in await ask(fresh, "doctor")
    await fresh.bot.kill()
    await fresh.bot.start()
    await fresh.bot.wait_ready()
    assert "not know" not in await ask(fresh, "doctor")
