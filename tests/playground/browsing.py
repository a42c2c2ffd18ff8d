"""A local Discord, its sample bot and a browser, and what a person does with them."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 10_000
READY_S = 30.0
ROOT = Path(__file__).parents[2]

expect.set_options(timeout=PATIENCE_MS)


def _first_line(process: subprocess.Popen[str]) -> str:
    """Wait for a program's first word; end it when none comes in time."""
    assert process.stdout is not None
    limit = threading.Timer(READY_S, process.kill)
    limit.start()
    line = process.stdout.readline()
    limit.cancel()
    assert line, "the program ended before it was ready"
    return line


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


class World:
    """A local Discord with the sample bot in it, both programs of their own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = 0
        self.start_server()
        bot = [sys.executable, str(Path(__file__).with_name("sample_bot.py"))]
        self.bot = subprocess.Popen(
            [*bot, self.base_url, "token"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        _first_line(self.bot)

    def start_server(self) -> None:
        """Start the server; the second time at the same place."""
        command = [sys.executable, "-m", "bot.playground", "--token", "token", "--secret", "key"]
        options = ["--port", str(self.port), "--data", str(self.data)]
        self.server = subprocess.Popen(
            [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\S*", _first_line(self.server))
        assert found is not None
        self.port = int(found[1])
        self.page_url = found[0]
        self.base_url = f"http://127.0.0.1:{self.port}"

    def stop_server(self) -> None:
        _end(self.server)

    def close(self) -> None:
        _end(self.bot)
        _end(self.server)


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready=true]")
    page.wait_for_selector(".message-area[data-loaded=true]", state="attached")


def composer(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Message", exact=True)


def send(page: Page, text: str) -> None:
    composer(page).fill(text)
    composer(page).press("Enter")


def say(page: Page, text: str) -> Locator:
    send(page, text)
    return newest(page, text)


def newest(page: Page, text: str) -> Locator:
    message = page.locator(".message", has_text=text).last
    expect(message).to_be_visible()
    return message


def panel(page: Page) -> Locator:
    """Ask the sample bot for its buttons; *page* shows them when this returns."""
    lists = page.locator(".message .select")
    before = lists.count()
    composer(page).press_sequentially("/panel ")
    page.keyboard.press("Enter")
    expect(lists).to_have_count(before + 1)
    shown = page.locator(".message", has=page.locator(".select")).last
    return page.locator(f"[id='{shown.get_attribute('id')}']")


def choose_in_menu(page: Page, message: Locator, item: str) -> None:
    message.click(button="right", position={"x": 200, "y": 10})
    page.get_by_role("menuitem", name=item, exact=True).click()


def become(page: Page, name: str) -> None:
    page.get_by_title("Be somebody else").click()
    page.get_by_role("menuitem", name=name).click()
    expect(page.get_by_title("Be somebody else")).to_contain_text(name)
    ready(page)
