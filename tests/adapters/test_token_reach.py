"""S43: what a token reaches is found, whatever Discord answers, and removed one by one."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, Refused, TokenReach
from bot.adapters.discord_rest.routes import GUILDS_AT_ONCE
from bot.core.incident import Application, Fate, HookFate, ServerReach
from tests.fakes.scripted_discord import (
    APPLICATION,
    BAD_GATEWAY,
    RESET,
    Fault,
    ScriptedDiscord,
    limited,
    refusal,
    scripted_discord,
)

NO_RIGHT = refusal(403, 50013)
GONE = refusal(404, 10015)
DONE = Fault(status=204)
INN = ServerReach(50, "Inn")


@pytest.fixture
async def discord() -> AsyncIterator[ScriptedDiscord]:
    async with scripted_discord() as discord:
        yield discord


@pytest.fixture
async def reach(discord: ScriptedDiscord) -> AsyncIterator[TokenReach]:
    async with aiohttp.ClientSession() as session:
        rest = DiscordRest(session, api_url=discord.url, token="t", chance=lambda: 0.0)
        yield TokenReach(rest, redacted=lambda text: text.replace("secret", "…"))


def said(body: Any) -> Fault:
    return Fault(status=200, body=body)


def hook(number: int, *, channel: int = 7, application: int | None = APPLICATION) -> dict[str, Any]:
    ours = None if application is None else str(application)
    return {"id": str(number), "channel_id": str(channel), "application_id": ours, "token": "key"}


def knows_the_inn(discord: ScriptedDiscord) -> None:
    inn = {"id": "50", "name": "Inn", "owner_id": "5", "approximate_member_count": 12}
    discord.script(r"GET /guilds/50$", said(inn))


async def test_who_the_token_belongs_to_and_what_sends_elsewhere_is_told(
    reach: TokenReach, discord: ScriptedDiscord
) -> None:
    row = {"id": "9", "name": "Zeph secret\u202e", "interactions_endpoint_url": "https://x.invalid"}
    discord.script("GET /applications/@me", said({**row, "event_webhooks_url": None}))

    found = await reach.application()

    assert found == Application(9, "Zeph …", ("interactions_endpoint_url",))


async def test_a_token_that_is_dead_is_refused(reach: TokenReach, discord: ScriptedDiscord) -> None:
    discord.script("GET /applications/@me", refusal(401, 0))

    with pytest.raises(Refused) as caught:
        await reach.application()

    assert caught.value.status == 401


async def test_every_server_is_listed_page_by_page(
    reach: TokenReach, discord: ScriptedDiscord
) -> None:
    rows = [{"id": str(number), "name": f"s{number}"} for number in range(1, GUILDS_AT_ONCE + 3)]
    first, second = rows[:GUILDS_AT_ONCE], rows[GUILDS_AT_ONCE:]
    discord.script("GET /users/@me/guilds", said(first), said(second))

    found = [server async for server in reach.servers()]

    assert [server.id for server in found] == list(range(1, GUILDS_AT_ONCE + 3))
    asked = [call.query["after"] for call in discord.calls("guilds")]
    assert asked == ["0", str(GUILDS_AT_ONCE)]


async def test_only_our_own_webhooks_are_found(reach: TokenReach, discord: ScriptedDiscord) -> None:
    knows_the_inn(discord)
    rows = [hook(1), hook(2, application=99), hook(3, application=None), hook(4, channel=8)]
    discord.script("GET /guilds/50/webhooks", said(rows))

    found = await reach.look(INN, APPLICATION)

    assert (found.owner, found.members, found.unseen) == (5, 12, "")
    assert found.hooks == (HookFate(1, 7), HookFate(4, 8))
    assert "key" not in repr(found)


async def test_without_the_right_on_the_server_channels_that_give_it_are_asked_and_it_is_said(
    reach: TokenReach, discord: ScriptedDiscord
) -> None:
    knows_the_inn(discord)
    discord.script("GET /guilds/50/webhooks", NO_RIGHT)
    allow, nothing = str(1 << 29), "0"
    channels = [
        {"id": str(number), "permission_overwrites": [{"id": "1", "allow": bits, "deny": "0"}]}
        for number, bits in ((7, allow), (8, nothing), (9, allow))
    ]
    discord.script("GET /guilds/50/channels", said(channels))
    discord.script("GET /channels/7/webhooks", said([hook(1)]))
    discord.script("GET /channels/9/webhooks", NO_RIGHT)

    found = await reach.look(INN, APPLICATION)

    assert found.hooks == (HookFate(1, 7),)
    assert "Manage Webhooks" in found.unseen
    assert not discord.calls("GET /channels/8/webhooks")


@pytest.mark.parametrize("fault", [RESET, BAD_GATEWAY])
async def test_a_server_that_cannot_be_looked_at_is_named_as_such(
    reach: TokenReach, discord: ScriptedDiscord, fault: Fault
) -> None:
    discord.script(r"GET /guilds/50$", *[fault] * 9)  # a lost GET is repeated below us, too

    found = await reach.look(INN, APPLICATION)

    assert (found.hooks, found.name) == ((), "Inn")
    assert "ask again" in found.unseen


async def test_removing_waits_where_discord_asks_for_it(
    reach: TokenReach, discord: ScriptedDiscord
) -> None:
    discord.script("DELETE /webhooks/1$", limited(0.3), DONE)
    discord.script("DELETE /webhooks/2$", DONE)

    fates = [await reach.remove(HookFate(number, 7)) for number in (1, 2)]

    assert [fate.state for fate in fates] == [Fate.REMOVED, Fate.REMOVED]
    first, again, _ = discord.calls("DELETE")
    assert again.at - first.at >= 0.3
    assert all("key" not in call.path for call in discord.requests)


async def test_one_that_is_gone_already_is_removed_and_asked_for_once(
    reach: TokenReach, discord: ScriptedDiscord
) -> None:
    discord.script("DELETE", GONE)

    fate = await reach.remove(HookFate(1, 7))

    assert fate.state is Fate.REMOVED
    assert len(discord.calls("DELETE")) == 1


@pytest.mark.parametrize(
    ("faults", "word"), [([NO_RIGHT], "Manage Webhooks"), ([BAD_GATEWAY] * 3, "ask again")]
)
async def test_one_that_cannot_be_removed_is_left_with_the_reason(
    reach: TokenReach, discord: ScriptedDiscord, faults: list[Fault], word: str
) -> None:
    discord.script("DELETE", *faults)

    fate = await reach.remove(HookFate(1, 7))

    assert fate.state is Fate.LEFT
    assert word in fate.why
