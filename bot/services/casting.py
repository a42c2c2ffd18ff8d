"""Which character speaks in a turn, and who plays beside it."""

from bot.core.characters import Character
from bot.core.errors import CharacterUnknown
from bot.core.ports import CharacterSource
from bot.core.scene import CharacterKey, Turn, Work
from bot.services.lane import Lane


class Casting:
    """Borrows the characters."""

    def __init__(self, characters: CharacterSource) -> None:
        self._source = characters

    def character_for(self, lane: Lane, work: Work) -> Character:
        """Who speaks in what *work* makes; the lane knows the others then.

        Raises:
            CharacterUnknown: the character is not loaded any more.
        """
        head, loaded = lane.head, self._source.characters()
        key = self._key(lane, work)
        character = loaded.get(key)
        if character is None:
            name = head.character_name if key == head.character else key
            raise CharacterUnknown(
                f"The file of {name} is gone from the characters folder. "
                f"The host can bring `{key}` back; then try again."
            )
        others = (loaded.get(other) for other in (head.character, *head.cast) if other != key)
        lane.cast = tuple(other for other in others if other is not None)
        return character

    def find(self, lane: Lane, work: Work) -> Character | None:
        """The same, if it is loaded; whose turn it is not is nobody."""
        stored = stored_of(lane, work)
        character = self._source.characters().get(self._key(lane, work))
        is_theirs = stored is None or (character is not None and character.name == stored.name)
        return character if is_theirs else None

    def _key(self, lane: Lane, work: Work) -> CharacterKey:
        """As the work says, else whoever said what is stored, else the scene's own."""
        if work.speaker:
            return work.speaker
        stored, loaded = stored_of(lane, work), self._source.characters()
        for key in lane.head.cast if stored is not None else ():
            if key in loaded and stored is not None and loaded[key].name == stored.name:
                return key
        return lane.head.character


def stored_of(lane: Lane, work: Work) -> Turn | None:
    """What memory has of the turn that *work* makes."""
    return next((turn for turn in lane.turns if turn.id == work.reply), None)
