"""Several characters in one scene: who plays, who answers, and who goes on."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bot.core.change import Change
from bot.core.characters import Character
from bot.core.errors import UserError
from bot.core.names import clean_name
from bot.core.phrases import phrase
from bot.core.scene import NO_CHARACTER, CharacterKey, Role, SceneHead, Turn
from bot.core.triggers import first_named

MOST_CHARACTERS = 6
MOST_BANTER = 6
"""Replies that characters give each other in a row."""

SHORTEST_CALL = 3
"""Letters of a first name that calls somebody; shorter ones are words, too."""

SPEAKER = "speaker"
"""Under this name the facts of a line keep the key of who answers it."""
FOLLOWER = "follower"
"""And those of a reply the key of who goes on from it."""


def people_of(head: SceneHead, loaded: Mapping[CharacterKey, Character]) -> tuple[Character, ...]:
    """Who plays, in the order in which they speak; whose file is gone is left out."""
    return tuple(loaded[key] for key in (head.character, *head.cast) if key in loaded)


def calls_of(people: Sequence[Character]) -> Mapping[str, Character]:
    """Which names call whom: the whole name, and its first word if nobody else has that."""
    words = Counter(word for who in people for word in set(_spoken(who.name).split()))
    found: dict[str, Character] = {}
    for who in people:
        first = who.name.partition(" ")[0]
        if len(first) >= SHORTEST_CALL and words[_spoken(first)] == 1:
            found[first] = who
    return {**found, **{who.name: who for who in people}}


def added(head: SceneHead, character: Character, people: Sequence[Character]) -> Change:
    """Have *character* play, too.

    Args:
        people: who plays already.

    Raises:
        UserError: it does, or would be taken for somebody else, or there are enough.
    """
    if character.key in (head.character, *head.cast):
        raise UserError(phrase("{name} plays here already.", name=character.name))
    if len(head.cast) + 1 >= MOST_CHARACTERS:
        raise UserError(
            phrase(
                "{most_characters} characters play here, and more would be too many. "
                "`/roleplay remove` lets one go.",
                most_characters=MOST_CHARACTERS,
            )
        )
    name = _spoken(character.name)
    if name in {_spoken(each) for each in (head.character_name, *(who.name for who in people))}:
        raise UserError(
            phrase("A character called {name} plays here already.", name=character.name)
        )
    if name in {_spoken(player) for player in head.players.values()}:
        raise UserError(
            phrase(
                "A player here is called {name}, too, and nobody could tell the two apart.",
                name=character.name,
            )
        )
    return Change(head=replace(head, cast=(*head.cast, character.key)))


def removed(head: SceneHead, key: CharacterKey, loaded: Mapping[CharacterKey, Character]) -> Change:
    """Let a character go; what it has said stays. The next one takes the first one's place.

    Raises:
        UserError: it does not play, or alone.
    """
    left = tuple(each for each in head.cast if each != key)
    if key != head.character:
        if left == head.cast:
            raise UserError(
                phrase("That character does not play here. `/roleplay cast` lists who does.")
            )
        return Change(head=replace(head, cast=left, banter=head.banter if left else 0))
    if not left:
        raise UserError(
            phrase(
                "{character_name} plays alone here. `/roleplay stop` ends the scene instead.",
                character_name=head.character_name,
            )
        )
    first = next((each for each in left if each in loaded), None)
    if first is None:
        raise UserError(phrase("The files of all the others are gone, so nobody could go on."))
    rest = tuple(each for each in left if each != first)
    name = loaded[first].name
    return Change(
        head=replace(
            head,
            character=first,
            character_name=name,
            cast=rest,
            banter=head.banter if rest else 0,
        )
    )


def who_answers(
    turns: Sequence[Turn], people: Sequence[Character], *, replied_to: str = ""
) -> CharacterKey:
    """Who answers the newest line: whom it names, else to whose message it replies.

    Else whom a line names that has no reply yet either, else whose turn it is.

    Args:
        turns: of the scene, with the line, oldest first.
        people: who plays, in turn order.
        replied_to: name of the character to whose message the line is a reply.
    """
    lines = []
    for turn in reversed(turns):
        if turn.role is Role.CHARACTER:
            break
        if turn.role is Role.PLAYER and not turn.hidden:
            lines.append(turn)
    calls = calls_of(people)
    for number, line in enumerate(lines):
        named = first_named(line.text, tuple(calls))
        if named is None and number == 0 and replied_to in calls:
            named = replied_to
        if named is not None:
            return calls[named].key
    return whose_turn(turns, people)


def whose_turn(
    turns: Sequence[Turn], people: Sequence[Character], *, but: Collection[str] = ()
) -> CharacterKey:
    """Who comes next: behind whoever spoke last, and not twice before all have spoken.

    What counts is what was said since the last line of a player.

    Args:
        but: names of those whose turn it cannot be.
    """
    names = [who.name for who in people]
    said = [turn.name for turn in turns if turn.role is Role.CHARACTER and turn.name in names]
    since = _since_line(turns)
    spoken = Counter(turn.name for turn in since)
    behind = names.index(said[-1]) + 1 if said else 0
    order = [*people[behind:], *people[:behind]]
    able = [who for who in order if who.name not in but]
    return min(able, key=lambda who: spoken[who.name]).key if able else NO_CHARACTER


def who_goes_on(
    turns: Sequence[Turn], people: Sequence[Character], most: int
) -> CharacterKey | None:
    """Who answers the reply with which *turns* end; None if nobody does.

    Whom it names, else whose turn it is, until so many replies at *most* have
    followed the one to the last line of a player.
    """
    last = turns[-1] if turns else None
    if last is None or last.role is not Role.CHARACTER or len(_since_line(turns)) > most:
        return None
    others = [who for who in people if who.name != last.name]
    if not others:
        return None
    calls = calls_of(people)
    named = first_named(last.text, [call for call, who in calls.items() if who in others])
    if named is not None:
        return calls[named].key
    return whose_turn(turns, people, but=(last.name,))


def _since_line(turns: Sequence[Turn]) -> list[Turn]:
    """What characters have said since the last line of a player."""
    found: list[Turn] = []
    for turn in reversed(turns):
        if turn.role is Role.PLAYER:
            break
        if turn.role is Role.CHARACTER:
            found.append(turn)
    return found


def _spoken(name: str) -> str:
    return clean_name(name, fallback="").casefold()
