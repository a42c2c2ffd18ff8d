import pytest

from bot.core.errors import UserError
from bot.core.rights import FOR_ALL_PLAYERS, FOR_THE_ANSWERED, Action, Member, allow, may
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
        Action.EDIT_LORE,
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
        Action.ASK_WHY,
        Action.NARRATE,
        Action.INSTRUCT,
        Action.DRAFT_LINE,
    ],
)
def test_every_player_may_start_a_scene_and_have_a_say_in_the_reply(action: Action) -> None:
    assert may(action, Member(OTHER, can_write=True, can_moderate=False), SCENE)


@pytest.mark.parametrize("action", sorted(FOR_THE_ANSWERED))
def test_what_becomes_of_a_reply_is_also_for_those_it_answers(action: Action) -> None:
    member = Member(OTHER, can_write=True, can_moderate=False)

    assert may(action, member, SCENE, {OTHER})
    assert not may(action, member, SCENE, {OWNER})
    assert may(action, Member(OWNER, can_write=True, can_moderate=False), SCENE)
    assert not may(action, Member(OTHER, can_write=False, can_moderate=False), SCENE, {OTHER})


def test_a_refusal_says_who_may() -> None:
    stranger = Member(OTHER, can_write=True, can_moderate=False)
    mute = Member(OTHER, can_write=False, can_moderate=False)

    with pytest.raises(UserError, match=r"Only the player who was answered.*may swipe"):
        allow(Action.SWIPE, stranger, SCENE)
    with pytest.raises(UserError, match="started the scene and moderators may stop or resume"):
        allow(Action.END_SCENE, stranger, SCENE)
    with pytest.raises(UserError, match="need the right to write here"):
        allow(Action.STOP_REPLY, mute, SCENE)
    allow(Action.SWIPE, stranger, SCENE, {OTHER})


def test_what_concerns_the_server_is_the_moderators_alone() -> None:
    action = Action.EDIT_SERVER_LORE

    assert may(action, Member(OTHER, can_write=True, can_moderate=True), None)
    assert not may(action, Member(OWNER, can_write=True, can_moderate=False), SCENE)
    with pytest.raises(UserError, match="Only moderators may change the lore of the whole server"):
        allow(action, Member(OWNER, can_write=True, can_moderate=False), SCENE)
