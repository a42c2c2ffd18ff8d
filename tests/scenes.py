"""Scenes and turns for tests of the stores."""

from bot.core.ports import SceneStore
from bot.core.scene import (
    ChannelId,
    CharacterKey,
    GuildId,
    MessageId,
    Place,
    Role,
    SceneHead,
    Turn,
    UserId,
    Work,
    player_turn_id,
    reply_turn_id,
)

HARBOUR = ChannelId(1111111111111111111)
TOWER = ChannelId(2222222222222222222)
ANN, BOB = UserId(9007199254740993), UserId(1234567890123456789)
"""Neither is a number that a double can hold."""


def scene(channel: ChannelId = HARBOUR, *, started_ms: int = 1) -> SceneHead:
    return SceneHead(
        place=Place(channel, GuildId(7), channel),
        owner=ANN,
        character=CharacterKey("mira"),
        character_name="Mira",
        scenario="A harbour.\nRain.",
        players={ANN: "Ann"},
        started_ms=started_ms,
    )


def line(number: int, text: str = "", *, author: UserId = ANN, name: str = "Ann") -> Turn:
    message = MessageId(number)
    return Turn(
        id=player_turn_id(message),
        role=Role.PLAYER,
        name=name,
        swipes=(text or f"line {number}",),
        author=author,
        messages=(message,),
        at_ms=1_732_400_000_000 + number,
    )


def reply(trigger: int, text: str, *messages: int) -> Turn:
    return Turn(
        id=reply_turn_id(player_turn_id(MessageId(trigger))),
        role=Role.CHARACTER,
        name="Mira",
        swipes=(text,),
        messages=tuple(MessageId(message) for message in messages),
        at_ms=1_732_400_000_500,
    )


async def claimed(store: SceneStore, work: Work, *, channel: ChannelId = HARBOUR) -> None:
    """Claim *work* as a process does that then gives the channel back without an end of it."""
    taken = await store.take(channel, "one", 60, work)
    assert taken is not None
    assert taken.is_claimed
    await store.release(channel, "one")
