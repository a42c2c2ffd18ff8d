"""Who joins a shared story is asked once, and what they choose holds."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.playground.driver import Shown, eventually
from tests.wire.canaries import stored
from tests.wire.playing import Played, playing

CANARY = "zanzibar-9417"


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path, BOT_GUILDS__ASK_PLAYERS="true") as everything:
        yield everything


async def question(played: Played) -> Shown:
    """What Tom is asked when he joins."""
    await played.reply(after=await played.say(f"Clover, {CANARY}!", member=played.world.tom))
    return await played.world.tom.wait_for_message(lambda m: "Never store me" in m.labels)


async def chosen(played: Played, asked: Shown, label: str) -> Shown:
    """What he is told, once the question is gone."""
    tom = played.world.tom
    told = await tom.answer(await tom.click(asked, label))
    assert told.is_ephemeral

    async def is_gone() -> bool:
        return await tom.see(asked) is None

    await eventually(is_gone)
    return told


async def test_s34_who_joins_is_asked_and_plays_meanwhile(played: Played) -> None:
    asked = await question(played)

    assert asked.labels == ["Join", "Read only", "Never store me"]
    assert "**Tom**, you play in a shared story now" in asked.content
    refused = await played.world.mara.answer(await played.world.mara.click(asked, "Join"))
    assert "asks somebody else" in refused.content
    assert refused.is_ephemeral
    assert await played.world.tom.see(asked) is not None

    assert "You play along" in (await chosen(played, asked, "Join")).content
    assert ("Tom", f"Clover, {CANARY}!") in await played.memory()
    await played.reply(after=await played.say("Clover, more?", member=played.world.tom))
    await played.restart()
    await played.reply(after=await played.say("Clover, and more?", member=played.world.tom))
    assert not [m for m in await played.world.tom.messages() if "Join" in m.labels]


async def test_who_only_reads_is_not_stored_on_that_server(
    played: Played, clean_redis_url: str
) -> None:
    tom = played.world.tom
    asked = await question(played)

    told = await chosen(played, asked, "Read only")

    assert "You read along" in told.content
    assert "1 line" in told.content
    assert CANARY not in await stored(clean_redis_url)
    await played.say(f"Clover, {CANARY} again.", member=tom)
    await played.reply(after=await played.say("Clover?"))
    assert CANARY not in await stored(clean_redis_url)
    refused = await played.command("narrate", member=tom, text="It snows.")
    assert "only read along on this server" in refused
    direct = await tom.dm()
    use = await tom.slash("roleplay start", channel=direct, character="clover", greeting="none")
    assert "is on" in (await tom.answer(use)).content


async def test_who_is_never_to_be_stored_is_not_anywhere(
    played: Played, clean_redis_url: str
) -> None:
    asked = await question(played)

    told = await chosen(played, asked, "Never store me")

    assert "From now on I store nothing" in told.content
    assert told.labels == ["Forget", "Keep it"]
    assert CANARY not in await stored(clean_redis_url)


@pytest.mark.parametrize(
    ("label", "words", "is_kept"),
    [
        ("Join", "You play along", True),
        ("Read only", "You read along", False),
        ("Never store me", "From now on I store nothing", False),
    ],
)
async def test_s34_what_a_killed_process_has_asked_can_be_answered(
    played: Played, clean_redis_url: str, label: str, words: str, *, is_kept: bool
) -> None:
    """Its successor knows nothing of the message: all is in the buttons."""
    asked = await question(played)
    await played.remembers(2)
    await played.restart()
    refused = await played.world.mara.answer(await played.world.mara.click(asked, label))
    assert "asks somebody else" in refused.content

    told = await chosen(played, asked, label)

    assert words in told.content
    assert (CANARY in await stored(clean_redis_url)) == is_kept
    await played.say(f"Clover, {CANARY} again.", member=played.world.tom)
    await played.reply(after=await played.say("Clover?"))
    assert (CANARY in await stored(clean_redis_url)) == is_kept


async def test_who_plays_alone_is_asked_nothing(played: Played) -> None:
    await played.reply(after=await played.say("Clover?"))

    assert not [m for m in await played.world.mara.messages() if "Join" in m.labels]
