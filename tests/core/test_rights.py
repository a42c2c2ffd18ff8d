import pytest

from bot.core.rights import FOR_ALL_PLAYERS, Action, Member, may
from bot.core.scene import ChannelId, CharacterKey, Place, SceneHead, UserId

OWNER, OTHER = UserId(1), UserId(2)
SCENE = SceneHead(Place(ChannelId(5), None, ChannelId(5)), OWNER, CharacterKey("mira"), "Mira")


@pytest.mark.parametrize("action", Action)
def test_who_may_not_write_may_do_nothing(action: Action) -> None:
    assert not may(action, Member(OWNER, can_write=False, can_moderate=True), SCENE)


@pytest.mark.parametrize(
    "action",
    [
        Action.END_SCENE,
        Action.SET_SCENE_LENGTH,
        Action.SET_GUARD,
        Action.LOOK_INSIDE,
        Action.SET_NOTE,
        Action.SET_SCENARIO,
    ],
)
def test_what_concerns_everybody_is_the_owners_and_the_moderators(action: Action) -> None:
    assert may(action, Member(OWNER, can_write=True, can_moderate=False), SCENE)
    assert may(action, Member(OTHER, can_write=True, can_moderate=True), SCENE)
    assert not may(action, Member(OTHER, can_write=True, can_moderate=False), SCENE)
    assert action not in FOR_ALL_PLAYERS


@pytest.mark.parametrize(
    "action",
    [
        Action.START_SCENE,
        Action.STOP_REPLY,
        Action.RETRY_REPLY,
        Action.CONTINUE_REPLY,
        Action.ASK_WHY,
        Action.NARRATE,
        Action.INSTRUCT,
        Action.DRAFT_LINE,
    ],
)
def test_every_player_may_start_a_scene_and_have_a_say_in_the_reply(action: Action) -> None:
    assert may(action, Member(OTHER, can_write=True, can_moderate=False), SCENE)
