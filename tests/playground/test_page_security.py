"""Who may open and use the page, and what members may not do."""

import aiohttp
import pytest

from bot.playground.world import ANN_ID, MARA_ID, TAVERN_ID
from tests.playground.driver import Refused, playground

MESSAGE = {"as": str(MARA_ID), "channel_id": str(TAVERN_ID), "content": "Ahoy"}


@pytest.mark.parametrize(
    "path", ["/", "/page/state", "/page/events", "/style.css", "/page/controls/unknown-routes"]
)
async def test_nothing_of_the_page_opens_without_the_key(path: str) -> None:
    async with (
        playground() as world,
        aiohttp.ClientSession() as stranger,
        stranger.get(world.address.base_url + path) as response,
    ):
        assert response.status == 403


async def test_a_wrong_key_opens_nothing() -> None:
    async with (
        playground() as world,
        aiohttp.ClientSession() as stranger,
        stranger.get(f"{world.address.base_url}/?key=guess") as response,
    ):
        assert response.status == 403
        assert "Set-Cookie" not in response.headers


async def test_the_cookie_is_kept_from_scripts_and_other_sites() -> None:
    async with (
        playground() as world,
        aiohttp.ClientSession() as browser,
        browser.get(world.address.page_url, allow_redirects=False) as response,
    ):
        cookie = response.headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert response.headers["Location"] == "/"


async def test_a_name_that_merely_resolves_here_is_refused() -> None:
    async with playground() as world:
        headers = {"Host": "rebound.example"}
        async with world.session.get(world.address.base_url, headers=headers) as response:
            assert response.status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Content-Type": "text/plain"},
    ],
)
async def test_another_site_cannot_act(headers: dict[str, str]) -> None:
    async with playground() as world:
        with pytest.raises(Refused) as refused:
            await world.page("POST", "/page/messages", json=MESSAGE, headers=headers)

        assert refused.value.status == 403
        assert await world.mara.messages() == []


async def test_the_page_may_load_nothing_from_elsewhere() -> None:
    async with (
        playground() as world,
        world.session.get(world.address.base_url + "/page/state") as response,
    ):
        policy = response.headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


async def test_nobody_can_act_as_the_bot_or_as_a_stranger() -> None:
    async with playground() as world:
        for who in (str(world.mara.id - 9), "1", "", None):
            with pytest.raises(Refused):
                await world.act("/page/messages", {**MESSAGE, "as": who})


async def test_only_authors_edit_and_only_moderators_delete_for_others() -> None:
    async with playground() as world:
        said = await world.mara.send("Mine")

        with pytest.raises(Refused) as edited:
            await world.ann.edit(said, "Hers")
        with pytest.raises(Refused) as deleted:
            await world.tom.delete(said)
        await world.ann.delete(said)

        assert edited.value.message == "Only the author can edit a message."
        assert deleted.value.message == "You have no right to do that here."
        assert await world.mara.see(said) is None


async def test_without_the_right_to_send_a_sentence_says_so() -> None:
    async with playground() as world:
        await world.overwrite(TAVERN_ID, MARA_ID, deny=1 << 11)

        with pytest.raises(Refused) as refused:
            await world.mara.send("Hello?")
        await world.ann.send("Quiet, please")

        (tavern,) = [c for c in (await world.mara.state())["channels"] if c["name"] == "tavern"]
        assert refused.value.message == "You have no right to do that here."
        assert tavern["can_send"] is False


async def test_a_hidden_channel_is_neither_listed_nor_heard() -> None:
    async with playground() as world:
        await world.overwrite(TAVERN_ID, MARA_ID, deny=1 << 10)
        said = await world.ann.send("Behind closed doors")
        await world.mara.send("Anyone?", "harbour")

        await world.mara.wait_for_event(lambda e: e["d"].get("content") == "Anyone?")

        heard = [e["d"].get("id") for e in world.mara.events]
        assert str(said.id) not in heard
        assert "tavern" not in [c["name"] for c in (await world.mara.state())["channels"]]


async def test_an_upload_is_never_run_in_the_browser() -> None:
    async with playground() as world:
        said = await world.mara.send("", files={"evil.html": b"<script>alert(1)</script>"})
        url = world.address.base_url + said.raw["attachments"][0]["url"]
        async with world.session.get(url) as response:
            headers = response.headers

    assert headers["Content-Disposition"] == "attachment"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert str(ANN_ID) not in url
