import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, NotTaken, Refused, routes
from bot.adapters.discord_rest.limits import RateLimits
from bot.adapters.discord_rest.routes import Webhook
from bot.core.errors import PostAmbiguous
from bot.core.scene import ChannelId, MessageId
from tests.fakes.scripted_discord import (
    BAD_GATEWAY,
    RESET,
    STORE_THEN_502,
    STORE_THEN_RESET,
    VIA,
    Fault,
    Recorded,
    ScriptedDiscord,
    limited,
    refusal,
    scripted_discord,
)

HARBOUR = ChannelId(7)
TAVERN = ChannelId(8)
HELLO = {"content": "hello", "allowed_mentions": {"parse": []}}
TOKEN = "secret-token"


@pytest.fixture
async def discord() -> AsyncIterator[ScriptedDiscord]:
    async with scripted_discord() as discord:
        yield discord


@pytest.fixture
def rest(discord: ScriptedDiscord, session: aiohttp.ClientSession) -> DiscordRest:
    return _rest(discord.url, session)


def _rest(url: str, session: aiohttp.ClientSession, *, per_second: int = 50) -> DiscordRest:
    return DiscordRest(
        session,
        api_url=url,
        token=TOKEN,
        connect_s=0.5,
        answer_s=0.5,
        whole_s=3.0,
        per_second=per_second,
        chance=lambda: 0.0,
    )


async def test_the_bot_says_who_it_is(rest: DiscordRest, discord: ScriptedDiscord) -> None:
    await rest.request(routes.create_message(HARBOUR), HELLO)

    headers = discord.requests[0].headers
    assert headers["Authorization"] == f"Bot {TOKEN}"
    assert headers["User-Agent"].startswith("DiscordBot (https://")


async def test_a_webhook_is_executed_without_the_bots_token(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    number = discord.add_webhook(HARBOUR)

    await rest.request(routes.execute_webhook(Webhook(number, f"key-{number}"), None), HELLO)

    assert "Authorization" not in discord.requests[0].headers
    assert discord.requests[0].query == {"wait": "true"}


@pytest.mark.parametrize(
    "fault", [STORE_THEN_502, STORE_THEN_RESET, Fault(stores=True, after_s=5, status=200)]
)
async def test_a_post_with_a_doubtful_answer_is_not_repeated(
    rest: DiscordRest, discord: ScriptedDiscord, fault: Fault
) -> None:
    discord.script("POST", fault)

    with pytest.raises(PostAmbiguous):
        await rest.request(routes.create_message(HARBOUR), HELLO)

    assert len(discord.calls("POST")) == 1
    assert len(discord.on_screen(HARBOUR)) == 1


@pytest.mark.parametrize("fault", [BAD_GATEWAY, RESET, Fault(after_s=5, status=200)])
async def test_an_edit_with_a_doubtful_answer_is_repeated(
    rest: DiscordRest, discord: ScriptedDiscord, fault: Fault
) -> None:
    posted = await rest.request(routes.create_message(HARBOUR), HELLO)
    discord.script("PATCH", fault)
    route = routes.edit_message(HARBOUR, MessageId(int(posted["id"])))

    await rest.request(route, {**HELLO, "content": "changed", "components": []})

    assert [each.text for each in discord.on_screen(HARBOUR)] == ["changed"]
    assert len(discord.calls("PATCH")) == 2


async def test_repeating_ends_after_three_tries(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    discord.script("PATCH", *[BAD_GATEWAY] * 9)

    with pytest.raises(PostAmbiguous):
        await rest.request(routes.edit_message(HARBOUR, MessageId(1)), HELLO)

    assert len(discord.calls("PATCH")) == 3


async def test_nobody_listening_means_that_nothing_was_posted(
    session: aiohttp.ClientSession,
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        rest = _rest(f"http://127.0.0.1:{unused.getsockname()[1]}", session)

        with pytest.raises(NotTaken):
            await rest.request(routes.create_message(HARBOUR), HELLO)


async def test_a_refusal_carries_discords_code(rest: DiscordRest, discord: ScriptedDiscord) -> None:
    discord.script("POST", refusal(403, 50013))

    with pytest.raises(Refused) as refused:
        await rest.request(routes.create_message(HARBOUR), HELLO)

    assert (refused.value.status, refused.value.code) == (403, 50013)
    assert len(discord.requests) == 1


@pytest.mark.parametrize("scope", ["user", "global", "shared"])
async def test_a_limited_post_is_sent_again_when_it_is_time(
    rest: DiscordRest, discord: ScriptedDiscord, scope: str
) -> None:
    discord.script("POST", limited(0.2, scope=scope))

    await rest.request(routes.create_message(HARBOUR), HELLO)

    first, second = discord.calls("POST")
    assert second.at - first.at >= 0.19
    assert len(discord.on_screen(HARBOUR)) == 1


async def test_a_limit_without_headers_is_read_from_the_body(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    discord.script("POST", limited(0.2, headers=VIA))

    await rest.request(routes.create_message(HARBOUR), HELLO)

    first, second = discord.calls("POST")
    assert second.at - first.at >= 0.19


async def test_a_long_limit_is_not_waited_for(rest: DiscordRest, discord: ScriptedDiscord) -> None:
    discord.script("POST", limited(600))
    started = time.monotonic()

    for _ in range(3):
        with pytest.raises(NotTaken):
            await rest.request(routes.create_message(HARBOUR), HELLO)

    assert time.monotonic() - started < 1
    assert len(discord.requests) == 1


async def test_a_limit_of_one_channel_holds_up_no_other(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    discord.script("POST", limited(600))
    with pytest.raises(NotTaken):
        await rest.request(routes.create_message(HARBOUR), HELLO)

    await rest.request(routes.create_message(TAVERN), HELLO)

    assert len(discord.on_screen(TAVERN)) == 1


async def test_a_global_limit_holds_up_every_channel_but_not_webhooks(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    number = discord.add_webhook(TAVERN)
    discord.script("POST", limited(600, scope="global"))
    with pytest.raises(NotTaken):
        await rest.request(routes.create_message(HARBOUR), HELLO)

    with pytest.raises(NotTaken):
        await rest.request(routes.create_message(TAVERN), HELLO)
    await rest.request(routes.execute_webhook(Webhook(number, f"key-{number}"), None), HELLO)

    assert len(discord.requests) == 2


async def test_a_shut_out_by_cloudflare_stops_everything(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    number = discord.add_webhook(TAVERN)
    discord.script("POST", Fault(status=429, text="<html>banned</html>"))
    with pytest.raises(NotTaken):
        await rest.request(routes.create_message(HARBOUR), HELLO)

    with pytest.raises(NotTaken):
        await rest.request(routes.execute_webhook(Webhook(number, f"key-{number}"), None), HELLO)

    assert len(discord.requests) == 1


async def test_requests_wait_before_a_known_limit_is_hit(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    window_s = 0.4
    sent: list[float] = []

    def headers(asked: Recorded) -> dict[str, str]:
        inside = [at for at in sent if at > asked.at - window_s]
        sent.append(asked.at)
        return {
            "X-RateLimit-Bucket": "abc",
            "X-RateLimit-Limit": "2",
            "X-RateLimit-Remaining": str(max(0, 1 - len(inside))),
            "X-RateLimit-Reset-After": str(window_s),
        }

    discord.answer_headers = headers

    for _ in range(5):
        await rest.request(routes.create_message(HARBOUR), HELLO)

    times = [each.at for each in discord.requests]
    assert all(
        later - earlier >= window_s for earlier, later in zip(times, times[2:], strict=False)
    )
    assert times[1] - times[0] < window_s / 2


async def test_a_new_window_lets_no_more_through_than_the_old_one(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    window_s = 0.3
    discord.answer_headers = lambda _: {
        "X-RateLimit-Bucket": "abc",
        "X-RateLimit-Limit": "2",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": str(window_s),
    }
    await rest.request(routes.create_message(HARBOUR), HELLO)
    discord.latency_s = 0.1  # so that no answer helps with the counting

    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(rest.request(routes.create_message(HARBOUR), HELLO))

    times = sorted(each.at for each in discord.requests)
    assert times[1] - times[0] >= window_s - 0.01
    assert times[3] - times[2] >= window_s - 0.01


async def test_routes_in_one_bucket_share_its_limit(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    discord.answer_headers = lambda _: {
        "X-RateLimit-Bucket": "shared",
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "5",
        "X-RateLimit-Reset-After": "0.3",
    }
    await rest.request(routes.typing(HARBOUR))
    posted = await rest.request(routes.create_message(HARBOUR), HELLO)
    discord.answer_headers = lambda _: {
        "X-RateLimit-Bucket": "shared",
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": "0.3",
    }
    await rest.request(routes.create_message(HARBOUR), HELLO)
    emptied = time.monotonic()

    await rest.request(routes.typing(HARBOUR))

    assert posted is not None
    assert discord.requests[-1].at - emptied >= 0.25


async def test_no_more_than_so_many_requests_leave_in_a_second(
    discord: ScriptedDiscord, session: aiohttp.ClientSession
) -> None:
    rest = _rest(discord.url, session, per_second=5)

    async with asyncio.TaskGroup() as tasks:
        for number in range(8):
            tasks.create_task(rest.request(routes.typing(ChannelId(number))))

    times = sorted(each.at for each in discord.requests)
    assert times[4] - times[0] < 0.5
    assert times[5] - times[0] >= 0.8  # the first may arrive late: it has to connect


async def test_optional_requests_rest_when_much_was_refused() -> None:
    now = 1000.0
    limits = RateLimits(clock=lambda: now)
    for _ in range(12_000):
        limits.note_invalid()

    assert limits.invalid_lately == 10_000
    now += 601
    assert limits.invalid_lately == 0


async def test_typing_stops_long_before_discord_shuts_us_out(
    rest: DiscordRest, discord: ScriptedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.discord_rest.client.OPTIONAL_UNTIL", 3)
    discord.script("POST .*/typing", *[refusal(403, 50013)] * 9)
    for _ in range(3):
        with pytest.raises(Refused):
            await rest.request(routes.typing(HARBOUR), optional=True)

    with pytest.raises(NotTaken):
        await rest.request(routes.typing(HARBOUR), optional=True)
    await rest.request(routes.create_message(HARBOUR), HELLO)

    assert len(discord.calls("typing")) == 3


async def test_a_shared_limit_does_not_count_as_our_fault(
    rest: DiscordRest, discord: ScriptedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.discord_rest.client.OPTIONAL_UNTIL", 2)
    discord.script("typing", limited(0.01, scope="shared"), limited(0.01, scope="shared"))

    await rest.request(routes.typing(HARBOUR), optional=True)
    await rest.request(routes.typing(HARBOUR), optional=True)

    assert len(discord.calls("typing")) == 4


@pytest.mark.parametrize("fault", [BAD_GATEWAY, RESET, refusal(403, 50013), limited(600)])
async def test_neither_texts_nor_keys_get_into_logs_or_errors(
    rest: DiscordRest, discord: ScriptedDiscord, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    discord.script("POST", fault)
    caplog.set_level(logging.DEBUG, logger="bot")
    route = routes.execute_webhook(Webhook(5, "webhook-key"), None)

    with pytest.raises((PostAmbiguous, NotTaken, Refused)) as raised:
        await rest.request(route, {"content": "a private line"})

    told = caplog.text + repr(raised.value) + repr(raised.value.__cause__) + repr(route)
    for secret in ("private", "webhook-key", TOKEN):
        assert secret not in told
