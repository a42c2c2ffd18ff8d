"""What a member may ask for again: a reply anew, or the rest of one."""

from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.scene import (
    CharacterKey,
    MessageId,
    Role,
    Scene,
    Turn,
    TurnId,
    UserId,
    WorkKind,
    player_turn_id,
    reply_turn_id,
    trigger_of,
)
from bot.core.story_acts import check_posted
from bot.services.lane import Trigger


class StoryWentOn(UserError):
    """The line that is to be answered again is not the newest any more."""

    def __init__(self) -> None:
        super().__init__(phrase("The story has gone on since. Just write your next line."))


def anew(scene: Scene, trigger: TurnId) -> Trigger:
    """The reply to *trigger*, written anew if there is one.

    The line itself may be gone while its reply, which answered others too,
    still ends the story. And it may be a reply itself, from which a character
    was to go on.

    Raises:
        StoryWentOn: the story has gone on, or holds no line any more.
    """
    players = [turn for turn in scene.turns if turn.role is Role.PLAYER]
    earlier = [turn for turn in scene.turns if turn.id == reply_turn_id(trigger)]
    last = scene.turns[-1] if scene.turns else None
    stands_last = bool(earlier) and last is earlier[-1]
    is_last = last is not None and last.id == trigger
    if not (is_last or (players and (stands_last or players[-1].id == trigger))):
        raise StoryWentOn
    if earlier:
        return swipe(scene, earlier[-1].id)
    if any(turn.role is Role.CHARACTER and turn.id > trigger for turn in scene.turns):
        raise StoryWentOn  # with a line that is gone since
    return Trigger(trigger, players[-1].author if players else None, is_anew=True)


def swipe(scene: Scene, reply: TurnId) -> Trigger:
    """Another text for *reply*, beside those it has.

    Raises:
        UserError: the story has gone on, or there is no such reply.
    """
    last = newest_reply(scene, reply)
    return Trigger(
        trigger_of(reply) or reply,
        _author_of(scene, reply),
        WorkKind.SWIPE,
        target=reply,
        shown=last.messages,
        stored=last.text,
        is_anew=True,
    )


def going_on(scene: Scene, reply: TurnId) -> Trigger:
    """The rest of *reply*.

    Raises:
        StoryWentOn: the story has gone on, or there is no such reply.
    """
    last = newest_reply(scene, reply)
    return Trigger(
        trigger_of(reply) or reply,
        _author_of(scene, reply),
        WorkKind.CONTINUE,
        target=reply,
        shown=last.messages,
        stored=last.text,
    )


def shown_again(turn: Turn) -> Trigger:
    """The screen follows what memory has of *turn*."""
    return Trigger(
        trigger_of(turn.id) or turn.id,
        None,
        WorkKind.SHOW,
        target=turn.id,
        shown=turn.messages,
        stored=turn.text,
    )


def talk(scene: Scene, asker: UserId, event: MessageId, speaker: CharacterKey) -> Trigger:
    """A reply without a new line: to the newest turn, whoever said it.

    Args:
        event: names the reply where nothing has been said yet.
    """
    last = scene.turns[-1].id if scene.turns else player_turn_id(event)
    return Trigger(last, asker, speaker=speaker)


def newest_reply(scene: Scene, reply: TurnId) -> Turn:
    """The character's turn with which the story ends.

    Raises:
        StoryWentOn: it is another one, or something was said since.
        UserError: it is on its way to the screen.
    """
    last = scene.turns[-1] if scene.turns else None
    if last is None or last.id != reply or last.role is not Role.CHARACTER:
        raise StoryWentOn
    check_posted(last)
    return last


def _author_of(scene: Scene, reply: TurnId) -> UserId | None:
    """Who is answered: the author of the last line before *reply*."""
    said = (turn.author for turn in reversed(scene.turns) if turn.id < reply and turn.author)
    return next(said, None)
