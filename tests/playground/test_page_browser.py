"""The page in a real browser, with a real discord.py bot behind it."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

pytestmark = pytest.mark.browser

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
STORY_LETTERS = 12 * 78 - 1
NASTY = "<script>window.stolen = 1</script><img src=x onerror='window.stolen = 1'>"

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
    _ready(page)
    yield page
    context.close()
    assert complaints == []


def _ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready=true]")
    page.wait_for_selector(".message-area[data-loaded=true]", state="attached")


def _composer(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Message", exact=True)


def _send(page: Page, text: str) -> None:
    _composer(page).fill(text)
    _composer(page).press("Enter")


def _say(page: Page, text: str) -> Locator:
    _send(page, text)
    return _newest(page, text)


def _newest(page: Page, text: str) -> Locator:
    message = page.locator(".message", has_text=text).last
    expect(message).to_be_visible()
    return message


def _panel(page: Page) -> Locator:
    before = page.locator(".message", has_text="What now?").count()
    _composer(page).press_sequentially("/panel ")
    page.keyboard.press("Enter")
    expect(page.locator(".message", has=page.get_by_text("Press me"))).not_to_have_count(0)
    expect(page.locator(".message .select")).not_to_have_count(before)
    return page.locator(".message", has=page.locator(".select")).last


def _choose_in_menu(page: Page, message: Locator, item: str) -> None:
    message.click(button="right", position={"x": 200, "y": 10})
    page.get_by_role("menuitem", name=item, exact=True).click()


def _become(page: Page, name: str) -> None:
    page.get_by_title("Be somebody else").click()
    page.get_by_role("menuitem", name=name).click()
    expect(page.get_by_title("Be somebody else")).to_contain_text(name)
    _ready(page)


def test_what_i_send_appears_and_stays_after_a_reload(page: Page) -> None:
    _send(page, "The **door** opens\nslowly")
    _newest(page, "slowly")

    page.reload()

    _ready(page)
    message = _newest(page, "slowly")
    expect(message.locator(".content")).to_have_text("The door opens slowly")
    expect(message.locator("strong")).to_have_text("door")
    expect(message.locator(".author")).to_have_text("Mara")


def test_a_streamed_reply_grows_before_my_eyes_and_the_view_follows(page: Page) -> None:
    page.evaluate(
        """() => {
            window.sizes = [];
            const look = () => {
                const all = [...document.querySelectorAll('.message')]
                    .filter((one) => one.querySelector('.author')?.textContent === 'Streamed');
                const size = all.at(-1)?.querySelector('.content').textContent.length;
                if (size && size !== window.sizes.at(-1)) window.sizes.push(size);
            };
            new MutationObserver(look).observe(
                document.querySelector('.messages'), { childList: true, subtree: true });
        }"""
    )

    _say(page, "tell Streamed")

    page.wait_for_function(f"() => window.sizes.at(-1) >= {STORY_LETTERS}")
    sizes = page.evaluate("() => window.sizes")
    assert len(sizes) >= 4
    assert sizes == sorted(sizes)
    gap = page.evaluate(
        """() => { const s = document.querySelector('.scroller');
                   return s.scrollHeight - s.scrollTop - s.clientHeight; }"""
    )
    assert gap <= 2


def test_a_reader_further_up_is_not_moved_by_what_comes_in(page: Page) -> None:
    for number in range(12):
        _send(page, f"line {number}\n\n\nof a long evening")
        _newest(page, f"line {number}")
    page.locator(".scroller").evaluate("(one) => { one.scrollTop = 100; }")
    seen = page.locator(".message").first
    page.wait_for_function("() => document.querySelector('.scroller').scrollTop <= 100")
    before = seen.bounding_box()

    page.evaluate(
        """async () => {
            const as = '1200000000000000012';
            const place = new URLSearchParams(location.hash.slice(1));
            await fetch('/page/messages', { method: 'POST',
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify({ as, channel_id: place.get('channel'), content: 'Hoy!' }) });
        }"""
    )

    pill = page.get_by_role("button", name="New messages")
    expect(pill).to_be_visible()
    assert seen.bounding_box() == before
    pill.click()
    expect(page.locator(".message", has_text="Hoy!").last).to_be_in_viewport()


def test_a_story_begins_with_the_keyboard_alone(page: Page) -> None:
    page.keyboard.type("/")
    expect(page.get_by_role("option", name="/roleplay start")).to_be_visible()
    page.keyboard.type("roleplay start")
    page.keyboard.press("Enter")
    expect(page.get_by_role("option")).to_have_count(4)

    page.keyboard.type("al")
    expect(page.get_by_role("option")).to_have_text(["Doctor Vale", "Sir Alder"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="character")).to_have_value("Sir Alder")
    page.keyboard.press("Enter")

    reply = _newest(page, "Sir Alder looks up. Well met")
    expect(reply.locator("em")).to_have_text("Sir Alder looks up.")
    expect(_composer(page)).to_be_focused()


def test_the_hint_in_a_quiet_channel_puts_the_command_into_the_composer(page: Page) -> None:
    page.get_by_role("button", name="harbour").click()

    page.get_by_role("button", name="Type /roleplay start to begin").click()

    expect(page.get_by_role("combobox", name="character")).to_be_focused()
    expect(page.get_by_role("option", name="Captain Mira")).to_be_visible()


def test_optional_options_are_offered_and_a_yes_or_no_is_chosen(page: Page) -> None:
    page.keyboard.type("/roleplay start ")
    page.get_by_role("option", name="Innkeeper Rosa").click()
    page.keyboard.type("qu")
    page.keyboard.press("Enter")
    page.get_by_role("option", name="True").click()

    page.get_by_role("button", name="Run").click()

    _newest(page, "quick=True")


def test_members_numbers_channels_and_files_are_options_too(page: Page, tmp_path: Path) -> None:
    drawing = tmp_path / "map.png"
    drawing.write_bytes(b"0123456789")
    page.keyboard.type("/measure ")
    page.get_by_role("option", name="Tom").click()
    page.keyboard.type("77")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“times” must be from 1 to 9.")).to_be_visible()
    page.get_by_role("textbox", name="times").or_(page.get_by_role("combobox", name="times")).fill(
        "7"
    )
    page.keyboard.press("Tab")
    page.keyboard.type("picture")
    page.keyboard.press("Enter")
    page.locator("input#option-picture").set_input_files(drawing)

    page.get_by_role("button", name="Run").click()

    _newest(page, "tom x7 in None with 10 bytes")


def test_a_required_option_left_empty_is_named_and_nothing_is_sent(page: Page) -> None:
    before = page.locator(".message").count()
    page.keyboard.type("/measure ")
    expect(page.get_by_role("option", name="Tom")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("Enter")

    expect(page.get_by_text("“who” is required.")).to_be_visible()
    assert page.locator(".message").count() == before


def test_a_button_changes_its_message(page: Page) -> None:
    panel = _panel(page)
    expect(panel.get_by_role("button", name="Closed")).to_be_disabled()

    panel.get_by_role("button", name="Press me").click()

    expect(panel.locator(".content")).to_contain_text("The die shows four.")


def test_a_button_that_nobody_answers_says_so(page: Page) -> None:
    panel = _panel(page)

    panel.get_by_role("button", name="Silence").click()

    expect(panel.get_by_role("button", name="Form")).to_be_disabled()
    expect(panel.get_by_role("alert")).to_have_text("The application did not respond")
    expect(panel.get_by_role("button", name="Form")).to_be_enabled()


def test_a_choice_by_keyboard_is_answered_for_my_eyes_only_and_can_be_dismissed(page: Page) -> None:
    panel = _panel(page)
    panel.get_by_role("combobox", name="Choose a mood").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    whisper = _newest(page, "Mood: Stormy")
    expect(whisper).to_contain_text("Only you can see this")

    whisper.get_by_role("button", name="Dismiss message").click()

    expect(page.locator(".message", has_text="Mood: Stormy")).to_have_count(0)


def test_a_form_is_filled_in_sent_and_may_be_cancelled(page: Page) -> None:
    panel = _panel(page)
    panel.get_by_role("button", name="Form").click()
    form = page.get_by_role("dialog", name="Your persona")
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    panel.get_by_role("button", name="Form").click()
    expect(form.get_by_label("Name")).to_be_focused()

    form.get_by_label("Name").fill("Mara the Bold")
    form.get_by_label("Looks").fill("tall")
    form.get_by_role("button", name="Submit").click()

    _newest(page, "Mara the Bold: tall")
    expect(form).to_have_count(0)


def test_i_edit_and_delete_my_message_by_its_menu(page: Page) -> None:
    message = _say(page, "a slip of the tonque")
    _choose_in_menu(page, message, "Edit message")
    page.get_by_role("textbox", name="Edit message").fill("a slip of the tongue")
    page.keyboard.press("Enter")
    edited = _newest(page, "a slip of the tongue")
    expect(edited).to_contain_text("(edited)")

    _choose_in_menu(page, edited, "Delete message")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page.get_by_text("a slip of the tongue")).to_have_count(0)


def test_the_arrow_key_edits_my_last_message_and_escape_leaves_it(page: Page) -> None:
    _say(page, "as it was")

    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("textbox", name="Edit message")).to_have_value("as it was")
    page.keyboard.type(" and more")
    page.keyboard.press("Escape")

    expect(_newest(page, "as it was")).not_to_contain_text("and more")
    expect(_composer(page)).to_be_focused()


def test_the_keyboard_reaches_a_message_and_the_apps_commands_on_it(page: Page) -> None:
    _say(page, "seven!!")

    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Reply")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")

    _newest(page, "Because of 7 letters.")


def test_a_reply_shows_what_it_answers(page: Page) -> None:
    question = _say(page, "Who goes there?")
    _choose_in_menu(page, question, "Reply")
    expect(page.get_by_text("Replying to Mara")).to_be_visible()

    answer = _say(page, "A friend.")

    expect(answer.get_by_role("button", name="Reply to Mara")).to_contain_text("Who goes there?")


def test_a_reaction_is_counted_and_taken_back(page: Page) -> None:
    message = _say(page, "a toast")
    message.hover()
    message.get_by_role("button", name="Add reaction").click()
    page.get_by_role("menuitem", name="React with 🍺").click()
    mark = message.get_by_role("button", name="🍺, 1")
    expect(mark).to_have_attribute("aria-pressed", "true")

    mark.click()

    expect(mark).to_have_count(0)


def test_i_can_be_somebody_else_who_may_not_touch_my_words(page: Page) -> None:
    message = _say(page, "Mara was here")
    _become(page, "Tom")
    said = _say(page, "and so was Tom")
    expect(said.locator(".author")).to_have_text("Tom")

    message = page.locator(".message", has_text="Mara was here").last
    message.click(button="right")

    expect(page.get_by_role("menuitem", name="Reply")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Edit message")).to_have_count(0)


def test_a_file_is_sent_and_shown(page: Page, tmp_path: Path) -> None:
    notes = tmp_path / "notes <b>.txt"
    notes.write_text("once upon a time")

    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files(notes)
    expect(page.locator(".upload")).to_contain_text("notes")
    message = _say(page, "my notes")

    expect(message.locator(".attachment-file")).to_contain_text("16 bytes")


def test_html_is_shown_as_the_text_it_is(page: Page) -> None:
    message = _say(page, f"tell {NASTY[:60]}")
    expect(message.locator(".content")).to_have_text(f"tell {NASTY[:60]}")

    expect(page.locator(".author", has_text="<script>")).to_have_count(1)
    _send(page, f"**{NASTY}** ||{NASTY}|| [x](javascript:alert(1)) `{NASTY}`")

    expect(page.locator(".messages .spoiler").last).to_have_text(NASTY)
    assert page.evaluate("() => window.stolen") is None
    assert page.locator(".messages script, .messages a[href^=javascript]").count() == 0


def test_an_adult_channel_asks_once(page: Page) -> None:
    page.get_by_role("button", name="adults-only").click()
    expect(_composer(page)).to_be_hidden()

    page.get_by_role("button", name="I am 18 or older").click()

    expect(_composer(page)).to_be_focused()
    page.get_by_role("button", name="harbour").click()
    page.get_by_role("button", name="adults-only").click()
    expect(_composer(page)).to_be_visible()


def test_a_post_in_the_forum_is_a_place_of_its_own(page: Page) -> None:
    page.get_by_role("button", name="stories").click()
    page.get_by_role("button", name="New post").click()
    dialog = page.get_by_role("dialog", name="New post")
    dialog.get_by_label("Title").fill("The lost key")
    dialog.get_by_label("Message").fill("It began with a key.")
    dialog.get_by_role("button", name="Post").click()

    expect(_newest(page, "It began with a key.")).to_be_visible()
    expect(page.locator("#channel-title")).to_contain_text("The lost key")
    page.get_by_role("button", name="stories").click()
    expect(page.locator(".post", has_text="The lost key")).to_be_visible()


def test_the_app_can_be_written_to_directly(page: Page) -> None:
    page.locator("#channels").get_by_role("button", name="ZephRP").click()

    _say(page, "just between us")

    expect(page.locator("#channel-title")).to_contain_text("ZephRP")


def test_nothing_is_lost_or_doubled_when_the_server_comes_back(
    page: Page, world: World, complaints: list[str]
) -> None:
    _say(page, "before the storm")
    world.stop_server()
    expect(page.get_by_text("The connection to the playground is lost")).to_be_visible()
    _composer(page).fill("into the storm")
    _composer(page).press("Enter")
    expect(page.get_by_text("The playground does not answer")).to_be_visible()
    expect(_composer(page)).to_have_value("into the storm")

    world.start_server()

    expect(page.get_by_text("The connection to the playground is lost")).to_have_count(0)
    page.keyboard.press("Enter")
    _newest(page, "into the storm")
    expect(page.locator(".message", has_text="before the storm")).to_have_count(1)
    expect(page.locator(".message", has_text="into the storm")).to_have_count(1)
    expect(page.get_by_text("Bot online")).to_be_visible(timeout=30_000)
    complaints.clear()  # the browser's own words on the server's absence


def test_a_small_window_has_everything_behind_its_buttons(page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 800})
    expect(page.get_by_role("button", name="harbour")).to_be_hidden()

    page.get_by_role("button", name="Show channels").click()
    page.get_by_role("button", name="harbour").click()

    expect(page.locator("#channel-title")).to_contain_text("harbour")
    expect(page.get_by_role("button", name="harbour")).to_be_hidden()
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 420
    page.get_by_role("button", name="Show members").click()
    expect(page.locator("#members")).to_be_visible()
