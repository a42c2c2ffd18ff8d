"""S35: what members report reaches the host's channel, by ids, also after a restart."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.playground.world import GUILD_ID, HARBOUR_ID, TAVERN_ID, TOM_ID
from tests.playground.driver import Shown
from tests.wire.playing import Played, playing


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        yield everything


async def report(played: Played, message: Shown) -> str:
    """What Tom is told who chooses Report behind More…."""
    tom = played.world.tom
    offered = await tom.answer(await tom.context("More…", message))
    use = await tom.choose(offered, "Report")
    told = await tom.wait_for_message(
        # What was done is said in place of the menu, what went wrong below it.
        lambda m: m.content != "" and (m.id == offered.id or m.interaction_id == use.id)
    )
    return told.content


async def test_s35_a_report_reaches_the_host_by_ids_only_also_after_a_restart(
    played: Played,
) -> None:
    tom = played.world.tom
    reply = await played.reply(after=await played.say("A secret canary."))
    assert "has set no place for reports" in await report(played, reply)
    played.bot.settings["BOT_DISCORD__REPORT_CHANNEL"] = str(HARBOUR_ID)
    await played.restart()

    assert "It is reported to whoever hosts me" in await report(played, reply)

    told = (await tom.messages("harbour"))[-1]
    for known in (reply.id, TAVERN_ID, GUILD_ID, TOM_ID):
        assert str(known) in told.content
    assert "canary" not in told.content
    assert reply.content not in told.content
    link = f"https://discord.com/channels/{GUILD_ID}/{TAVERN_ID}/{reply.id}"
    reason = "hate or harassment"
    answer = await played.command("report", member=tom, message=link, reason=reason)
    assert "It is reported" in answer
    assert f"Report ({reason})" in (await tom.messages("harbour"))[-1].content
    await report(played, reply)
    assert "reported several" in await report(played, reply)


async def test_s35_what_is_no_message_here_is_not_reported(played: Played) -> None:
    for text in ("it was bad", "https://discord.com/channels/1/2/3", "https://evil.example/1/2/3"):
        told = await played.command("report", member=played.world.tom, message=text)
        assert "Give the link of a message here" in told
