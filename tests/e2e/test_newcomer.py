"""The newcomer's whole story in a browser: start, greeting, reply, length, a crash, and on."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from tests.e2e.newcomer import played
from tests.playground.browsing import ARGUMENTS, CHROMIUM

pytestmark = [pytest.mark.model, pytest.mark.browser, pytest.mark.timeout(300)]

REPLY_WITHIN_MS = 90_000
PICTURES = os.environ.get("PICTURES")
"""A folder that keeps the screenshots; else they are thrown away."""


@pytest.fixture
async def page() -> AsyncGenerator[Page, None]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        await browser.close()
        assert errors == []


async def take_picture(page: Page, name: str, folder: Path) -> None:
    await page.screenshot(path=(Path(PICTURES) if PICTURES else folder) / f"{name}.png")


def option(page: Page, text: str) -> Locator:
    """A row of the picker above the composer."""
    return page.get_by_role("option").filter(has_text=text)


async def texts(page: Page) -> list[str]:
    found: list[str] = await page.eval_on_selector_all(
        ".message .content",
        """all => all.map(each => {
            const copy = each.cloneNode(true);
            copy.querySelector('.edited')?.remove();
            return copy.textContent.trim();
        })""",
    )
    return found


async def reply_to(page: Page, line: str, folder: Path, picture: str | None = None) -> str:
    """Write a line; wait until the reply has stopped growing; return it."""
    before = len(await texts(page))
    await page.keyboard.type(line)
    await page.keyboard.press("Enter")
    await page.wait_for_function(
        "count => document.querySelectorAll('.message .content').length >= count + 2",
        arg=before,
        timeout=REPLY_WITHIN_MS,
    )
    if picture:
        await page.wait_for_function(
            "() => [...document.querySelectorAll('.message .content')].at(-1).textContent.length"
            " > 150",
            timeout=REPLY_WITHIN_MS,
        )
        await take_picture(page, picture, folder)
    stop = page.locator(".message button", has_text="Stop")
    await expect(stop).to_have_count(0, timeout=REPLY_WITHIN_MS)
    return (await texts(page))[-1]


async def test_the_newcomers_story(page: Page, tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with played(data) as play:
        await page.goto(play.url)
        await expect(page.get_by_text("Bot online")).to_be_visible()
        await page.keyboard.type("/role")
        await expect(option(page, "/roleplay start")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(option(page, "Hesper Quill:")).to_be_visible()
        await take_picture(page, "start", tmp_path)
        await page.keyboard.type("light")
        await expect(option(page, "Clover:")).to_have_count(0)
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("The scene with Hesper Quill is on.").first).to_be_visible()
        await expect(page.get_by_text("not a piano").first).to_be_visible()

        await choose_length(page, "tiny")
        short = await reply_to(page, "I come in. Is the lamp lit?", tmp_path)
        await choose_length(page, "medium")
        long = await reply_to(page, "Tell me about the sea.", tmp_path, "reply")
        await take_picture(page, "length", tmp_path)

        assert len(long.split()) > len(short.split())
        await page.keyboard.type("My boat is called the Wren.")
        await page.keyboard.press("Enter")
        await page.wait_for_timeout(300)
        play.process.kill()
        await play.process.wait()

    async with played(data) as play:
        await page.goto(play.url)
        await expect(page.get_by_text("My boat is called the Wren.").first).to_be_visible()
        assert short in await texts(page)
        assert long in await texts(page)
        await page.wait_for_function(
            "last => { const all = [...document.querySelectorAll('.message .content')];"
            " return all.length && !all.at(-1).textContent.includes(last); }",
            arg="My boat is called the Wren.",
            timeout=REPLY_WITHIN_MS,
        )
        await reply_to(page, "Shall we sail?", tmp_path)
        await take_picture(page, "again", tmp_path)


async def choose_length(page: Page, step: str) -> None:
    await page.keyboard.type(f"/length {step}")
    await expect(option(page, step)).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text(f"Length of this scene's replies: {step}.").last).to_be_visible()
