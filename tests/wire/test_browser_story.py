"""A whole story in a browser: told, rewritten, taken back, branched and taken along."""

import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.core.scene import ChannelId
from bot.playground.world import TAVERN_ID
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.playground.browsing import ARGUMENTS, CHROMIUM, PATIENCE_MS
from tests.playground.driver import eventually
from tests.wire.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

PICTURES = os.environ.get("PICTURES")
"""A folder that keeps the screenshots; else they are thrown away."""
WIDE, NARROW = (1280, 800), (360, 740)
LINES = (
    ("I knock on the rusty door.", "Something behind it hums, and stops humming."),
    ("“Is anybody home?”", "“I am home,” says a small voice. “I have not tried any other place.”"),
    ("*I open the door, slowly.*", "*A lamp turns towards you.* Its light is green, like a leaf."),
    ("What are you growing in there?", "“Beans,” says Clover. “And a question.”"),
)
SWIPES = ("“Tomatoes,” says Clover, with great pride.", "“Rain, mostly,” says Clover.")
REST = "It holds up a jar to prove it."
EDITED = "“Rain, mostly,” says Clover, and holds up a jar of it."


@dataclass
class Reader:
    """A person at the page, and what is remembered meanwhile."""

    page: Page
    tgi: ScriptedTgi
    store: RedisSceneStore
    folder: Path

    async def memory(self, channel: int = TAVERN_ID) -> list[str]:
        scene = await self.store.read(ChannelId(channel))
        return [turn.text for turn in scene.turns] if scene is not None else []

    async def screen(self) -> list[str]:
        """What stands in the channel, without what only the reader sees or is taken back."""
        found: list[str] = await self.page.eval_on_selector_all(
            ".message:not(.ephemeral):not(:has(.reaction)) .content",
            """all => all.map(each => {
                const copy = each.cloneNode(true);
                copy.querySelector('.edited')?.remove();
                return copy.textContent.trim();
            })""",
        )
        return found

    async def equal(self, *texts: str, channel: int = TAVERN_ID) -> None:
        """Wait until *texts*, as they end, are in memory and on the screen, and nothing else."""
        wanted = [_bare(text) for text in texts]

        async def is_so() -> bool:
            told = [_bare(text) for text in await self.memory(channel)]
            return told == wanted and await self.screen() == wanted

        try:
            await eventually(is_so)
        except AssertionError:
            found = await self.screen(), await self.memory(channel)
            raise AssertionError(f"screen and memory are {found}") from None

    async def write(self, line: str) -> None:
        await self.page.get_by_role("combobox", name="Message", exact=True).fill(line)
        await self.page.keyboard.press("Enter")

    async def exchange(self, line: str, answer: str) -> None:
        self.tgi.reply = lambda _: f" {answer}"
        await self.write(line)
        await self.has_row(answer)

    async def command(self, typed: str, *then: str) -> None:
        """Choose a command by typing, then type and choose its options, and run it."""
        await self.page.get_by_role("combobox", name="Message", exact=True).press_sequentially(
            f"/{typed} "
        )
        for option in then:
            await self.page.get_by_role("option").filter(has_text=option).first.click()
        await self.page.get_by_role("button", name="Run").click()

    def newest(self, text: str) -> Locator:
        return self.page.locator(".message", has_text=text).last

    async def has_row(self, text: str) -> Locator:
        """Wait for the reply of that text, with the only row of buttons there is."""
        shown = self.newest(_bare(text))
        await expect(shown.get_by_role("button", name="⋯")).to_be_visible()
        await expect(self.page.get_by_role("button", name="⋯")).to_have_count(1)
        return shown

    async def press(self, text: str, button: str) -> None:
        shown = await self.has_row(text)
        await shown.get_by_role("button", name=button, exact=True).click()

    async def choose(self, text: str, what: str) -> None:
        """Choose from what ⋯ offers."""
        await self.press(text, "⋯")
        await self.page.locator(".select-face", has_text="What to do").last.click()
        await self.look(f"offers-{what}")
        await self.page.get_by_role("option", name=what).first.click()

    async def look(self, name: str) -> None:
        """Take pictures, wide and narrow; nothing may stick out of either."""
        for width, height in (NARROW, WIDE):
            await self.page.set_viewport_size({"width": width, "height": height})
            beyond = await self.page.evaluate(STICKS_OUT)
            folder = Path(PICTURES) if PICTURES else self.folder
            await self.page.screenshot(path=folder / f"{name}-{width}.png")
            assert beyond == [], f"{name} at {width}"


STICKS_OUT = """() => [...document.querySelectorAll('.message *, dialog *, .composer *')]
    .filter(each => each.checkVisibility() && !each.closest('.visually-hidden, .toolbar'))
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
    .map(each => each.outerHTML.slice(0, 120))"""


def _bare(text: str) -> str:
    """*text* as it is read."""
    return text.replace("*", "").strip()


@pytest.fixture
async def reader(stage: Running, redis_url: str, tmp_path: Path) -> AsyncGenerator[Reader, None]:
    complaints: list[str] = []
    client = connect(redis_url, timeout_s=2.0)
    store = RedisSceneStore(client, keep=2000, ttl=timedelta(days=1))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]})
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(stage.world.address.page_url)
        await page.wait_for_selector(".message-area[data-loaded=true]", state="attached")
        yield Reader(page, stage.tgi, store, tmp_path)
        await browser.close()
    await client.aclose()
    assert complaints == []


async def test_a_whole_story(reader: Reader) -> None:
    page, tgi = reader.page, reader.tgi

    await reader.command("roleplay start", "Clover")
    await reader.has_row("the old tram stop")
    [greeting] = await reader.memory()
    await reader.look("greeting")
    for line, answer in LINES:
        await reader.exchange(line, answer)
    told = [greeting, *(text for pair in LINES for text in pair)]
    await reader.equal(*told)
    await reader.look("four-lines")

    for number, (before, text) in enumerate(((LINES[3][1], SWIPES[0]), SWIPES), start=1):
        tgi.reply = lambda _, text=text: f" {text}"  # type: ignore[misc]
        await reader.press(before, f"{number}/{number} ▶")
        await reader.equal(*told[:-1], text)
    await expect(
        (await reader.has_row(SWIPES[1])).get_by_role("button", name="3/3 ▶")
    ).to_be_visible()

    tgi.reply = lambda _: f" {REST}"
    await reader.press(SWIPES[1], "▶▶")
    await reader.equal(*told[:-1], f"{SWIPES[1]} {REST}")

    await reader.choose(REST, "Edit")
    form = page.get_by_role("dialog")
    await expect(form.get_by_role("textbox")).to_have_value(f"{SWIPES[1]} {REST}")
    await reader.look("edit")
    await form.get_by_role("textbox").fill(EDITED)
    await form.get_by_role("button", name="Submit").click()
    told = [*told[:-1], EDITED]
    await reader.equal(*told)
    await reader.has_row(EDITED)
    await reader.look("edited")

    await reader.command("undo")
    await expect(reader.newest("Taken back: 1 reply and 1 line.")).to_be_visible()
    told = told[:-2]
    await reader.equal(*told)
    await reader.has_row(LINES[2][1])
    await reader.look("undone")

    await branched(reader, told)
    await exported(reader)


async def branched(reader: Reader, told: list[str]) -> None:
    """Go another way in a thread, and come back."""
    page = reader.page
    await reader.choose(LINES[2][1], "Branch")
    told_where = reader.newest("The story goes another way")
    await reader.look("branched")
    await told_where.locator(".mention").click()
    await reader.has_row(LINES[2][1])
    thread = int(page.url.rpartition("channel=")[2].partition("&")[0])
    await reader.exchange("I stay where I am.", "The lamp waits.")
    assert await reader.memory(thread) == [*told, "I stay where I am.", "The lamp waits."]
    assert await reader.memory() == told
    await reader.look("thread")
    await page.get_by_role("button", name="tavern").click()
    await reader.equal(*told)


async def exported(reader: Reader) -> None:
    """Take the story along as a page."""
    page = reader.page
    await reader.command("roleplay export", "html")
    file = page.locator(".attachment-file a").last
    await expect(file).to_be_visible()
    await reader.look("exported")
    exported = await (await page.request.get(str(await file.get_attribute("href")))).text()
    assert _bare(LINES[2][0]) in exported
    assert LINES[3][0] not in exported
