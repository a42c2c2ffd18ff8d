"""Who may do what in a scene: one function for commands, buttons and menus."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from bot.core.errors import UserError
from bot.core.phrases import phrase, template
from bot.core.scene import SceneHead, UserId


class Action(StrEnum):
    """What somebody wants to do."""

    START_SCENE = template("start a scene")
    END_SCENE = template("stop or resume the scene")
    SET_SCENE_LENGTH = template("set the scene's length")
    STOP_REPLY = template("stop a reply")
    RETRY_REPLY = template("ask for the reply again")
    CONTINUE_REPLY = template("have the reply continued")
    ASK_WHY = template("ask why a reply is as it is")
    SET_GUARD = template("set the guard level")
    LOOK_INSIDE = template("look at the prompt")
    VERIFY = template("compare my memory with the channel")
    NARRATE = template("narrate")
    INSTRUCT = template("ask something of the next reply")
    DRAFT_LINE = template("have a line drafted")
    SET_NOTE = template("see or set the author's note")
    SET_SCENARIO = template("set the scenario")
    SWIPE = template("swipe")
    EDIT_REPLY = template("edit this reply")
    UNDO = template("take this back")
    DELETE = template("take this out of the story")
    HIDE = template("hide this")
    PIN = template("pin this")
    RESTART = template("begin the story anew")
    BRANCH = template("branch the story")
    SAVE = template("save stories")
    LOAD = template("load stories")
    EXPORT = template("export the story")
    IMPORT = template("put another story in this one's place")
    SET_CAST = template("change who plays")
    SET_REPLY_MODE = template("choose when I answer")
    SET_BANTER = template("choose how long characters answer each other")
    TALK = template("have a character speak")
    EDIT_LORE = template("see or change the lore here")
    EDIT_SERVER_LORE = template("change the lore of the whole server")
    SHARE_CHARACTERS = template("choose characters for the whole server")
    RELOAD_CHARACTERS = template("have the host's characters read again")
    SEE_SETTINGS = template("see what is settled here")
    CHANGE_SETTINGS = template("settle that")
    EXAMINE = template("have me examined")


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
        Action.RELOAD_CHARACTERS,
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
    act = phrase(action.value)
    if action in FOR_ADMINS:
        return phrase("Only who may manage the server may {act}.", act=act)
    if member.barred:
        return member.barred
    if action is Action.START_SCENE and member.can_write:
        return phrase(
            "Nobody has allowed scenes in this channel yet. Who may manage the server can: by "
            "starting one here, or with /settings channels allow."
        )
    return phrase(_who_may(action), act=act)


def _who_may(action: Action) -> str:
    if action in FOR_ALL_PLAYERS:
        return template("You need the right to write here to {act}.")
    if action is Action.EDIT_SERVER_LORE:
        return template("Only moderators may {act}.")
    if action in FOR_THE_ANSWERED:
        return template(
            "Only the player who was answered, the one who started the scene and moderators "
            "may {act}."
        )
    return template("Only the one who started the scene and moderators may {act}.")
