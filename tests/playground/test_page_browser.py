"""Talking on the page, in a real browser with a real bot behind it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.playground.browsing import (
    World,
    become,
    choose_in_menu,
    composer,
    newest,
    ready,
    say,
    send,
)

pytestmark = pytest.mark.browser

STORY_LETTERS = 12 * 78 - 1
NASTY = "<script>window.stolen = 1</script><img src=x onerror='window.stolen = 1'>"


def test_what_i_send_appears_and_stays_after_a_reload(page: Page) -> None:
    send(page, "The **door** opens\nslowly")
    newest(page, "slowly")

    page.reload()

    ready(page)
    message = newest(page, "slowly")
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

    say(page, "tell Streamed")

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
        send(page, f"line {number}\n\n\nof a long evening")
        newest(page, f"line {number}")
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


def test_i_edit_and_delete_my_message_by_its_menu(page: Page) -> None:
    message = say(page, "a slip of the tonque")
    choose_in_menu(page, message, "Edit message")
    page.get_by_role("textbox", name="Edit message").fill("a slip of the tongue")
    page.keyboard.press("Enter")
    edited = newest(page, "a slip of the tongue")
    expect(edited).to_contain_text("(edited)")

    choose_in_menu(page, edited, "Delete message")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page.get_by_text("a slip of the tongue")).to_have_count(0)


def test_the_arrow_key_edits_my_last_message_and_escape_leaves_it(page: Page) -> None:
    say(page, "as it was")

    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("textbox", name="Edit message")).to_have_value("as it was")
    page.keyboard.type(" and more")
    page.keyboard.press("Escape")

    expect(newest(page, "as it was")).not_to_contain_text("and more")
    expect(composer(page)).to_be_focused()


def test_a_reply_shows_what_it_answers(page: Page) -> None:
    question = say(page, "Who goes there?")
    choose_in_menu(page, question, "Reply")
    expect(page.get_by_text("Replying to Mara")).to_be_visible()

    answer = say(page, "A friend.")

    expect(answer.get_by_role("button", name="Reply to Mara")).to_contain_text("Who goes there?")


def test_a_reaction_is_counted_and_taken_back(page: Page) -> None:
    message = say(page, "a toast")
    message.hover()
    message.get_by_role("button", name="Add reaction").click()
    page.get_by_role("menuitem", name="React with 🍺").click()
    mark = message.get_by_role("button", name="🍺, 1")
    expect(mark).to_have_attribute("aria-pressed", "true")

    mark.click()

    expect(mark).to_have_count(0)


def test_i_can_be_somebody_else_who_may_not_touch_my_words(page: Page) -> None:
    message = say(page, "Mara was here")
    become(page, "Tom")
    said = say(page, "and so was Tom")
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
    message = say(page, "my notes")

    expect(message.locator(".attachment-file")).to_contain_text("16 bytes")


def test_html_is_shown_as_the_text_it_is(page: Page) -> None:
    message = say(page, f"tell {NASTY[:60]}")
    expect(message.locator(".content")).to_have_text(f"tell {NASTY[:60]}")

    expect(page.locator(".author", has_text="<script>")).to_have_count(1)
    send(page, f"**{NASTY}** ||{NASTY}|| [x](javascript:alert(1)) `{NASTY}`")

    expect(page.locator(".messages .spoiler").last).to_have_text(NASTY)
    assert page.evaluate("() => window.stolen") is None
    assert page.locator(".messages script, .messages a[href^=javascript]").count() == 0


def test_an_adult_channel_asks_once(page: Page) -> None:
    page.get_by_role("button", name="adults-only").click()
    expect(composer(page)).to_be_hidden()

    page.get_by_role("button", name="I am 18 or older").click()

    expect(composer(page)).to_be_focused()
    page.get_by_role("button", name="harbour").click()
    page.get_by_role("button", name="adults-only").click()
    expect(composer(page)).to_be_visible()


def test_a_post_in_the_forum_is_a_place_of_its_own(page: Page) -> None:
    page.get_by_role("button", name="stories").click()
    page.get_by_role("button", name="New post").click()
    dialog = page.get_by_role("dialog", name="New post")
    dialog.get_by_label("Title").fill("The lost key")
    dialog.get_by_label("Message").fill("It began with a key.")
    dialog.get_by_role("button", name="Post").click()

    expect(newest(page, "It began with a key.")).to_be_visible()
    expect(page.locator("#channel-title")).to_contain_text("The lost key")
    page.get_by_role("button", name="stories").click()
    expect(page.locator(".post", has_text="The lost key")).to_be_visible()


def test_the_app_can_be_written_to_directly(page: Page) -> None:
    page.locator("#channels").get_by_role("button", name="ZephRP").click()

    expect(page.locator("#channel-title")).to_contain_text("ZephRP")

    said = say(page, "just between us")

    expect(said.locator(".author")).to_have_text("Mara")
    expect(page.locator(".channel[aria-current]")).to_contain_text("ZephRP")


def test_nothing_is_lost_or_doubled_when_the_server_comes_back(
    page: Page, world: World, complaints: list[str]
) -> None:
    say(page, "before the storm")
    world.stop_server()
    expect(page.get_by_text("The connection to the playground is lost")).to_be_visible()
    composer(page).fill("into the storm")
    composer(page).press("Enter")
    expect(page.get_by_text("The playground does not answer")).to_be_visible()
    expect(composer(page)).to_have_value("into the storm")

    world.start_server()

    expect(page.get_by_text("The connection to the playground is lost")).to_have_count(0)
    page.keyboard.press("Enter")
    newest(page, "into the storm")
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
