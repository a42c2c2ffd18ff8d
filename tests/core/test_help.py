"""What `/help` tells whom."""

from dataclasses import replace

import pytest

from bot.core.help import MENUS, TOPICS, covers, find_topic, overview, page
from bot.core.rights import Member
from bot.core.scene import UserId
from tests.scenes import ANN, BOB, scene

DESCRIBED = {
    command: f"does {command}"
    for topic in TOPICS
    for command, _ in topic.commands
    if not command.endswith("*")
} | {"settings show": "does show", "lore add": "does add", "persona set": "does set"}
PLAYER = Member(BOB, can_write=True, can_moderate=False)
ADMIN = replace(PLAYER, can_administer=True, can_moderate=True)


def told(topic: str, member: Member, *, owner: UserId | None = None) -> str:
    found = find_topic(topic)
    assert found is not None
    return str(
        page(found, DESCRIBED, member, None if owner is None else replace(scene(), owner=owner))
    )


def test_a_player_sees_what_a_player_may() -> None:
    replies = told("replies", PLAYER, owner=ANN)

    assert "`/undo`: does undo" in replies  # of what answers them
    assert "-# Not for you here: `/context`, `/scene verify`" in replies


def test_who_owns_the_scene_or_would_start_it_sees_what_owners_may() -> None:
    for owner in (BOB, None):
        assert "`/context`: does context" in told("replies", PLAYER, owner=owner)
        assert "Not for you" not in told("stories", PLAYER, owner=owner)


def test_what_concerns_the_server_is_for_its_admins() -> None:
    assert "`/settings show`: does show" in told("settings", ADMIN)
    assert "Not for you here: `/settings show`, `/doctor`" in told("settings", PLAYER)
    assert "`/help settings`" in overview(ADMIN)
    assert "`/help settings`" not in overview(PLAYER)


def test_who_is_kept_out_is_told_so_first() -> None:
    barred = replace(PLAYER, barred="Not here.")

    assert overview(barred).startswith("Not here.\n")
    assert "Not for you here: `/narrate`" in told("story", barred)


def test_who_may_not_start_scenes_here_is_not_told_how_to() -> None:
    assert "`/roleplay start`: does" not in told("start", replace(PLAYER, can_start=False))


@pytest.mark.parametrize("typed", ["lengths", "/length", "Length", "LENGTHS"])
def test_a_topic_is_found_by_its_name_or_by_a_command(typed: str) -> None:
    found = find_topic(typed)

    assert found is not None
    assert found.name == "lengths"


def test_a_command_of_a_group_leads_to_its_topic() -> None:
    assert find_topic("persona set") is find_topic("personas")
    assert find_topic("nothing of ours") is None
    assert find_topic("  ") is None


def test_a_group_covers_its_commands_and_no_others() -> None:
    assert covers("lore *", "lore add")
    assert not covers("lore *", "lorebook")
    assert not covers("roleplay", "roleplay start")


def test_menus_are_shown_as_menus() -> None:
    assert f"*Apps → Why?*: {MENUS['Why?']}" in told("replies", PLAYER)
