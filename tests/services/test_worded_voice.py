"""Channels hear the bot in their server's language, and characters as they speak."""

from bot.core.phrases import Words, phrase
from bot.core.ports import Button, Speaker
from bot.core.scene import ChannelId, GuildId, Place
from bot.services.worded_voice import WordedVoice
from tests.fakes.scripted_voice import ScriptedVoice

BERLIN = Place(ChannelId(7), GuildId(1), None)
YORK = Place(ChannelId(8), GuildId(2), None)
GERMAN = {"Stop": "Stopp", "{name} waits.": "{name} wartet.", "Long.": "ö" * 3_000}


def words_of(place: Place) -> Words:
    return GERMAN if place == BERLIN else {}


async def test_notices_and_labels_are_in_the_language_of_the_place() -> None:
    heard = ScriptedVoice()
    voice = WordedVoice(heard, words_of)

    for place in (BERLIN, YORK):
        await voice.notice(
            place, phrase("{name} waits.", name="Clover"), [Button(phrase("Stop"), "stop")]
        )

    [german], [english] = heard.on_screen(BERLIN.channel), heard.on_screen(YORK.channel)
    assert (german.text, german.labels) == ("Clover wartet.", ["Stopp"])
    assert (english.text, english.labels) == ("Clover waits.", ["Stop"])


async def test_what_a_character_says_is_left_alone_and_its_buttons_are_not() -> None:
    heard = ScriptedVoice()
    voice = WordedVoice(heard, words_of)

    message = await voice.say(BERLIN, Speaker("Clover"), "Stop", [Button(phrase("Stop"), "stop")])
    await voice.edit(BERLIN, message, Speaker("Clover"), "Stop there.")
    await voice.put_buttons(BERLIN, message, [Button(phrase("Stop"), "stop")])

    [shown] = heard.on_screen(BERLIN.channel)
    assert (shown.text, shown.labels) == ("Stop there.", ["Stopp"])


async def test_no_notice_is_longer_than_discord_takes() -> None:
    heard = ScriptedVoice()

    await WordedVoice(heard, words_of).notice(BERLIN, phrase("Long."))

    [shown] = heard.on_screen(BERLIN.channel)
    assert shown.text == "ö" * 2_000
