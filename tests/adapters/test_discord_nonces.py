"""The bot's own messages and their nonces; what may be found of a doubtful post."""

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordVoice
from bot.adapters.discord_rest.voice import NONCES
from bot.core.errors import NotAllowedHere, PostRefused
from tests.adapters.voices import HARBOUR, LETTERS, MARA, MARK, PLAIN, TRIGGER, marked, voice_of
from tests.fakes.scripted_discord import (
    BAD_GATEWAY,
    RESET,
    STORE_THEN_502,
    STORE_THEN_RESET,
    Fault,
    ScriptedDiscord,
)


@pytest.mark.parametrize("fault", [STORE_THEN_502, STORE_THEN_RESET, BAD_GATEWAY, RESET])
@pytest.mark.parametrize("mark", ["", MARK])
async def test_a_doubtful_post_of_the_bot_itself_is_repeated_under_its_nonce(
    voice: DiscordVoice, discord: ScriptedDiscord, fault: Fault, mark: str
) -> None:
    discord.script(PLAIN, fault)

    message = await voice.say(LETTERS, MARA, "Ahoy!", mark=mark)

    assert list(discord.messages) == [message]
    assert len({each.body["nonce"] for each in discord.calls(PLAIN)}) == 1


async def test_one_mark_has_one_nonce_also_after_a_restart(
    discord: ScriptedDiscord, session: aiohttp.ClientSession
) -> None:
    first = await voice_of(discord, session).say(LETTERS, MARA, "Ahoy!", mark=MARK)
    second = await voice_of(discord, session).say(LETTERS, MARA, "Ahoy!", mark=MARK)

    assert first == second
    assert all(len(each.body["nonce"]) <= 25 for each in discord.calls(PLAIN))


async def test_a_nonce_that_a_deleted_message_used_up_is_replaced(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    for _ in range(NONCES):
        await voice.delete(LETTERS, await voice.say(LETTERS, MARA, "Ahoy!", mark=MARK))

    with pytest.raises(PostRefused):
        await voice.say(LETTERS, MARA, "Ahoy!", mark=MARK)

    assert len({each.body["nonce"] for each in discord.calls(PLAIN)}) == NONCES


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_where_the_history_may_not_be_read_nobody_says_that_nothing_is_there(
    voice: DiscordVoice, discord: ScriptedDiscord, *, is_deleted: bool
) -> None:
    message = await voice.say(HARBOUR, MARA, "Ahoy!", [marked(MARK)], mark=MARK)
    if is_deleted:
        await voice.delete(HARBOUR, message)
    discord.may_read_history = False

    with pytest.raises(NotAllowedHere):
        await voice.find(HARBOUR, MARK, after=TRIGGER)


async def test_a_post_that_comes_while_it_is_looked_for_is_found(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    message = await voice.say(HARBOUR, MARA, "Ahoy!", [marked(MARK)], mark=MARK)
    discord.script("GET /channels/7/messages", Fault(status=200, body=[]))

    assert await voice.find(HARBOUR, MARK, after=TRIGGER) == message


async def test_a_post_is_found_under_all_that_was_said_since(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    message = await voice.say(HARBOUR, MARA, "Ahoy!", [marked(MARK)], mark=MARK)
    for number in range(150):
        discord.add_message(7, f"line {number}")

    assert await voice.find(HARBOUR, MARK, after=TRIGGER) == message
    assert len(discord.calls("GET /channels/7/messages")) == 2


async def test_who_copies_our_buttons_is_not_taken_for_us(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    message = await voice.say(HARBOUR, MARA, "Ahoy!", [marked(MARK)], mark=MARK)
    copied = discord.messages[message].components
    discord.add_message(7, "Ahoy!").components = copied

    assert await voice.find(HARBOUR, MARK, after=message) is None
