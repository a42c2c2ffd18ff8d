"""Looking inside: the last prompt of a channel, and why a message became what it did."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.core.characters import Character
from bot.core.errors import CharacterUnknown, GenerationError, NoLiveScene, UserError
from bot.core.facts import ReplyFacts
from bot.core.phrases import phrase, template
from bot.core.ports import SceneStore
from bot.core.scene import ChannelId, MessageId, Role, Scene, Turn, TurnId, UserId
from bot.core.script import Part
from bot.core.why import Around, Fate, Said, fate_of, reply_to, shown_by
from bot.services.casting import Casting
from bot.services.lane import Trigger
from bot.services.prompting import BuiltPrompt


class Prompts(Protocol):
    """As much of `Prompting` as looking needs."""

    def last(self, channel: ChannelId) -> BuiltPrompt | None: ...

    async def build(
        self,
        scene: Scene,
        character: Character,
        *,
        trigger: TurnId,
        author: UserId | None,
        cast: Sequence[Character] = (),
    ) -> BuiltPrompt: ...

    def forget(self, channel: ChannelId) -> None: ...


class Share(StrEnum):
    """What the model's context is spent on, in the order of `ContextView.shares`."""

    INSTRUCTION = template("instruction")
    PERSONAS = template("personas")
    SCENARIO = template("scenario")
    LORE = template("lore")
    EXAMPLES = template("examples")
    STORY = template("story")
    NOTE = template("note")
    RESERVED = template("for reply")
    FREE = template("free")


_SHARES: Mapping[Part, Share] = {
    Part.INSTRUCTION: Share.INSTRUCTION,
    Part.PERSONAS: Share.PERSONAS,
    Part.SCENARIO: Share.SCENARIO,
    Part.LORE: Share.LORE,
    Part.EXAMPLES: Share.EXAMPLES,
    Part.STORY: Share.STORY,
    Part.NOTE: Share.NOTE,
    Part.REPLY: Share.STORY,  # the open header is where the story goes on
}


@dataclass(frozen=True, slots=True)
class ContextView:
    """A prompt as `/context` shows it.

    Attributes:
        is_sent: whether the model was asked with it; else it is what the
            newest line would be answered with.
    """

    built: BuiltPrompt
    is_sent: bool

    def shares(self) -> Mapping[Share, int]:
        """Tokens by what they are spent on; together they are the model's context."""
        found = dict.fromkeys(Share, 0)
        for part, tokens in self.built.parts.items():
            found[_SHARES[part]] += tokens
        # The begin token, and whatever else stands in no part.
        found[Share.INSTRUCTION] += max(self.built.tokens - sum(self.built.parts.values()), 0)
        found[Share.RESERVED] = self.built.max_new_tokens
        found[Share.FREE] = max(self.built.context_tokens - sum(found.values()), 0)
        return found


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a message became what it did.

    Attributes:
        name: of the character whose reply it is or has, else the scene's own.
        facts: of the reply that the message is, or has.
    """

    fate: Fate
    name: str
    facts: ReplyFacts | None = None


class Inspection:
    """Answers questions about a channel. Borrows all it is given.

    Every method may raise StoreUnavailable or StoreRefusesWrites.
    """

    def __init__(
        self,
        *,
        store: SceneStore,
        prompting: Prompts,
        casting: Casting,
        is_writing: Callable[[ChannelId], bool],
        resume_age_s: float,
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._prompting = prompting
        self._casting = casting
        self._is_writing = is_writing
        self._resume_age_ms = int(resume_age_s * 1000)
        self._awake_since_ms = now_ms()

    async def context(self, channel: ChannelId) -> ContextView:
        """The channel's last prompt, or the one that its newest line would get.

        Raises:
            UserError: there is none and none can be built; says why.
        """
        scene = await self._store.read(channel)
        if scene is None:
            raise NoLiveScene(phrase("There is no scene here. Start one with /roleplay start."))
        last = self._prompting.last(channel)
        if last is not None:
            return ContextView(last, is_sent=True)
        newest = next((turn for turn in reversed(scene.turns) if turn.role is Role.PLAYER), None)
        if newest is None:
            raise UserError(phrase("Nobody has written a line yet, so there is no prompt."))
        character, others = self._speaker(scene, newest)
        try:
            built = await self._prompting.build(
                scene, character, trigger=newest.id, author=newest.author, cast=others
            )
        except GenerationError as error:
            raise UserError(
                phrase(
                    "No prompt was sent since I started, and without the model server, "
                    "which does not answer, none can be counted."
                )
            ) from error
        finally:
            self._prompting.forget(channel)  # nobody sent it: it is not the last one
        return ContextView(built, is_sent=False)

    def _speaker(self, scene: Scene, line: Turn) -> tuple[Character, Sequence[Character]]:
        """Who answers *line*, and who plays beside that character.

        Raises:
            CharacterUnknown: it is not loaded any more.
        """
        head, asked = scene.head, Trigger(line.id, line.author)
        key = self._casting.who_answers_again(scene, asked) or head.character
        people = self._casting.people(head)
        character = next((who for who in people if who.key == key), None)
        if character is None:
            name = head.character_name if key == head.character else key
            raise CharacterUnknown(phrase("{name} is not loaded any more.", name=name))
        return character, tuple(who for who in people if who is not character)

    async def why(self, channel: ChannelId, message: MessageId, said: Said | None) -> Explanation:
        """Tell what became of *message*; *said* is None unless a member wrote it."""
        scene = await self._store.read(channel)
        around = Around(
            scene=scene,
            work=await self._store.work(channel),
            is_writing=self._is_writing(channel),
            awake_since_ms=self._awake_since_ms,
            resume_age_ms=self._resume_age_ms,
        )
        fate = fate_of(message, said, around)
        if scene is None:
            return Explanation(fate, phrase("the character"))
        turn = shown_by(scene, message)
        if turn is not None and fate is Fate.ANSWERED:
            turn = reply_to(scene, turn.id)
        has_facts = turn is not None and fate in (Fate.REPLY, Fate.ANSWERED)
        facts = ReplyFacts.read(turn.facts) if turn is not None and has_facts else None
        is_theirs = turn is not None and turn.role is Role.CHARACTER
        name = turn.name if turn is not None and is_theirs else scene.head.character_name
        return Explanation(fate, name, facts)
