"""Commands, buttons, menus and forms on the page, answered by a real bot."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.playground.browsing import composer, newest, panel, say

pytestmark = pytest.mark.browser


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

    reply = newest(page, "Sir Alder looks up. Well met")
    expect(reply.locator("em")).to_have_text("Sir Alder looks up.")
    expect(composer(page)).to_be_focused()


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

    newest(page, "quick=True")


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

    newest(page, "tom x7 in None with 10 bytes")


def test_a_required_option_left_empty_is_named_and_nothing_is_sent(page: Page) -> None:
    before = page.locator(".message").count()
    page.keyboard.type("/measure ")
    expect(page.get_by_role("option", name="Tom")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("Enter")

    expect(page.get_by_text("“who” is required.")).to_be_visible()
    assert page.locator(".message").count() == before


def test_a_button_changes_its_message(page: Page) -> None:
    asked = panel(page)
    expect(asked.get_by_role("button", name="Closed")).to_be_disabled()

    asked.get_by_role("button", name="Press me").click()

    expect(asked.locator(".content")).to_contain_text("The die shows four.")


def test_a_button_that_nobody_answers_says_so(page: Page) -> None:
    asked = panel(page)

    asked.get_by_role("button", name="Silence").click()

    expect(asked.get_by_role("button", name="Form")).to_be_disabled()
    expect(asked.get_by_role("alert")).to_have_text("The application did not respond")
    expect(asked.get_by_role("button", name="Form")).to_be_enabled()


def test_a_choice_by_keyboard_is_answered_for_my_eyes_only_and_can_be_dismissed(page: Page) -> None:
    asked = panel(page)
    asked.get_by_role("combobox", name="Choose a mood").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    whisper = newest(page, "Mood: Stormy")
    expect(whisper).to_contain_text("Only you can see this")

    whisper.get_by_role("button", name="Dismiss message").click()

    expect(page.locator(".message", has_text="Mood: Stormy")).to_have_count(0)


def test_a_form_is_filled_in_sent_and_may_be_cancelled(page: Page) -> None:
    asked = panel(page)
    asked.get_by_role("button", name="Form").click()
    form = page.get_by_role("dialog", name="Your persona")
    expect(form).to_be_visible()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    asked.get_by_role("button", name="Form").click()
    expect(form.get_by_label("Name")).to_be_focused()

    form.get_by_label("Name").fill("Mara the Bold")
    form.get_by_label("Looks").fill("tall")
    form.get_by_role("button", name="Submit").click()

    newest(page, "Mara the Bold: tall")
    expect(form).to_have_count(0)


def test_the_keyboard_reaches_a_message_and_the_apps_commands_on_it(page: Page) -> None:
    say(page, "seven!!")

    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Reply")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")

    newest(page, "Because of 7 letters.")
