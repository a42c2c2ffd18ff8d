"""Which character speaks in a turn, and who plays beside it."""

from collections.abc import Callable, Sequence

from bot.core.age_gate import why_paused
from bot.core.cast import SPEAKER, calls_of, people_of, who_answers, who_goes_on
from bot.core.characters import Character
from bot.core.errors import CharacterUnknown, ScenePaused, UserError
from bot.core.phrases import phrase
from bot.core.ports import CharacterSource
from bot.core.roster import is_members
from bot.core.scene import (
    NO_CHARACTER,
    CharacterKey,
    Place,
    Role,
    Scene,
    SceneHead,
    Turn,
    Work,
    WorkKind,
)
from bot.services.lane import Lane, Trigger

IsAgeRestricted = Callable[[Place], bool | None]
"""Whether a channel is age-restricted now (a thread: its parent); None if nobody knows."""


def nowhere(_place: Place) -> bool:
    """Where Discord is not asked, no channel is age-restricted."""
    return False


class Casting:
    """Borrows the characters."""

    def __init__(
        self, characters: CharacterSource, is_age_restricted: IsAgeRestricted = nowhere
    ) -> None:
        self._source = characters
        self._is_age_restricted = is_age_restricted

    def people(self, head: SceneHead) -> tuple[Character, ...]:
        """Who plays in a scene, in turn order, as far as they are loaded."""
        return people_of(head, self._source.characters())

    def names(self, head: SceneHead) -> tuple[str, ...]:
        """The names that call a character of the scene."""
        calls = calls_of(self.people(head)) if head.cast else ()
        return tuple(dict.fromkeys((head.character_name, *calls)))

    def who_answers(
        self, head: SceneHead, turns: Sequence[Turn], *, replied_to: str = ""
    ) -> CharacterKey:
        """Who answers the newest of *turns*; empty for the scene's own character."""
        if not head.cast:
            return NO_CHARACTER
        return who_answers(turns, self.people(head), replied_to=replied_to)

    def who_answers_again(self, scene: Scene, trigger: Trigger) -> CharacterKey:
        """Who makes the reply that a member asks for again: whoever was to make it."""
        if trigger.speaker or trigger.kind is not WorkKind.REPLY:
            return trigger.speaker
        until = tuple(turn for turn in scene.turns if turn.id <= trigger.turn)
        noted = CharacterKey(until[-1].facts.get(SPEAKER, "")) if until else NO_CHARACTER
        if noted in (scene.head.character, *scene.head.cast):
            return noted
        return self.who_answers(scene.head, until)

    def who_talks(self, scene: Scene, wanted: CharacterKey) -> CharacterKey:
        """Who speaks without a new line: *wanted*, or if that is empty whose turn it is.

        Raises:
            UserError: *wanted* does not play.
        """
        head = scene.head
        if wanted and wanted not in (head.character, *head.cast):
            raise UserError(
                phrase("That character does not play here. `/roleplay cast` lists who does.")
            )
        return wanted or self.who_answers(head, scene.turns)

    def follower(self, lane: Lane, reply: Turn) -> CharacterKey | None:
        """Who goes on from *reply*, which the lane has just made; None if nobody does."""
        head, is_last = lane.head, lane.newest.turn == lane.serving.turn
        if not head.cast or not head.banter or not is_last:
            return None
        before = tuple(turn for turn in lane.turns if turn.id < reply.id)
        return who_goes_on((*before, reply), self.people(head), head.banter)

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
            if is_members(key):
                raise CharacterUnknown(
                    phrase(
                        "{character_name} was erased, and nobody can play it.",
                        character_name=head.character_name,
                    )
                )
            raise CharacterUnknown(
                phrase(
                    "The file of {name} is gone from the characters folder. The host can "
                    "bring `{key}` back; then try again.",
                    name=name,
                    key=key,
                )
            )
        others = (loaded.get(other) for other in (head.character, *head.cast) if other != key)
        lane.cast = tuple(other for other in others if other is not None)
        return character

    def speaker_for(self, lane: Lane, work: Work) -> Character:
        """The same, of who may play there now.

        Raises:
            CharacterUnknown: as above.
            ScenePaused: one of them may not play in such a channel.
        """
        character = self.character_for(lane, work)
        if reason := self.why_paused(lane.head, character, *lane.cast):
            raise ScenePaused(reason)
        return character

    def why_paused(self, head: SceneHead, *people: Character) -> str:
        """Say why the scene waits, where one who plays may not play there; else nothing."""
        found = self._is_age_restricted(head.place)
        return why_paused(people or self.people(head), is_age_restricted=found)

    def shown(self, lane: Lane, work: Work) -> Character | None:
        """Who says what is stored, if it is loaded; whose turn it is not is nobody.

        Raises:
            ScenePaused: it is not on the screen yet, and may not come there now.
        """
        stored = stored_of(lane, work)
        is_new = stored is not None and stored.role is Role.CHARACTER and not stored.messages
        if is_new and (reason := self.why_paused(lane.head)):
            raise ScenePaused(reason)
        character = self._source.characters().get(self._key(lane, work))
        is_theirs = stored is None or (character is not None and character.name == stored.name)
        return character if is_theirs else None

    def _key(self, lane: Lane, work: Work) -> CharacterKey:
        """As the work says, else whoever said what is stored, else the scene's own."""
        if work.speaker:
            return work.speaker
        stored, loaded = stored_of(lane, work), self._source.characters()
        if stored is None or stored.name == lane.head.character_name:
            return lane.head.character
        # Who was let go since still has its own words.
        hosts = (key for key in loaded if not is_members(key))
        known = (*lane.head.cast, *(key for key in hosts if key not in lane.head.cast))
        said_it = (key for key in known if key in loaded and loaded[key].name == stored.name)
        return next(said_it, lane.head.character)


def stored_of(lane: Lane, work: Work) -> Turn | None:
    """What memory has of the turn that *work* makes."""
    return next((turn for turn in lane.turns if turn.id == work.reply), None)
