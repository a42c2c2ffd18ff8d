"""Lore and the story: what is looked through, and where texts go."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.core.chance import seeded
from bot.core.characters import Character
from bot.core.greetings import all_greetings
from bot.core.lore import STAYS_FOR_REPLIES, Lore
from bot.core.lore_rules import Moment, Told
from bot.core.scene import Role, SceneHead, Turn
from bot.core.script import Lore as LoreText
from bot.core.script import Position
from bot.core.story import Story

MOST_LINES = 100
"""So far back may a book have keys looked for."""


def moments_of(story: Story, head: SceneHead, character: Character) -> Sequence[Moment]:
    """The reply that is to be written, and those before it from which lore may stay.

    Chance falls as it did when each of them was written: it hangs on the line
    that was the last one then.
    """
    turns = story.turns
    replies = [at for at, turn in enumerate(turns) if turn.role is Role.CHARACTER]
    greeting = _greeting(turns, story, character)

    def moment(end: int) -> Moment:
        last = turns[end - 1].id if end else ""
        return Moment(
            lines=[f"{turn.name}: {turn.text}" for turn in turns[max(0, end - MOST_LINES) : end]],
            chance=seeded(head.place.channel, head.started_ms, last),
            replies=sum(at < end for at in replies),
            greeting=greeting,
        )

    before = [at for at in reversed(replies) if at][:STAYS_FOR_REPLIES]
    return [moment(len(turns)), *map(moment, before)]


def with_lore(story: Story, lore: Lore) -> Story:
    """Tell *lore* with the story, before all that is told beside it."""
    if not lore.told:
        return story
    texts = (*_texts(lore.told), *story.script.lore)
    return replace(story, script=replace(story.script, lore=texts))


def _texts(told: Sequence[Told]) -> Iterator[LoreText]:
    for one in told:
        position = one.terms.position
        if not one.text:
            continue
        if position.depth is not None:
            yield LoreText(one.text, Position.DEPTH, position.depth)
        else:
            yield LoreText(one.text, Position.BEFORE if position.before else Position.AFTER)


def _greeting(turns: Sequence[Turn], story: Story, character: Character) -> int | None:
    """Which of the character's greetings the story began with, from 1."""
    if not turns or turns[0].role is not Role.CHARACTER:
        return None
    texts = [story.fill(text) for text in all_greetings(character)]
    return texts.index(turns[0].text) + 1 if turns[0].text in texts else None
