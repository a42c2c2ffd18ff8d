"""An exported chat in a browser: narrow and wide, by day and by night, and as safe as it says."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.core.chat import Chat, ChatMessage
from bot.core.chat_export import to_html
from bot.core.chat_style import PAPER
from bot.core.scene import Role
from tests.playground.browsing import PATIENCE_MS

pytestmark = pytest.mark.browser

LONG = "https://example.org/" + "a" * 400
CHAT = Chat(
    (
        ChatMessage("Lyra", Role.CHARACTER, (f"*Hello.* {LONG}", f"```\n{'wide ' * 60}\n```")),
        ChatMessage("W" * 60, Role.PLAYER, ("A ||secret, and a long one that goes on||.", "no")),
        ChatMessage("Mara", Role.PLAYER, ("((brb))",), hidden=True),
        ChatMessage("Narrator", Role.NARRATOR, ("</style><img src='https://a.b'><script>1",)),
        ChatMessage("Lyra", Role.CHARACTER, (f"```\n{'wide ' * 60}\n```\n||*b*||",)),
    ),
    character_name="Lyra",
)
RGB = {"light": PAPER[0], "dark": PAPER[1]}


@contextmanager
def opened(browser: Browser, folder: Path, *, width: int, scheme: str) -> Iterator[Page]:
    """The page from a file; fails if it asks for anything else, or complains."""
    file = folder / "chat.html"
    file.write_bytes(to_html(CHAT))
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    asked: list[str] = []
    complaints: list[str] = []
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert asked == [file.as_uri()]
    assert complaints == []


@pytest.mark.parametrize("width", [320, 360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(
    browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    with opened(browser, tmp_path, width=width, scheme=scheme) as page:
        for summary in page.locator("summary").all():
            summary.click()

        assert page.evaluate("document.documentElement.scrollWidth") == width
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colour == rgb(RGB[scheme])
        tint = page.evaluate("getComputedStyle(document.querySelector('h2')).color")
        assert tint != page.evaluate("getComputedStyle(document.body).color")


def test_what_is_folded_away_opens(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, width=360, scheme="light") as page:
        brb = page.get_by_text("((brb))")
        expect(brb).to_be_hidden()
        expect(page.get_by_text("no", exact=True)).to_be_hidden()

        page.get_by_text("A line by Mara, hidden").click()
        page.get_by_text("1 other version").last.click()

        expect(brb).to_be_visible()
        expect(page.get_by_text("no", exact=True)).to_be_visible()


def test_a_spoiler_shows_when_asked_by_mouse_or_keyboard(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path, width=360, scheme="light") as page:
        secret = page.get_by_text("secret, and")
        other = page.locator("em", has_text="b")
        expect(secret).to_be_hidden()

        page.locator(".spoiler").first.click(position={"x": 250, "y": 8})
        expect(secret).to_be_visible()
        expect(other).to_be_hidden()

        page.get_by_label("Show the spoiler").last.focus()
        page.keyboard.press("Space")
        expect(other).to_be_visible()


def test_the_policy_holds_against_a_script_that_gets_in(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "chat.html"
    hole = b"<script>document.title = 'owned'</script><style>body { color: red }</style></main>"
    file.write_bytes(to_html(CHAT).replace(b"</main>", hole))
    context = browser.new_context()
    page = context.new_page()

    page.goto(file.as_uri())

    assert page.title().startswith("Lyra with")
    assert page.evaluate("getComputedStyle(document.body).color") != "rgb(255, 0, 0)"
    context.close()


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"
