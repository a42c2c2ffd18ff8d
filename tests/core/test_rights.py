import pytest

from bot.core.rights import Action, Member, may
from bot.core.scene import ChannelId, CharacterKey, Place, SceneHead, UserId

OWNER, OTHER = UserId(1), UserId(2)
SCENE = SceneHead(Place(ChannelId(5), None, ChannelId(5)), OWNER, CharacterKey("mira"), "Mira")


@pytest.mark.parametrize("action", Action)
def test_who_may_not_write_may_do_nothing(action: Action) -> None:
    assert not may(action, Member(OWNER, can_write=False, can_moderate=True), SCENE)


@pytest.mark.parametrize("action", [Action.END_SCENE, Action.SET_SCENE_LENGTH])
def test_what_changes_the_scene_is_its_owners_and_the_moderators(action: Action) -> None:
    assert may(action, Member(OWNER, can_write=True, can_moderate=False), SCENE)
    assert may(action, Member(OTHER, can_write=True, can_moderate=True), SCENE)
    assert not may(action, Member(OTHER, can_write=True, can_moderate=False), SCENE)


@pytest.mark.parametrize("action", [Action.START_SCENE, Action.STOP_REPLY, Action.RETRY_REPLY])
def test_every_player_may_start_stop_a_reply_and_ask_again(action: Action) -> None:
    assert may(action, Member(OTHER, can_write=True, can_moderate=False), SCENE)
