"""The page's markdown, run where it runs: in the browser, from the files as they are."""

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Page, sync_playwright

pytestmark = pytest.mark.browser

PAGE = Path(__file__).parents[2] / "bot/playground/page"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SLOWEST_MS = 2_000.0
DRAW = """async (text) => {
    const { markdown } = await import('/markdown.js');
    const { h } = await import('/dom.js');
    const people = new Map([['12345', { id: '12345', username: 'mara', global_name: 'Mara' }]]);
    const channels = new Map([['67890', { id: '67890', name: 'tavern' }]]);
    return h('div', {}, markdown(text, { users: people, channels })).innerHTML;
}"""
TIME = """async (text) => {
    const { markdown } = await import('/markdown.js');
    const before = performance.now();
    const drawn = markdown(text);
    return [performance.now() - before, drawn.textContent.length];
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing."""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    handler = functools.partial(Quiet, directory=str(PAGE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM,
                args=["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"],
            )
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/layout.css")
            yield page
            browser.close()
        server.shutdown()
        thread.join()


def _draw(page: Page, text: str) -> str:
    html = cast("str", page.evaluate(DRAW, text))
    return html.replace("<span>", "").replace("</span>", "")


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("**b** *i* _j_ __u__ ~~s~~", "<strong>b</strong> <em>i</em> <em>j</em> <u>u</u> <s>s</s>"),
        ("***both***", "<strong><em>both</em></strong>"),
        ("*He **runs** off*", "<em>He <strong>runs</strong> off</em>"),
        ("**loud *and* clear**", "<strong>loud <em>and</em> clear</strong>"),
        ("snake_case_name", "snake_case_name"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        (r"\*as it is\*", "*as it is*"),
        ("`a * b *`", "<code>a * b *</code>"),
        ("``a ` b``", "<code>a ` b</code>"),
        ("```py\nx = 1\n```", "<pre><code>x = 1</code></pre>"),
        ("one\ntwo", "one\ntwo"),
        ("> said\n> so\nafter", "<blockquote>said\nso</blockquote>after"),
        (">>> all\nof it", "<blockquote>all\nof it</blockquote>"),
        ("# Top", "<h3>Top</h3>"),
        ("-# small", '<small class="subtext">small</small>'),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("<@12345>!", '<span class="mention">@Mara!'),
        ("<:grin:123456>", ":grin:"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
    ],
)
def test_markup_is_drawn_as_discord_draws_it(page: Page, written: str, drawn: str) -> None:
    assert _draw(page, written) == drawn.replace("</span>", "")


@pytest.mark.parametrize(
    "written",
    [
        "**half",
        "*he looks up and",
        "```\ncode",
        "`code",
        "||secret",
        "[text](http",
        "<t:12",
        "__",
        "> ",
    ],
)
def test_what_is_still_half_open_stands_as_it_is(page: Page, written: str) -> None:
    text = page.evaluate(
        """async (text) => {
            const { markdown } = await import('/markdown.js');
            return markdown(text).textContent;
        }""",
        written,
    )

    assert text == written.removeprefix("> ")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "file:///etc/x"])
def test_only_web_addresses_become_links(page: Page, address: str) -> None:
    assert "<a" not in _draw(page, f"[here]({address}) <{address}>")


def test_a_link_to_a_channel_that_is_here_stays_here(page: Page) -> None:
    base = "https://discord.com/channels"

    bare = _draw(page, f"Go to {base}/12345/67890/13579.")
    named = _draw(page, f"[here]({base}/@me/67890)")
    elsewhere = _draw(page, f"{base}/12345/99999")

    assert bare == 'Go to <button class="mention" type="button">#tavern (message)</button>.'
    assert named == '<button class="mention" type="button">here</button>'
    assert elsewhere.startswith('<a href="')


def test_a_link_ends_where_the_sentence_goes_on(page: Page) -> None:
    drawn = _draw(page, "(see https://example.org/a_(b), and **https://example.org**.)")

    assert 'href="https://example.org/a_(b)"' in drawn
    assert '<strong><a href="https://example.org"' in drawn


@pytest.mark.parametrize(
    "piece",
    ["*", "**a ", "_a", "`", "``` ", "[", "[a](", "<", "||", "> ", "h", "\\", "~~*", "- ", "\n"],
)
def test_no_text_takes_long_however_it_repeats_itself(page: Page, piece: str) -> None:
    text = (piece * 60_000)[:60_000]

    took_ms, letters = page.evaluate(TIME, text)

    assert took_ms < SLOWEST_MS
    assert letters <= len(text)
