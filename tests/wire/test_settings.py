"""Where the bot may be played with: settled by admins, heeded by everything."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.adapters.redis_store import connect
from bot.adapters.redis_store.keys import meta_key
from bot.core.scene import ChannelId
from bot.playground.world import BOT_ROLE_ID, HARBOUR_ID, PLAYER_ROLE_ID, TAVERN_ID, TOM_ID
from tests.wire.playing import Played, playing

CLOSED = "BOT_GUILDS__MEMBERS_START"
LATER = "2099-01-01T00:00:00+00:00"


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        yield everything


async def settle(played: Played, what: str, **options: object) -> str:
    return await played.command(f"settings {what}", member=played.world.ann, **options)


async def start(played: Played, *, channel: str, by: str = "tom") -> str:
    who = getattr(played.world, by)
    use = await who.slash("roleplay start", channel=channel, character="clover", greeting="none")
    return str((await who.answer(use)).content)


async def is_heard(played: Played, text: str) -> bool:
    """Whether a line of Tom's becomes a part of the story; Mara's that follows does."""
    await played.say(text, member=played.world.tom)
    line = await played.say(f"Clover, did you hear {text!r}?")
    await played.reply(after=line)
    return text in [said for _, said in await played.memory()]


async def test_only_admins_see_and_settle(played: Played) -> None:
    for command in ("settings show", "settings channels deny"):
        assert "Only who may manage the server" in await played.command(command)

    assert await settle(played, "show") == "Nothing is settled here."
    assert f"<#{TAVERN_ID}> is switched off." in await settle(played, "channels deny")
    assert await settle(played, "channels clear") == "Nothing is settled here."


async def test_without_a_word_from_an_admin_members_start_nothing(played: Played) -> None:
    await played.bot.stop()
    played.bot.settings[CLOSED] = "false"
    await played.bot.start()
    await played.bot.wait_ready()

    assert "Nobody has allowed scenes in this channel yet" in await start(played, channel="harbour")
    await played.reply(after=await played.say("What plays already goes on."))

    assert "is on" in await start(played, channel="harbour", by="ann")
    await played.world.ann.answer(await played.world.ann.slash("roleplay stop", channel="harbour"))
    assert "is on" in await start(played, channel="harbour")


async def test_an_allowed_channel_closes_the_others(played: Played) -> None:
    await settle(played, "channels allow")

    assert "Nobody has allowed" in await start(played, channel="harbour")
    await settle(played, "channels allow", named={"channel": str(HARBOUR_ID)})
    assert "is on" in await start(played, channel="harbour")


async def test_where_the_bot_is_switched_off_it_hears_and_answers_nothing(played: Played) -> None:
    asked = len(played.tgi.asked)
    await settle(played, "channels deny")

    for command in ("undo", "context", "scene verify"):
        assert "switched off in this channel" in await played.command(command)
    await played.say("Is anybody there?")
    await settle(played, "channels clear")

    await played.reply(after=await played.say("Now?"))
    assert "Is anybody there?" not in [text for _, text in await played.memory()]
    assert len(played.tgi.asked) == asked + 1


@pytest.mark.parametrize("how", ["blocked", "of a denied role", "without an allowed role"])
async def test_who_is_kept_out_is_not_heard(played: Played, how: str) -> None:
    world = played.world
    assert await is_heard(played, "Ahoy!")
    match how:
        case "blocked":
            await settle(played, "members block", named={"member": str(TOM_ID)})
        case "of a denied role":
            await world.set_roles(TOM_ID, BOT_ROLE_ID)
            await settle(played, "roles deny", role=str(BOT_ROLE_ID))
        case _:
            await world.set_roles(TOM_ID)
            await settle(played, "roles allow", role=str(PLAYER_ROLE_ID))

    assert not await is_heard(played, "Avast!")
    told = await played.command("narrate", member=world.tom, text="It snows.")
    assert "I do not answer you here" in told
    newest = [m for m in await world.tom.messages() if m.is_webhook][-1]
    pressed = await world.tom.answer(await world.tom.click(newest, "swipe:new"))
    assert "I do not answer you here" in pressed.content


async def test_a_manager_role_settles_too(played: Played) -> None:
    assert "Only who may manage" in await played.command("settings show", member=played.world.tom)

    await settle(played, "manager", role=str(PLAYER_ROLE_ID))

    assert "may settle all this" in await played.command("settings show", member=played.world.tom)


async def test_s13_a_member_under_time_out_does_nothing_through_the_bot(played: Played) -> None:
    """Discord lets nobody under time-out use commands; what was shown before still has buttons."""
    tom = played.world.tom
    reply = await played.reply(after=await played.say("Ahoy!", member=tom))
    await played.world.time_out(TOM_ID, LATER)

    answer = await tom.answer(await tom.click(reply, "swipe:new"))

    assert "may swipe" in answer.content
    await played.world.time_out(TOM_ID, None)
    await tom.click(reply, "swipe:new")
    await played.asked(2)


async def test_s41_an_admin_chooses_for_how_long_stories_are_kept(
    played: Played, clean_redis_url: str
) -> None:
    told = await settle(played, "retention", days=3)

    assert "A story is forgotten after 3 days of silence." in told
    redis = connect(clean_redis_url, timeout_s=1.0)
    left_ms = await redis.pttl(meta_key(ChannelId(TAVERN_ID)))
    await redis.aclose()
    assert 0 < 3 * 86_400_000 - left_ms < 60_000
    assert "for 3 days" in await played.command("privacy show")
    refused = await played.command("settings retention", member=played.world.tom, days=1)
    assert "Only who may manage the server" in refused
