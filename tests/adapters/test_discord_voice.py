"""A voice that remembers nothing, as after a restart."""

import re

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordVoice, Refused
from bot.core.errors import PostAmbiguous, PostRefused
from bot.core.ports import Button, Speaker
from bot.core.scene import (
    MessageId,
    Place,
)
from tests.adapters.voices import (
    EDIT,
    EXECUTE,
    HARBOUR,
    LETTERS,
    MARA,
    PIER,
    STOP,
    voice_of,
)
from tests.fakes.scripted_discord import (
    STORE_THEN_502,
    STORE_THEN_RESET,
    Fault,
    ScriptedDiscord,
    refusal,
)


async def test_who_is_no_character_speaks_under_the_face_that_is_given(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    await voice.say(HARBOUR, Speaker("Tom", face="https://faces.invalid/tom.png"), "Hello.")
    await voice.say(HARBOUR, Speaker("Narrator"), "It rains.")

    tom, narrator = (call.body for call in discord.calls(EXECUTE))
    assert (tom["username"], tom["avatar_url"]) == ("Tom", "https://faces.invalid/tom.png")
    assert narrator["username"] == "Narrator"
    assert "avatar_url" not in narrator


async def test_a_character_speaks_under_its_own_name_and_face(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    message = await voice.say(HARBOUR, MARA, "Ahoy!", [STOP])

    stored = discord.messages[message]
    assert (stored.author, stored.text, stored.labels) == ("Mara", "Ahoy!", ["Stop"])
    body = discord.calls(EXECUTE)[0].body
    assert body["avatar_url"] == "https://faces.invalid/mara.png"
    assert body["components"] == [
        {
            "type": 1,
            "components": [
                {
                    "type": 2,
                    "style": 4,
                    "custom_id": "stop:1",
                    "label": "Stop",
                    "emoji": {"name": "⏹️"},
                }
            ],
        }
    ]


@pytest.mark.parametrize("call", ["say", "edit", "delete"])
async def test_in_a_thread_the_parents_webhook_is_used(
    voice: DiscordVoice, discord: ScriptedDiscord, call: str
) -> None:
    message = await voice.say(PIER, MARA, "Ahoy!")
    if call == "edit":
        await voice.edit(PIER, message, MARA, "Ahoy, you!")
    if call == "delete":
        await voice.delete(PIER, message)

    assert all(row["channel_id"] == "7" for row in discord.webhooks.values())
    assert discord.requests[-1].path.startswith("/webhooks/")
    assert discord.requests[-1].query["thread_id"] == "71"


@pytest.mark.parametrize("name", ["Clyde", "Discord Dan", "cLyDe of disCORD", "x" * 200, " ", ""])
async def test_every_name_becomes_one_that_discord_takes(
    voice: DiscordVoice, discord: ScriptedDiscord, name: str
) -> None:
    message = await voice.say(HARBOUR, Speaker(name), "Ahoy!")

    username = discord.messages[message].author
    assert 1 <= len(username) <= 80
    assert not re.search("clyde|discord", username, re.IGNORECASE)


@pytest.mark.parametrize("place", [HARBOUR, PIER, LETTERS])
async def test_an_edit_without_buttons_takes_them_away(
    voice: DiscordVoice, discord: ScriptedDiscord, place: Place
) -> None:
    message = await voice.say(place, MARA, "Ahoy", [STOP])

    await voice.edit(place, message, MARA, "Ahoy, you!")

    assert discord.messages[message].text.endswith("Ahoy, you!")
    assert discord.messages[message].components == []


async def test_where_there_is_no_webhook_the_name_stands_in_bold(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    message = await voice.say(LETTERS, Speaker("Mara*"), "Ahoy!")
    await voice.edit(LETTERS, message, Speaker("Mara*"), "Ahoy, you!")

    assert discord.messages[message].text == "**Mara\\***\nAhoy, you!"
    assert discord.requests[0].body["enforce_nonce"] is True
    assert len(discord.requests[0].body["nonce"]) <= 25


async def test_a_text_too_long_for_the_name_goes_without(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    fits = await voice.say(LETTERS, MARA, "🌊" * 995)
    too_long = await voice.say(LETTERS, MARA, "🌊" * 1000)

    assert discord.messages[fits].text.startswith("**Mara**\n")
    assert discord.messages[too_long].text == "🌊" * 1000


async def test_without_the_permission_the_bot_speaks_itself(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    discord.script("GET .*webhooks", refusal(403, 50013))

    message = await voice.say(HARBOUR, MARA, "Ahoy!", [STOP])
    await voice.edit(HARBOUR, message, MARA, "Ahoy, you!")

    assert discord.messages[message].text == "**Mara**\nAhoy, you!"
    assert discord.messages[message].webhook is None


@pytest.mark.parametrize("lost", ["deleted", "another key"])
async def test_a_lost_webhook_is_replaced_once(
    voice: DiscordVoice, discord: ScriptedDiscord, lost: str
) -> None:
    await voice.say(HARBOUR, MARA, "one")
    if lost == "deleted":
        discord.webhooks.clear()
    else:
        discord.script(EXECUTE, refusal(401, 50027))

    message = await voice.say(HARBOUR, MARA, "two")

    assert discord.messages[message].webhook in discord.webhooks
    assert [each.text for each in discord.on_screen(7)] == ["one", "two"]


async def test_what_a_lost_webhook_has_posted_can_still_be_read(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    message = await voice.say(HARBOUR, MARA, "**one**\ntwo")
    discord.webhooks.clear()
    with pytest.raises(PostRefused):
        await voice.edit(HARBOUR, message, MARA, "three")

    shown = await voice.look(HARBOUR, message)

    assert shown is not None
    assert shown.text == "**one**\ntwo"


async def test_webhooks_that_vanish_as_they_are_made_end_in_plain_messages(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    discord.script(EXECUTE, refusal(404, 10015), refusal(404, 10015))

    await voice.say(HARBOUR, MARA, "one")
    await voice.say(HARBOUR, MARA, "two")

    assert [each.text for each in discord.on_screen(7)] == ["**Mara**\none", "**Mara**\ntwo"]
    assert len(discord.calls(EXECUTE)) == 2


@pytest.mark.parametrize("fault", [STORE_THEN_502, STORE_THEN_RESET])
async def test_a_doubtful_post_by_webhook_is_never_sent_twice(
    voice: DiscordVoice, discord: ScriptedDiscord, fault: Fault
) -> None:
    discord.script(EXECUTE, fault)

    with pytest.raises(PostAmbiguous):
        await voice.say(HARBOUR, MARA, "Ahoy!")

    assert len(discord.messages) == 1


async def test_a_button_that_cannot_be_pressed_is_sent_as_one(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    message = await voice.say(HARBOUR, MARA, "Ahoy!", [Button("…", "post:1", disabled=True)])

    assert discord.messages[message].components[0]["components"][0]["disabled"] is True


async def test_a_webhook_with_another_key_still_edits_its_messages(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    message = await voice.say(HARBOUR, MARA, "Ahoy")
    [row] = discord.webhooks.values()
    row["token"] = "another-key"
    discord.script(EDIT, refusal(401, 50027))

    await voice.edit(HARBOUR, message, MARA, "Ahoy!")

    assert [each.text for each in discord.on_screen(7)] == ["Ahoy!"]


async def test_a_face_that_discord_does_not_take_is_left_out(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    wrong = {"avatar_url": {"_errors": [{"code": "URL_TYPE_INVALID_URL", "message": "no"}]}}
    body = {"message": "Invalid Form Body", "code": 50035, "errors": wrong}
    discord.script(EXECUTE, Fault(status=400, body=body))

    message = await voice.say(HARBOUR, MARA, "Ahoy!")

    assert discord.messages[message].author == "Mara"
    assert "avatar_url" not in discord.calls(EXECUTE)[-1].body


@pytest.mark.parametrize("code", [50083, 160005, 10003, 200000])
async def test_what_discord_forbids_is_refused_at_once(
    voice: DiscordVoice, discord: ScriptedDiscord, code: int
) -> None:
    discord.script(EXECUTE, refusal(400, code))

    with pytest.raises(PostRefused):
        await voice.say(HARBOUR, MARA, "Ahoy!")

    assert not discord.messages


@pytest.mark.parametrize("plainly", [False, True])
async def test_after_a_restart_messages_are_still_edited_and_deleted(
    discord: ScriptedDiscord, session: aiohttp.ClientSession, *, plainly: bool
) -> None:
    before = voice_of(discord, session)
    if plainly:
        discord.script("GET .*webhooks", refusal(403, 50013))
    changed = await before.say(PIER, MARA, "one")
    removed = await before.say(PIER, MARA, "two")

    after = voice_of(discord, session)
    await after.edit(PIER, changed, MARA, "one, changed")
    await after.delete(PIER, removed)

    assert [each.text for each in discord.on_screen(71)] == [
        "**Mara**\none, changed" if plainly else "one, changed"
    ]


@pytest.mark.parametrize("place", [HARBOUR, LETTERS])
@pytest.mark.parametrize("restarted", [False, True])
async def test_editing_what_a_moderator_deleted_is_refused(
    discord: ScriptedDiscord, session: aiohttp.ClientSession, place: Place, *, restarted: bool
) -> None:
    voice = voice_of(discord, session)
    message = await voice.say(place, MARA, "Ahoy!")
    discord.messages.clear()
    if restarted:
        voice = voice_of(discord, session)

    with pytest.raises(Refused) as refused:
        await voice.edit(place, message, MARA, "Ahoy, you!")

    assert refused.value.code == 10008


@pytest.mark.parametrize("place", [HARBOUR, PIER, LETTERS])
async def test_deleting_what_is_gone_is_fine(voice: DiscordVoice, place: Place) -> None:
    message = await voice.say(place, MARA, "Ahoy!")
    await voice.delete(place, message)

    await voice.delete(place, message)
    await voice.delete(place, MessageId(31337))
