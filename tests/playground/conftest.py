"""A browser in front of a local Discord, for the tests of the page.

Both live for a module only: Playwright keeps an event loop running in the main
thread, and other modules want one of their own.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.playground.browsing import ARGUMENTS, CHROMIUM, PATIENCE_MS, World, ready


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("playground"))
    yield world
    world.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console held against the page; a test may clear what it provoked."""
    return []


@pytest.fixture
def page(world: World, browser: Browser, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(world.page_url)
    ready(page)
    yield page
    context.close()
    assert complaints == []
