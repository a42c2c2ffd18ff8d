"""What a member may ask for again: a reply anew, or the rest of one."""

from bot.core.errors import UserError
from bot.core.scene import Role, Scene, TurnId, reply_turn_id, trigger_of
from bot.services.lane import Trigger


class StoryWentOn(UserError):
    """The line that is to be answered again is not the newest any more."""

    def __init__(self) -> None:
        super().__init__("The story has gone on since. Just write your next line.")


def anew(scene: Scene, trigger: TurnId) -> Trigger:
    """The reply to *trigger*, written anew if there is one.

    The line itself may be gone while its reply, which answered others too,
    still ends the story.

    Raises:
        StoryWentOn: the story has gone on, or holds no line any more.
    """
    players = [turn for turn in scene.turns if turn.role is Role.PLAYER]
    earlier = [turn for turn in scene.turns if turn.id == reply_turn_id(trigger)]
    stands_last = bool(earlier) and scene.turns[-1] is earlier[-1]
    if not players or (players[-1].id != trigger and not stands_last):
        raise StoryWentOn
    shown = earlier[-1].messages if earlier else ()
    return Trigger(trigger, players[-1].author, shown, is_anew=True)


def going_on(scene: Scene, reply: TurnId) -> Trigger:
    """The rest of *reply*.

    Raises:
        StoryWentOn: the story has gone on, or there is no such reply.
    """
    last = scene.turns[-1] if scene.turns else None
    trigger = trigger_of(reply)
    if last is None or last.id != reply or trigger is None:
        raise StoryWentOn
    author = next((turn.author for turn in scene.turns if turn.id == trigger), None)
    return Trigger(trigger, author, last.messages, continues=last.text)
