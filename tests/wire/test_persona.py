"""Personas on a running bot: what the model reads, what stands on the screen, what is refused."""

import struct
import zlib
from collections.abc import AsyncGenerator
from pathlib import Path

import discord
import pytest

from bot.core.personas import PERSONA
from bot.core.scene import UserId
from bot.playground.world import GUILD_ID, HARBOUR_ID, KEEPER_ROLE_ID, MARA_ID, PLAYER_ROLE_ID
from tests.playground.driver import Member, Shown
from tests.wire.telling import Told, telling

SMITH = "A smith with burnt hands."
SINGER = "A singer who lost her voice."
NO_PICTURE = "A picture is a PNG, JPEG, WebP or GIF of at most 8 MB and 4096 pixels a side."
OWNER = "looks like a moderator's name here. Please choose another name."


def picture() -> bytes:
    """A PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.fixture
async def told(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Told, None]:
    async with telling(clean_redis_url, tmp_path) as everything:
        yield everything


async def persona(
    told: Told, name: str, description: str = SMITH, *, member: Member | None = None, **more: object
) -> str:
    answer = await told.command(
        "persona set", member=member, name=name, description=description, **more
    )
    return answer.content


async def played(told: Told) -> list[tuple[str, str]]:
    """Who has said each line of a player's, and what the model was told of them."""
    scene = await told.scene()
    return [
        (turn.name, turn.facts.get(PERSONA, "")) for turn in scene.turns if turn.author is not None
    ]


async def test_the_model_reads_whom_a_player_plays_and_only_from_then_on(told: Told) -> None:
    await told.exchange("I knock.", "Who is there?")
    assert await persona(told, "Ash") == (
        "You play **Ash** on this server from now on. What was said stays as it was."
    )

    prompt = await told.prompt("Only a smith.")

    assert f"Ash's Persona: {SMITH}\n\n" in prompt
    assert "Mara: I knock." in prompt
    assert "Ash: Only a smith." in prompt
    assert await played(told) == [("Mara", ""), ("Ash", SMITH)]

    changed = await persona(told, "ash:", "A smith who has sold her forge.")
    assert changed.startswith("You play **ash** on this server from now on.")
    await persona(told, "Moth", SINGER, scope="scene")
    prompt = await told.prompt("And now a singer.")

    assert f"Moth's Persona: {SINGER}\n\n" in prompt
    assert SMITH not in prompt
    assert "Ash: Only a smith." in prompt
    assert await played(told) == [("Mara", ""), ("Ash", SMITH), ("Moth", SINGER)]


async def test_every_player_has_their_own_paragraph(told: Told) -> None:
    await persona(told, "Ash")
    await persona(told, "Reed", SINGER, member=told.world.tom)
    await told.exchange("I hammer.", "Loud.")
    tom = told.world.tom
    await tom.send("I sing.")
    await told.exchange("Clover, do you hear?", "I do.")

    prompt = told.tgi.asked[-1].prompt

    assert f"Ash's Persona: {SMITH}\n\nReed's Persona: {SINGER}\n\n" in prompt
    assert "with Ash and Reed below" in prompt


async def test_a_persona_of_this_server_is_not_played_elsewhere(told: Told) -> None:
    mara = told.world.mara
    await persona(told, "Ash")
    direct = await mara.dm()
    await mara.answer(
        await mara.slash("roleplay start", channel=direct, character="clover", greeting="none")
    )
    told.tgi.reply = lambda _: " Good evening."

    await mara.send("It is me.", direct)
    await mara.wait_for_message(lambda m: m.content.endswith("Good evening."), channel=direct)

    assert "Mara: It is me." in told.tgi.asked[-1].prompt
    assert SMITH not in told.tgi.asked[-1].prompt
    shown = await mara.answer(await mara.slash("persona show", channel=direct))
    assert shown.content == "You play yourself here: **Mara**."
    refused = await mara.answer(
        await mara.slash("persona use", channel=direct, name="Ash", scope="server")
    )
    assert refused.content == "There is no server here. Choose everywhere, or this scene."

    chosen = await mara.answer(await mara.slash("persona use", channel=direct, name="Ash"))
    assert chosen.content.startswith("You play **Ash** everywhere from now on.")


async def test_a_persona_outlives_a_restart_and_so_does_its_form(told: Told) -> None:
    mara = told.world.mara
    form = await mara.slash("persona set", name="Ash")
    await told.restart()

    submitted = await mara.submit(form, {"text": f"{SMITH}\n\nShe hums."})
    answer = await mara.answer(submitted)
    assert answer.content.startswith("You play **Ash** on this server from now on.")
    await told.restart()

    assert f"Ash's Persona: {SMITH}\nShe hums.\n\n" in await told.prompt("Here I am.")
    again = await mara.slash("persona set", name="ash")
    assert again.modal is not None
    assert "She hums." in str(again.modal)


async def test_personas_are_listed_shown_chosen_and_forgotten(told: Told) -> None:
    mara = told.world.mara
    assert (await told.command("persona list")).content.startswith("You have no personas.")
    await persona(told, "Ash", scope="everywhere")
    await persona(told, "Moth", SINGER, scope="scene")

    listed = (await told.command("persona list")).content
    assert listed == (
        f"**Ash** (played everywhere): {SMITH}\n"
        f"**Moth** (played in this channel or thread): {SINGER}"
    )
    assert (await told.command("persona show")).content == f"You play **Moth**\n>>> {SINGER}"
    assert (await told.command("persona show", name="ash")).content == f"**Ash**\n>>> {SMITH}"
    assert await mara.autocomplete("persona use", "name", "as") == [("Ash", "Ash")]
    assert await told.world.tom.autocomplete("persona use", "name") == []
    still = await told.command("persona use", name="Ash", scope="server")
    assert still.content == (
        "You play **Ash** on this server from now on. Here you are still **Moth**, whom you play "
        "in this channel or thread; `/persona clear` changes that."
    )

    cleared = await told.command("persona clear")
    assert cleared.content == "Here you play **Ash**, whom you play on this server."
    forgotten = await told.command("persona clear", name="Ash")
    assert forgotten.content == (
        "**Ash** is forgotten. What they have said stays. Here you play yourself: **Mara**."
    )
    unknown = await told.command("persona use", name="Ash")
    assert unknown.content == "You have no persona “Ash”. See /persona list."


async def fetched(told: Told, message: Shown) -> bytes:
    """The picture beside a message."""
    url = f"{told.world.address.base_url}{message.avatar_url}"
    async with told.world.session.get(url) as answer:
        return await answer.read()


async def test_a_line_is_sent_under_the_name_and_the_face_of_the_persona(told: Told) -> None:
    mara = told.world.mara
    answer = await persona(told, "Ash", avatar=("ash.png", picture()))
    assert answer.startswith("You play **Ash**")
    told.tgi.reply = lambda prompt: " I strike." if prompt.endswith("\nAsh:") else " Sparks fly."

    draft = await mara.answer(await mara.slash("impersonate"))
    assert draft.content.endswith("\nI strike.")
    await mara.click(draft, "Send")
    reply = await told.reply("Sparks fly.")

    [sent] = [m for m in await told.world.tom.messages() if m.is_webhook and m.author == "Ash"]
    assert sent.content == "I strike."
    assert await fetched(told, sent) == picture()
    assert reply.id > sent.id
    assert f"Ash's Persona: {SMITH}" in told.tgi.asked[-1].prompt
    shown = await told.command("persona show")
    assert "ash.png" in str(shown.raw["embeds"])


async def test_what_is_no_picture_is_refused(told: Told) -> None:
    for name, data in (("ash.svg", b"<svg/>"), ("ash.png", b"not a picture")):
        refused = await persona(told, "Ash", avatar=(name, data))
        assert (
            refused
            == "A picture is a PNG, JPEG, WebP or GIF of at most 8 MB and 4096 pixels a side."
        )
    refused = await persona(told, "Ash", picture="http://pictures.test/ash.png")
    assert refused.startswith("A picture's address begins with https://")

    assert (await told.command("persona list")).content.startswith("You have no personas.")


async def test_a_name_like_a_moderators_gets_one_sentence(told: Told) -> None:
    # Ann owns the server, and has not been seen yet.
    assert await persona(told, "\u0391nn") == f"“\u0391nn” {OWNER}"
    assert await persona(told, "Clover", member=told.world.ann) == (
        "You play **Clover** on this server from now on. What was said stays as it was."
    )
    assert await persona(told, "D\u0456scord Staff") == (
        "“D\u0456scord Staff” looks like a name of Discord's or of a server's staff. "
        "Please choose another name."
    )
    refused = await told.command("persona set", name="ann (mod)")
    assert refused.content == f"“ann (mod)” {OWNER}"
    assert (await told.store.wardrobe(UserId(MARA_ID))).personas == ()
    assert await persona(told, "Ann", member=told.world.ann, scope="everywhere")


async def writes(told: Told, name: str, *roles: int) -> None:
    """Somebody with these roles writes, where no scene plays."""
    user = {"id": "1200000000000000999", "username": name.lower(), "global_name": None}
    now = discord.utils.utcnow()
    await told.world.tell(
        "MESSAGE_CREATE",
        id=str(discord.utils.time_snowflake(now)),
        channel_id=str(HARBOUR_ID),
        guild_id=str(GUILD_ID),
        author={**user, "discriminator": "0", "avatar": None},
        member={
            "nick": name,
            "roles": [str(role) for role in roles],
            "joined_at": "2024-01-01T00:00:00+00:00",
            "deaf": False,
            "mute": False,
            "flags": 0,
        },
        content="Good evening.",
        timestamp=now.isoformat(),
        edited_timestamp=None,
        tts=False,
        mention_everyone=False,
        mentions=[],
        mention_roles=[],
        attachments=[],
        embeds=[],
        pinned=False,
        type=0,
    )


async def test_a_moderator_is_known_once_they_have_written(told: Told) -> None:
    assert (await persona(told, "Hilda")).startswith("You play **Hilda**")

    await writes(told, "Hilda", PLAYER_ROLE_ID)
    assert (await persona(told, "H\u0456lda")).startswith("You play **H\u0456lda**")

    await writes(told, "Hilda", PLAYER_ROLE_ID, KEEPER_ROLE_ID)
    assert await persona(told, "H1lda") == f"“H1lda” {OWNER}"
    used = await told.command("persona use", name="Hilda")
    assert used.content == f"“Hilda” {OWNER}"

    await writes(told, "Hilda", PLAYER_ROLE_ID)
    assert (await persona(told, "H1lda")).startswith("You play **H1lda**")


async def test_what_the_bot_is_called_is_its_own(told: Told) -> None:
    me = await told.world.rest("GET", "/users/@me")

    refused = await persona(told, me["username"].upper())

    assert refused.endswith("looks like my own name here. Please choose another name.")


async def test_no_line_is_sent_under_a_characters_name(told: Told) -> None:
    await persona(told, "Clov\u0435r")
    before = await told.screen()
    told.tgi.reply = lambda _: " I wait."
    mara = told.world.mara
    draft = await mara.answer(await mara.slash("impersonate"))

    refused = await told.press(draft, "Send")

    assert refused.content.endswith(
        "looks like a character's name here. Please choose another name."
    )
    assert await told.screen() == before
    assert await told.memory() == []
