"""From a stored scene to the exact prompt, within what the model server accepts."""

from dataclasses import dataclass

from bot.core.characters import Character, filled
from bot.core.lengths import ChosenLength, choose_length
from bot.core.ports import SceneStore, TextGenerator
from bot.core.profiles import ModelProfile
from bot.core.prompt import Line, Persona, Script, render, shorten, speakers, stop_strings
from bot.core.scene import Role, Scene, TurnId, UserId, reply_turn_id

MOST_CUTS = 6
"""Each cut halves the story at least; more would mean the estimate is broken."""


@dataclass(frozen=True, slots=True)
class BuiltPrompt:
    """What the model is asked. `others` are the names it must not speak for."""

    prompt: str
    stop: tuple[str, ...]
    others: tuple[str, ...]
    max_new_tokens: int
    length: ChosenLength


class Prompting:
    """Builds prompts. Borrows store and generator."""

    def __init__(
        self, *, store: SceneStore, generator: TextGenerator, profile: ModelProfile
    ) -> None:
        self._store = store
        self._generator = generator
        self._profile = profile

    async def build(
        self, scene: Scene, character: Character, *, trigger: TurnId, author: UserId | None
    ) -> BuiltPrompt:
        """Render the scene up to *trigger* and cut old turns until it fits.

        Raises:
            PromptTooLong: the parts that are never cut do not fit.
            GenerationError: the model server cannot be asked for limits or counts.
            StoreUnavailable, StoreRefusesWrites: the cut could not be noted.
        """
        me = await self._store.user_length(author) if author is not None else None
        length = choose_length(
            next_reply=scene.head.next_length,
            me=me,
            scene=scene.head.length,
            character=character.length,
        )
        max_new_tokens = self._profile.max_new_tokens[length.step]
        script, ids = self._script(scene, character, length, trigger)
        limits = await self._generator.limits()
        room = min(self._profile.context_tokens, limits.max_total_tokens) - max_new_tokens
        budget = min(room, limits.max_input_tokens)
        prompt, kept = await self._fit(script, budget)
        if kept.lines and len(kept.lines) < len(ids):
            await self._store.set_cut(scene.head.place.channel, ids[-len(kept.lines)])
        return BuiltPrompt(
            prompt=prompt,
            stop=stop_strings(kept, self._profile),
            others=speakers(script, self._profile),
            max_new_tokens=max_new_tokens,
            length=length,
        )

    def _script(
        self, scene: Scene, character: Character, length: ChosenLength, trigger: TurnId
    ) -> tuple[Script, list[TurnId]]:
        head = scene.head
        replaced = reply_turn_id(trigger)
        turns = [
            turn
            for turn in scene.turns
            if turn.id != replaced and (head.cut is None or turn.id >= head.cut)
        ]
        user = next((turn.name for turn in turns if turn.role is Role.PLAYER), "User")

        def fill(text: str) -> str:
            return filled(text, char=character.name, user=user)

        script = Script(
            character=Persona(character.name, fill(character.persona)),
            players=tuple(Persona(name, "") for name in dict.fromkeys(head.players.values())),
            scenario=fill(head.scenario or character.scenario),
            examples=tuple(
                # Without names: the script's own character, and whoever plays first.
                Line(line.role, "", fill(line.text))
                for line in character.examples
            ),
            lines=tuple(Line(turn.role, turn.name, turn.text) for turn in turns),
            length=length.step,
        )
        return script, [turn.id for turn in turns]

    async def _fit(self, script: Script, budget: int) -> tuple[str, Script]:
        for _ in range(MOST_CUTS):
            prompt = render(script, self._profile)
            # No tokenizer makes more tokens than bytes, so a short prompt needs
            # no counting; one more stands for the begin token.
            tokens = len(prompt.encode()) + 1
            if tokens > budget:
                tokens = await self._generator.count_tokens(prompt)
            if tokens <= budget:
                return prompt, script
            script, _ = shorten(script, tokens, budget, self._profile)
        raise AssertionError("shorten() neither fits nor refuses")
