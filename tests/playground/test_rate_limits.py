"""Discord's limits, where they are switched on."""

import time

import discord

from bot.playground.world import TAVERN_ID
from tests.playground.client import new_bot, online
from tests.playground.driver import playground

PATH = f"/channels/{TAVERN_ID}/messages"


async def test_the_sixth_message_within_five_seconds_is_refused_with_all_headers() -> None:
    async with playground(enforce_limits=True) as world:
        headers = {"Authorization": f"Bot {world.token}"}
        url = world.address.api_url + PATH
        for number in range(5):
            async with world.session.post(url, json={"content": "x"}, headers=headers) as response:
                assert response.status == 200
                assert response.headers["X-RateLimit-Remaining"] == str(4 - number)

        async with world.session.post(url, json={"content": "x"}, headers=headers) as response:
            body = await response.json()

        assert response.status == 429
        assert response.headers["X-RateLimit-Scope"] == "user"
        assert response.headers["Via"]
        assert 0 < body["retry_after"] <= 5
        assert body["global"] is False
        assert len(await world.mara.messages()) == 5


async def test_a_stock_client_heeds_a_webhooks_limit() -> None:
    async with playground(enforce_limits=True) as world, online(world, new_bot()) as bot:
        tavern = bot.get_channel(TAVERN_ID)
        assert isinstance(tavern, discord.TextChannel)
        hook = await tavern.create_webhook(name="Stage")
        began = time.monotonic()

        for number in range(6):
            await hook.send(f"line {number}")

        assert time.monotonic() - began > 1.0
        assert len(await world.mara.messages()) == 6


async def test_more_than_fifty_requests_a_second_are_refused_everywhere() -> None:
    async with playground(enforce_limits=True) as world:
        headers = {"Authorization": f"Bot {world.token}"}
        statuses = []
        for _ in range(60):
            url = world.address.api_url + "/users/@me"
            async with world.session.get(url, headers=headers) as response:
                statuses.append(response.status)
                if response.status == 429:
                    assert response.headers["X-RateLimit-Global"] == "true"

        assert statuses[:50] == [200] * 50
        assert 429 in statuses


async def test_without_the_switch_nothing_is_counted() -> None:
    async with playground() as world:
        for _ in range(20):
            await world.rest("POST", PATH, json={"content": "x"})

        assert len(await world.mara.messages()) == 20
