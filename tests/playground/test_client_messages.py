"""Messages, webhooks, threads, files and rights, as a stock client meets them."""

import io

import discord
import pytest

from bot.playground.world import (
    ADULTS_ID,
    ASSETS_ID,
    BOT_ROLE_ID,
    GUILD_ID,
    MARA_ID,
    STORIES_ID,
    TAVERN_ID,
)
from tests.playground.client import INTENTS, new_bot, online
from tests.playground.driver import Refused, eventually, playground


def text(bot: discord.Client, channel_id: int) -> discord.TextChannel:
    channel = bot.get_channel(channel_id)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_the_guild_reaches_the_client_as_it_is() -> None:
    async with playground() as world, online(world, new_bot()) as bot:
        guild = bot.get_guild(GUILD_ID)
        assert guild is not None
        tavern, assets = text(bot, TAVERN_ID), text(bot, ASSETS_ID)

        rights = tavern.permissions_for(guild.me)

        assert guild.name == "The Green Lantern"
        assert text(bot, ADULTS_ID).is_nsfw()
        assert not tavern.is_nsfw()
        assert isinstance(bot.get_channel(STORIES_ID), discord.ForumChannel)
        assert rights.manage_webhooks
        assert not rights.manage_messages
        assert assets.permissions_for(guild.me).send_messages
        assert not assets.permissions_for(guild.default_role).view_channel
        assert bot.user is not None
        assert bot.application_id == bot.user.id


async def test_what_a_member_writes_edits_and_deletes_is_heard() -> None:
    bot = new_bot()
    heard: list[tuple[str, str]] = []

    @bot.listen()
    async def on_message(message: discord.Message) -> None:
        heard.append(("new", message.content))

    @bot.listen()
    async def on_raw_message_edit(event: discord.RawMessageUpdateEvent) -> None:
        heard.append(("edited", event.message.content))

    @bot.listen()
    async def on_raw_message_delete(event: discord.RawMessageDeleteEvent) -> None:
        heard.append(("deleted", str(event.message_id)))

    async with playground() as world, online(world, bot):
        said = await world.mara.send("Ahoy")
        await world.mara.edit(said, "Ahoy there")
        await world.mara.delete(said)

        await eventually(lambda: len(heard) == 3)

        assert heard == [("new", "Ahoy"), ("edited", "Ahoy there"), ("deleted", str(said.id))]


async def test_a_webhook_of_the_client_speaks_edits_and_deletes_in_channel_and_thread() -> None:
    async with playground() as world, online(world, new_bot()) as bot:
        tavern = text(bot, TAVERN_ID)
        hook = await tavern.create_webhook(name="Stage")
        thread = await tavern.create_thread(
            name="Below deck", type=discord.ChannelType.public_thread
        )

        sent = await hook.send("One", username="Captain Vane", wait=True)
        await sent.edit(content="One more")
        inside = await hook.send("Two", username="Captain Vane", thread=thread, wait=True)
        await hook.edit_message(inside.id, content="Two more", thread=thread)
        gone = await hook.send("Three", wait=True)
        await hook.delete_message(gone.id)

        shown = [m for m in await world.mara.messages("tavern") if m.is_webhook]
        assert [(m.author, m.content) for m in shown] == [("Captain Vane", "One more")]
        (below,) = [m for m in await world.mara.messages(thread.id) if m.is_webhook]
        assert (below.content, below.is_edited) == ("Two more", True)
        assert [r.text for r in await world.history(sent.id)] == ["One", "One more"]
        (known,) = await world.rest("GET", f"/channels/{TAVERN_ID}/webhooks")
        assert known["application_id"] == str(bot.application_id)


async def test_a_webhook_message_in_a_thread_is_not_found_without_naming_the_thread() -> None:
    async with playground() as world, online(world, new_bot()) as bot:
        tavern = text(bot, TAVERN_ID)
        hook = await tavern.create_webhook(name="Stage")
        thread = await tavern.create_thread(name="Below", type=discord.ChannelType.public_thread)
        inside = await hook.send("Two", thread=thread, wait=True)

        with pytest.raises(discord.NotFound) as refused:
            await hook.edit_message(inside.id, content="Lost")

        assert refused.value.code == 10008


async def test_a_deleted_webhook_is_unknown() -> None:
    async with playground() as world, online(world, new_bot()) as bot:
        hook = await text(bot, TAVERN_ID).create_webhook(name="Stage")
        await world.delete_webhooks(TAVERN_ID)

        with pytest.raises(discord.NotFound) as refused:
            await hook.send("Hello?")

        assert refused.value.code == 10015


@pytest.mark.parametrize("name", ["Clyde the Brave", "discordian", "x" * 81, " "])
async def test_a_webhook_cannot_take_a_forbidden_name(name: str) -> None:
    async with playground() as world:
        with pytest.raises(Refused) as refused:
            await world.rest("POST", f"/channels/{TAVERN_ID}/webhooks", json={"name": name})

        assert '"code": 50035' in refused.value.message


async def test_a_channel_holds_fifteen_webhooks() -> None:
    async with playground() as world:
        path = f"/channels/{TAVERN_ID}/webhooks"
        for number in range(15):
            await world.rest("POST", path, json={"name": f"Hook {number}"})

        with pytest.raises(Refused) as refused:
            await world.rest("POST", path, json={"name": "One too many"})

        assert "30007" in refused.value.message


async def test_without_the_right_the_client_is_forbidden() -> None:
    async with playground() as world, online(world, new_bot()) as bot:
        tavern = text(bot, TAVERN_ID)
        await world.overwrite(TAVERN_ID, BOT_ROLE_ID, deny=1 << 11)
        await eventually(lambda: not tavern.permissions_for(tavern.guild.me).send_messages)

        with pytest.raises(discord.Forbidden) as no_send:
            await tavern.send("Hello?")
        await world.overwrite(TAVERN_ID, BOT_ROLE_ID, deny=1 << 10)
        with pytest.raises(discord.Forbidden) as no_view:
            await tavern.send("Hello?")

        assert (no_send.value.code, no_view.value.code) == (50013, 50001)


async def test_the_bot_cannot_delete_what_members_wrote() -> None:
    async with playground() as world, online(world, new_bot()) as bot:
        said = await world.mara.send("Mine")

        with pytest.raises(discord.Forbidden) as refused:
            await text(bot, TAVERN_ID).get_partial_message(said.id).delete()

        assert refused.value.code == 50013


async def test_files_travel_both_ways_and_their_links_are_signed() -> None:
    async with playground() as world, online(world, new_bot()) as bot:
        tavern = text(bot, TAVERN_ID)
        said = await world.mara.send("Look", files={"map.txt": b"here be dragons"})

        received = await tavern.fetch_message(said.id)
        sent = await tavern.send(file=discord.File(io.BytesIO(b"a key"), "key.txt"))
        forged = received.attachments[0].url.replace("hm=", "hm=0")

        assert await received.attachments[0].read() == b"here be dragons"
        assert await (await tavern.fetch_message(sent.id)).attachments[0].read() == b"a key"
        async with world.session.get(forged) as response:
            assert response.status == 404


async def test_reactions_of_both_sides_are_counted() -> None:
    bot = new_bot()
    heard: list[tuple[int, str]] = []

    @bot.listen()
    async def on_raw_reaction_add(event: discord.RawReactionActionEvent) -> None:
        heard.append((event.user_id, str(event.emoji)))

    async with playground() as world, online(world, bot):
        said = await world.mara.send("Vote")
        message = await text(bot, TAVERN_ID).fetch_message(said.id)

        await message.add_reaction("👍")
        await world.mara.react(said, "👍")
        await eventually(lambda: (MARA_ID, "👍") in heard)

        fetched = await text(bot, TAVERN_ID).fetch_message(said.id)
        assert [(str(r.emoji), r.count, r.me) for r in fetched.reactions] == [("👍", 2, True)]


async def test_history_goes_back_forward_and_around() -> None:
    async with playground() as world, online(world, new_bot()) as bot:
        tavern = text(bot, TAVERN_ID)
        said = [await world.mara.send(f"line {number}") for number in range(6)]
        middle = discord.Object(said[3].id)

        before = [m.content async for m in tavern.history(before=middle, limit=2)]
        after = [m.content async for m in tavern.history(after=middle, limit=2)]
        around = [m.content async for m in tavern.history(around=middle, limit=3)]

        assert before == ["line 2", "line 1"]
        assert after == ["line 4", "line 5"]
        assert sorted(around) == ["line 2", "line 3", "line 4"]


async def test_a_nonce_that_is_enforced_posts_once() -> None:
    async with playground() as world:
        body = {"content": "Once", "nonce": "turn-1", "enforce_nonce": True}

        first = await world.rest("POST", f"/channels/{TAVERN_ID}/messages", json=body)
        second = await world.rest("POST", f"/channels/{TAVERN_ID}/messages", json=body)

        assert first["id"] == second["id"]
        assert len(await world.mara.messages("tavern")) == 1


async def test_the_bot_writes_to_a_member_and_is_answered() -> None:
    bot = new_bot()
    heard: list[str] = []

    @bot.listen()
    async def on_message(message: discord.Message) -> None:
        if message.guild is None and not message.author.bot:
            heard.append(message.content)

    async with playground() as world, online(world, bot):
        mara = await bot.fetch_user(MARA_ID)

        await mara.send("Psst")
        channel = await world.mara.dm()
        await world.mara.send("Yes?", channel)
        await eventually(lambda: heard == ["Yes?"])

        assert [m.content for m in await world.mara.messages(channel)] == ["Psst", "Yes?"]
        with pytest.raises(Refused):
            await world.tom.messages(channel)


async def test_without_the_intent_only_mentions_can_be_read() -> None:
    intents = discord.Intents(INTENTS.value & ~discord.Intents.message_content.flag)
    bot = new_bot(intents)
    heard: list[str] = []

    @bot.listen()
    async def on_message(message: discord.Message) -> None:
        heard.append(message.content)

    async with playground(message_content=False) as world, online(world, bot):
        assert bot.user is not None
        await world.mara.send("A secret")
        await world.mara.send(f"<@{bot.user.id}> hello")

        await eventually(lambda: len(heard) == 2)

        assert heard == ["", f"<@{bot.user.id}> hello"]


@pytest.mark.parametrize(
    ("given", "pinged"),
    [
        (None, [MARA_ID]),
        ({"parse": []}, []),
        ({"parse": [], "users": [str(MARA_ID)]}, [MARA_ID]),
        ({"parse": ["everyone"]}, []),
    ],
)
async def test_only_allowed_mentions_ping(given: object, pinged: list[int]) -> None:
    async with playground() as world:
        body = {
            "content": f"<@{MARA_ID}>",
            **({} if given is None else {"allowed_mentions": given}),
        }

        posted = await world.rest("POST", f"/channels/{TAVERN_ID}/messages", json=body)

        assert [int(user["id"]) for user in posted["mentions"]] == pinged


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"content": "x", "surprise": 1}, "surprise"),
        ({"embeds": [{"title": "x" * 257}]}, "title"),
        ({"content": "x", "components": [{"type": 2}]}, "components"),
        ({"content": "x", "nonce": "n" * 26}, "nonce"),
    ],
)
async def test_a_wrong_field_is_named(body: dict[str, object], path: str) -> None:
    async with playground() as world:
        with pytest.raises(Refused) as refused:
            await world.rest("POST", f"/channels/{TAVERN_ID}/messages", json=body)

        assert refused.value.status == 400
        assert f'"{path}": {{' in refused.value.message
        assert '"code": 50035' in refused.value.message


@pytest.mark.parametrize(
    ("emoji", "is_one"),
    [
        *((each, True) for each in ("🔁", "↩️", "📖", "▶️", "1️⃣", "👩\u200d🚀", "👍🏽", "🇫🇷")),
        *((each, False) for each in ("■", "⋯", "a", "ok", "1", "🔁 again", "")),
    ],
)
async def test_only_an_emoji_is_taken_for_that_of_a_button(*, emoji: str, is_one: bool) -> None:
    button = {"type": 2, "style": 2, "custom_id": "x", "label": "x", "emoji": {"name": emoji}}
    body = {"content": "x", "components": [{"type": 1, "components": [button]}]}
    async with playground() as world:
        if is_one:
            await world.rest("POST", f"/channels/{TAVERN_ID}/messages", json=body)
            return
        with pytest.raises(Refused, match="BUTTON_COMPONENT_INVALID_EMOJI") as refused:
            await world.rest("POST", f"/channels/{TAVERN_ID}/messages", json=body)

    assert refused.value.status == 400


async def test_a_route_that_is_missing_is_counted() -> None:
    async with playground() as world:
        with pytest.raises(Refused):
            await world.rest("GET", "/guilds/1/bans")

        assert await world.unknown_routes() == ["GET /api/v10/guilds/1/bans"]


async def test_a_forum_post_by_a_member_and_a_webhook_answer() -> None:
    bot = new_bot()
    opened: list[discord.Thread] = []

    @bot.listen()
    async def on_thread_create(thread: discord.Thread) -> None:
        opened.append(thread)

    async with playground() as world, online(world, bot):
        forum = bot.get_channel(STORIES_ID)
        assert isinstance(forum, discord.ForumChannel)
        post = await world.mara.thread("The long night", "stories", content="It was dark.")
        await eventually(lambda: [t.id for t in opened] == [post])
        hook = await forum.create_webhook(name="Stage")

        await hook.send("And cold.", thread=opened[0], wait=True)
        with pytest.raises(discord.HTTPException) as refused:
            await hook.send("Nowhere", wait=True)

        assert [m.content for m in await world.mara.messages(post)] == ["It was dark.", "And cold."]
        assert refused.value.code == 220001


async def test_avatars_given_by_own_links_are_shown_and_others_never_fetched() -> None:
    async with playground() as world, online(world, new_bot()) as bot:
        picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 24
        kept = await text(bot, ASSETS_ID).send(file=discord.File(io.BytesIO(picture), "face.png"))
        hook = await text(bot, TAVERN_ID).create_webhook(name="Stage")

        await hook.send("Own", avatar_url=kept.attachments[0].url, wait=True)
        await hook.send("Other", avatar_url="http://192.0.2.1/face.png", wait=True)

        own, other = await world.mara.messages("tavern")
        async with world.session.get(world.address.base_url + own.avatar_url) as response:
            assert await response.read() == picture
        async with world.session.get(world.address.base_url + other.avatar_url) as response:
            assert response.status == 200
            assert await response.read() != picture
