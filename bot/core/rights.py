"""Who may do what in a scene: one function for commands, buttons and menus."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from bot.core.errors import UserError
from bot.core.scene import SceneHead, UserId


class Action(StrEnum):
    """What somebody wants to do."""

    START_SCENE = "start a scene"
    END_SCENE = "stop or resume the scene"
    SET_SCENE_LENGTH = "set the scene's length"
    STOP_REPLY = "stop a reply"
    RETRY_REPLY = "ask for the reply again"
    CONTINUE_REPLY = "have the reply continued"
    ASK_WHY = "ask why a reply is as it is"
    SET_GUARD = "set the guard level"
    LOOK_INSIDE = "look at the prompt"
    VERIFY = "compare my memory with the channel"
    NARRATE = "narrate"
    INSTRUCT = "ask something of the next reply"
    DRAFT_LINE = "have a line drafted"
    SET_NOTE = "see or set the author's note"
    SET_SCENARIO = "set the scenario"
    SWIPE = "swipe"
    EDIT_REPLY = "edit this reply"
    UNDO = "take this back"
    DELETE = "take this out of the story"
    HIDE = "hide this"
    PIN = "pin this"
    RESTART = "begin the story anew"
    BRANCH = "branch the story"
    SAVE = "save stories"
    LOAD = "load stories"
    EXPORT = "export the story"
    IMPORT = "put another story in this one's place"
    SET_CAST = "change who plays"
    SET_REPLY_MODE = "choose when I answer"
    SET_BANTER = "choose how long characters answer each other"
    TALK = "have a character speak"
    EDIT_LORE = "see or change the lore here"
    EDIT_SERVER_LORE = "change the lore of the whole server"


FOR_ALL_PLAYERS = frozenset(
    {
        Action.START_SCENE,
        Action.STOP_REPLY,
        Action.RETRY_REPLY,
        Action.ASK_WHY,
        Action.NARRATE,
        Action.INSTRUCT,
        Action.DRAFT_LINE,
        Action.BRANCH,
        Action.TALK,
    }
)
"""What whoever may write may do."""

FOR_THE_ANSWERED = frozenset(
    {
        Action.CONTINUE_REPLY,
        Action.SWIPE,
        Action.EDIT_REPLY,
        Action.UNDO,
        Action.DELETE,
        Action.HIDE,
        Action.PIN,
    }
)
"""What also those may do who were answered; all else is the owner's and the moderators'."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person, as far as rights go.

    Attributes:
        can_write: may send messages in the channel.
        can_moderate: has Manage Messages there, or it is their DM.
    """

    user: UserId
    can_write: bool
    can_moderate: bool


def may(
    action: Action,
    member: Member,
    scene: SceneHead | None,
    answered: Collection[UserId] = (),
) -> bool:
    """Decide whether *member* may do *action*.

    What every player may do is in `FOR_ALL_PLAYERS`; what changes the scene for
    everybody, or shows what they all wrote, is its owner's and the moderators'.

    Args:
        answered: the players whose lines what it is done to answers.
    """
    if not member.can_write:
        return False
    if action in FOR_ALL_PLAYERS:
        return True
    if action in FOR_THE_ANSWERED and member.user in answered:
        return True
    if action is Action.EDIT_SERVER_LORE:
        return member.can_moderate
    return member.can_moderate or (scene is not None and scene.owner == member.user)


def allow(
    action: Action,
    member: Member,
    scene: SceneHead | None,
    answered: Collection[UserId] = (),
) -> None:
    """Raise UserError, which says who may, unless `may` says yes."""
    if may(action, member, scene, answered):
        return
    if action is Action.EDIT_SERVER_LORE:
        raise UserError(f"Only moderators may {action.value}.")
    if action in FOR_ALL_PLAYERS:
        raise UserError(f"You need the right to write here to {action.value}.")
    if action in FOR_THE_ANSWERED:
        raise UserError(
            "Only the player who was answered, the one who started the scene and moderators "
            f"may {action.value}."
        )
    raise UserError(f"Only the one who started the scene and moderators may {action.value}.")
