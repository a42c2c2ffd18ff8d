"""A card brought along in the browser: uploaded, looked at, kept and played; or refused."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect
from redis.asyncio import Redis

from bot.core.cards import png
from tests.cards import as_json, document, in_picture, packed
from tests.playground.browsing import ARGUMENTS, CHROMIUM
from tests.wire.running import Running, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PICTURES = os.environ.get("PICTURES")
"""A folder that keeps the screenshots; else they are thrown away."""
WIDTHS = pytest.mark.parametrize("width", [1280, 360])
NOTES = "A fox who keeps the old shrine and does not like to be hurried."


@pytest.fixture
async def stage(redis: Redis, redis_url: str, tmp_path: Path) -> AsyncGenerator[Running, None]:
    assert redis is not None
    async with running(redis_url, tmp_path) as everything:
        yield everything


@pytest.fixture
def width() -> int:
    return 1280


@pytest.fixture
async def page(stage: Running, width: int) -> AsyncGenerator[Page, None]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await browser.new_page(viewport={"width": width, "height": 800})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(stage.world.address.page_url)
        await expect(page.get_by_text("Bot online").first).to_be_attached()
        yield page
        await browser.close()
        assert errors == []


async def take_picture(page: Page, name: str, folder: Path) -> None:
    await page.screenshot(path=(Path(PICTURES) if PICTURES else folder) / f"{name}.png")


async def upload(page: Page, file: Path) -> Locator:
    """Use /character import as a person does; returns the preview."""
    await page.get_by_role("combobox", name="Message", exact=True).click()
    await page.keyboard.type("/character import")
    await expect(page.get_by_role("option", name="/character import")).to_be_visible()
    await page.keyboard.press("Enter")
    await page.locator("input#option-file").set_input_files(file)
    await page.get_by_role("button", name="Run").click()
    preview = page.locator(".message", has_text="This is in the file.").last
    await expect(preview).to_be_visible()
    return preview


async def start(page: Page, name: str) -> None:
    await page.get_by_role("combobox", name="Message", exact=True).click()
    await page.keyboard.type("/roleplay start")
    await expect(page.get_by_role("option", name="/roleplay start")).to_be_visible()
    await page.keyboard.press("Enter")
    await page.get_by_role("combobox", name="character").fill(name)


@WIDTHS
async def test_a_picture_is_uploaded_looked_at_and_played(
    page: Page, width: int, stage: Running, tmp_path: Path
) -> None:
    card = document(creator_notes=NOTES, tags="fox, shrine", mes_example=None)
    file = tmp_path / "aya.png"
    file.write_bytes(in_picture((b"chara", packed(card)), picture=png.plain_picture("aya")))

    preview = await upload(page, file)
    await expect(preview.locator(".embed-title")).to_have_text("Aya")
    await expect(preview.get_by_text("tokens of every prompt")).to_be_visible()
    await expect(preview.get_by_text("Mended, or left out")).to_be_visible()
    picture = preview.locator("img.attachment-image")
    await expect(picture).to_be_visible()
    await page.wait_for_function(
        "() => [...document.querySelectorAll('img.attachment-image')].at(-1).naturalWidth > 0"
    )
    await take_picture(page, f"preview-{width}", tmp_path)
    overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(overflow) <= 0

    await preview.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("is yours now")).to_be_visible()
    await start(page, "ay")
    await page.get_by_role("option", name="Aya: A fox who keeps").click()
    await take_picture(page, f"start-{width}", tmp_path)
    await page.get_by_role("button", name="Run").click()

    await expect(page.get_by_text("Welcome, Mara.", exact=True)).to_be_visible()
    stage.tgi.reply = lambda _: " *bows* Come in."
    await page.get_by_role("combobox", name="Message", exact=True).fill("Hello?")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Come in.").first).to_be_visible()
    await take_picture(page, f"played-{width}", tmp_path)


@WIDTHS
async def test_an_adult_one_is_refused_in_the_wrong_channel_with_a_reason(
    page: Page, width: int, tmp_path: Path
) -> None:
    file = tmp_path / "ada.json"
    file.write_bytes(as_json(document(name="Ada", tags=["nsfw"])))
    preview = await upload(page, file)
    await expect(preview.get_by_text("In age-restricted channels only.")).to_be_visible()
    await preview.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("is yours now")).to_be_visible()

    await start(page, "Ada")
    await expect(page.get_by_text("Nothing matches.")).to_be_visible()
    await page.get_by_role("button", name="Run").click()

    await expect(
        page.get_by_text("Ada is for adults and plays only in age-restricted channels.")
    ).to_be_visible()
    await take_picture(page, f"refused-{width}", tmp_path)
