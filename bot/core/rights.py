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
    SHARE_CHARACTERS = "choose characters for the whole server"
    SEE_SETTINGS = "see what is settled here"
    CHANGE_SETTINGS = "settle that"
    EXAMINE = "have me examined"


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

FOR_ADMINS = frozenset(
    {
        Action.SHARE_CHARACTERS,
        Action.SEE_SETTINGS,
        Action.CHANGE_SETTINGS,
        Action.EXAMINE,
    }
)
"""What concerns a whole server; they may that where the bot is switched off, too."""

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
        can_administer: has Manage Server, or the role that the admins gave that right.
        can_start: whether scenes may be started there, and by them.
        barred: why they may do nothing here at all; empty if they may.
    """

    user: UserId
    can_write: bool
    can_moderate: bool
    can_administer: bool = False
    can_start: bool = True
    barred: str = ""


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
    if action in FOR_ADMINS:
        return member.can_administer
    if member.barred or not member.can_write:
        return False
    if action in FOR_ALL_PLAYERS:
        return member.can_start or action is not Action.START_SCENE
    if member.can_moderate or (action in FOR_THE_ANSWERED and member.user in answered):
        return True
    is_owner = scene is not None and scene.owner == member.user
    return is_owner and action is not Action.EDIT_SERVER_LORE


def allow(
    action: Action,
    member: Member,
    scene: SceneHead | None,
    answered: Collection[UserId] = (),
) -> None:
    """Raise UserError, which says who may, unless `may` says yes."""
    if may(action, member, scene, answered):
        return
    raise UserError(_refusal(action, member))


def _refusal(action: Action, member: Member) -> str:
    """Who may do what *member* may not."""
    if action in FOR_ADMINS:
        return f"Only who may manage the server may {action.value}."
    if member.barred:
        return member.barred
    if action is Action.START_SCENE and member.can_write:
        return (
            "Nobody has allowed scenes in this channel yet. Who may manage the server can: by "
            "starting one here, or with /settings channels allow."
        )
    if action in FOR_ALL_PLAYERS:
        return f"You need the right to write here to {action.value}."
    if action is Action.EDIT_SERVER_LORE:
        who = "moderators"
    elif action in FOR_THE_ANSWERED:
        who = "the player who was answered, the one who started the scene and moderators"
    else:
        who = "the one who started the scene and moderators"
    return f"Only {who} may {action.value}."
