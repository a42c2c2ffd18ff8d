"""Whether a message is heard or read later, it is the same line."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import discord
import pytest
from discord.ext import commands

from bot.core.errors import ScreenError, ScreenRefused
from bot.core.names import under_name
from bot.core.scene import ChannelId, GuildId, MessageId, Place
from bot.discord_ui.bad_events import outlive_bad_events
from bot.discord_ui.convert import edit_of, incoming_of
from bot.discord_ui.screen import DiscordScreen
from bot.playground.rights import Right
from bot.playground.world import BOT_ID, BOT_ROLE_ID, GUILD_ID, HARBOUR_ID, TAVERN_ID, TOM_ID
from bot.services.incoming import Edit, Incoming
from tests.playground.client import new_bot, online
from tests.playground.driver import Playground, eventually, playground

TAVERN = Place(ChannelId(TAVERN_ID), GuildId(GUILD_ID), ChannelId(TAVERN_ID))


@dataclass
class Stage:
    world: Playground
    bot: commands.AutoShardedBot
    screen: DiscordScreen
    heard: dict[int, Incoming] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)

    async def hear(self, message: int) -> Incoming:
        await eventually(lambda: message in self.heard)
        return self.heard[message]

    async def read(self, place: Place = TAVERN) -> list[Incoming]:
        page = await self.screen.page(place)
        return [each.line for each in page if each.line is not None]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    bot = new_bot()
    screen = DiscordScreen(requests_per_s=1_000)
    async with playground() as world:
        stage = Stage(world, bot, screen)

        @bot.listen()
        async def on_message(message: discord.Message) -> None:
            incoming = incoming_of(message, bot_user=BOT_ID, application=BOT_ID)
            if incoming is not None:
                stage.heard[message.id] = incoming

        @bot.listen()
        async def on_raw_message_edit(event: discord.RawMessageUpdateEvent) -> None:
            edit = edit_of(event.message, bot_user=BOT_ID, application=BOT_ID)
            if edit is not None:
                stage.edits.append(edit)

        async with online(world, bot):
            screen.use(bot)
            yield stage


async def test_one_that_is_closed_shows_nothing(stage: Stage) -> None:
    await stage.bot.close()

    with pytest.raises(ScreenError):
        await stage.read()


async def test_a_line_that_is_read_is_the_line_that_was_heard(stage: Stage) -> None:
    mara = stage.world.mara
    webhook = await stage.world.rest(
        "POST", f"/channels/{TAVERN_ID}/webhooks", json={"name": "Mira"}
    )
    path = f"/webhooks/{webhook['id']}/{webhook['token']}?wait=true"
    posted = await stage.world.rest("POST", path, json={"content": "Who is there?"})
    shown = await mara.wait_for_message(lambda m: m.id == int(posted["id"]))
    texts = [
        "  Plain, with blanks around.  ",
        f"<@{TOM_ID}> and <@{BOT_ID}>, to <#{HARBOUR_ID}>! @everyone",
        "A smile: <:smile:123456789012345678> *and* `code`",
    ]
    written = [(await mara.send(text)).id for text in texts]
    written.append((await mara.send("Me.", reply_to=shown)).id)

    heard = [await stage.hear(message) for message in written]

    assert await stage.read() == heard
    page = await stage.screen.page(TAVERN)
    assert [each.is_literal for each in page if each.line] == [True, False, True, True]
    assert heard[-1].replies_to_character
    assert heard[1].mentions_bot
    assert "@Tom" in heard[1].text


async def test_so_it_is_in_threads_and_direct_messages(stage: Stage) -> None:
    thread = await stage.world.mara.thread("Aside")
    direct = await stage.world.mara.dm()
    for place in (
        Place(ChannelId(thread), GuildId(GUILD_ID), ChannelId(TAVERN_ID)),
        Place(ChannelId(direct), None, None),
    ):
        message = await stage.world.mara.send(f"Hello, <@{TOM_ID}>.", place.channel)
        assert await stage.read(place) == [await stage.hear(message.id)]


async def test_an_edit_that_is_read_is_the_edit_that_was_heard(stage: Stage) -> None:
    message = await stage.world.mara.send("One.")
    await stage.world.mara.edit(message, f" <@{TOM_ID}> Two. ")
    await eventually(lambda: stage.edits)

    [line] = await stage.read()

    assert stage.edits == [Edit(line.message, line.text, line.edited_ms)]
    assert line.text == "@Tom Two."


async def test_a_preview_that_discord_adds_is_no_edit(stage: Stage) -> None:
    message = await stage.world.mara.send("https://example.org")
    path = f"/channels/{TAVERN_ID}/messages/{message.id}"
    ann = stage.world.ann
    await stage.world.overwrite(TAVERN_ID, BOT_ROLE_ID, allow=int(Right.MANAGE_MESSAGES))
    await stage.world.rest("PATCH", path, json={"flags": 4})  # takes the preview away
    after = await ann.send("After.")
    await stage.hear(after.id)

    assert stage.edits == []
    assert [line.edited_ms for line in await stage.read()] == [0, 0]


async def test_an_update_without_a_text_changes_nothing_and_ends_nothing(stage: Stage) -> None:
    outlive_bad_events(stage.bot)
    message = await stage.world.mara.send("https://example.org")
    place = {"channel_id": str(TAVERN_ID), "guild_id": str(GUILD_ID)}
    await stage.world.tell("MESSAGE_UPDATE", id=str(message.id), embeds=[], **place)
    await stage.world.tell("MESSAGE_DELETE", nonsense=True)
    after = await stage.world.mara.send("After.")

    assert (await stage.hear(after.id)).text == "After."
    assert stage.edits == []
    assert not stage.bot.is_closed()


async def test_what_our_bot_says_for_a_character_is_read_without_the_name(stage: Stage) -> None:
    path = f"/channels/{TAVERN_ID}/messages"
    body = {"content": under_name("Captain *Vane*", "Ahoy!\n**Name**\nAhoy!")}
    await stage.world.rest("POST", path, json=body)

    [shown] = await stage.screen.page(TAVERN)

    assert (shown.text, shown.is_ours, shown.line) == ("Ahoy!\n**Name**\nAhoy!", True, None)


async def test_who_is_new_to_us_is_asked_for_by_the_name_of_the_guild(stage: Stage) -> None:
    message = await stage.world.mara.send(f"<@{TOM_ID}>?")
    asked: list[int] = []
    guild = stage.bot.get_guild(GUILD_ID)
    assert guild is not None
    fetch = stage.bot.http.get_member

    async def get_member(guild_id: int, member_id: int) -> object:
        asked.append(member_id)
        body = await fetch(guild_id, member_id)
        return {**body, "nick": f"Nick {member_id}"}

    stage.bot.http.get_member = get_member  # type: ignore[method-assign, assignment]  # as nobody there has one
    [line] = await stage.read()
    [again] = await stage.read()
    page = await stage.screen.page(TAVERN, known={MessageId(message.id)})

    assert line == again
    assert line.name == f"Nick {stage.world.mara.id}"
    assert line.text == f"@Nick {TOM_ID}?"
    assert sorted(asked) == sorted([TOM_ID, stage.world.mara.id])
    assert page[0].line == replace(line, name="Mara", text="@Tom?", roles=None)


async def test_where_we_may_not_read_discord_is_not_even_asked(stage: Stage) -> None:
    await stage.world.mara.send("One.")
    await stage.world.overwrite(TAVERN_ID, BOT_ROLE_ID, deny=int(Right.READ_MESSAGE_HISTORY))

    async def is_refused() -> bool:
        try:
            await stage.screen.page(TAVERN)
        except ScreenRefused:
            return True
        return False

    await eventually(is_refused)


async def test_what_discord_does_not_answer_is_an_error_of_ours(stage: Stage) -> None:
    slow = DiscordScreen(within_s=0.05)
    slow.use(stage.bot)

    async def never(*_: object, **__: object) -> object:
        await asyncio.Event().wait()
        raise AssertionError

    stage.bot.http.logs_from = never  # type: ignore[method-assign, assignment]  # hangs as a black hole does
    with pytest.raises(ScreenError):
        await slow.page(TAVERN)


async def test_a_screen_without_a_client_shows_nothing() -> None:
    screen = DiscordScreen()

    assert not screen.guilds()
    assert not screen.is_in_reach(TAVERN)
    assert screen.newest(TAVERN) is None
    with pytest.raises(ScreenError):
        await screen.page(TAVERN)
