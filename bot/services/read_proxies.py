"""What other bots have posted for players, as it is found where it stands.

Whoever reads a channel sees the post, and no longer the player's own message. A line
that was heard and is gone is replaced by the post that says the same right after it.
Of one that nobody heard the post is all there is: it is a player's if another bot has
posted for that player under that name in the story before.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from bot.core.proxies import stands_for
from bot.core.scene import MessageId, Place, Scene, Turn, UserId, player_turn_id
from bot.core.triggers import Decision
from bot.core.unposted import ORIGIN, Origin
from bot.core.why import DECISION
from bot.services.incoming import Incoming, Proxied
from bot.services.proxies import KEPT_S
from bot.services.screen import Shown

Pair = tuple[Incoming, Proxied]


def replaced(scene: Scene, gone: Collection[MessageId], shown: Sequence[Shown]) -> tuple[Pair, ...]:
    """Lines of which the message is *gone*, each with the post that stands for it."""
    stored = {message for turn in scene.turns for message in turn.messages}
    free = [each for each in shown if each.posted is not None and each.message not in stored]
    pairs: list[Pair] = []
    for turn in scene.turns:
        line = _line_of(turn, scene.head.place)
        if line is None or line.message not in gone:
            continue
        found = next((each for each in free if _follows(each, line)), None)
        if found is not None and found.posted is not None:
            free.remove(found)
            pairs.append((line, found.posted))
    return tuple(pairs)


def unheard(scene: Scene, shown: Sequence[Shown]) -> Iterator[Incoming]:
    """Posts that nobody has heard of, as lines of the player they are known to be for.

    What was heard was decided about then, and may have been taken back since.
    """
    seen = scene.head.seen
    authors = _authors(scene)
    heard = (_line_of(turn, scene.head.place) for turn in scene.turns)
    lines = [line for line in (*heard, *(each.line for each in shown)) if line is not None]
    for each in shown:
        posted = each.posted
        if posted is None or posted.name not in authors or seen is None or each.message <= seen:
            continue
        if not any(_follows(each, line) for line in lines):
            yield Incoming(
                place=posted.place,
                message=posted.message,
                author=authors[posted.name],
                name=posted.name,
                text=each.text,
                mentions_bot=posted.mentions_bot,
                replies_to_character=False,
                at_ms=each.at_ms,
                edited_ms=each.edited_ms,
                is_proxied=True,
            )


def _authors(scene: Scene) -> Mapping[str, UserId]:
    """For whom other bots have posted under which name, as it was last."""
    return {
        turn.name: turn.author
        for turn in scene.turns
        if turn.author is not None and turn.facts.get(ORIGIN) == Origin.PROXIED
    }


def _line_of(turn: Turn, place: Place) -> Incoming | None:
    """A line as it was heard, that it called a character included; None for all else."""
    if turn.author is None or [player_turn_id(each) for each in turn.messages] != [turn.id]:
        return None
    return Incoming(
        place=place,
        message=turn.messages[0],
        author=turn.author,
        name=turn.name,
        text=turn.text,
        mentions_bot=turn.facts.get(DECISION) == Decision.ANSWER,
        replies_to_character=False,
        at_ms=turn.at_ms,
    )


def _follows(shown: Shown, line: Incoming) -> bool:
    """Whether a post may stand for *line*: it says the same, right after it."""
    is_soon = 0 <= shown.at_ms - line.at_ms < KEPT_S * 1000
    return shown.message > line.message and is_soon and stands_for(shown.text, line.text)
