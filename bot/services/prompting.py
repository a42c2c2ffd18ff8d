"""From a stored scene to the exact prompt, within what the model server accepts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.budget import Plan, PromptTooLong
from bot.core.characters import Character
from bot.core.errors import GenerationError
from bot.core.generation import ModelLimits, Tokens
from bot.core.lengths import AUTO, ChosenLength, Length, LengthSource, LengthStep, choose_length
from bot.core.lore_in_story import with_lore
from bot.core.ports import Metrics, SceneStore, TextGenerator
from bot.core.privacy import nameless
from bot.core.profiles import ModelProfile
from bot.core.prompt import pieces, render, speakers, stop_strings
from bot.core.scene import NO_TURN, ChannelId, Scene, TurnId, UserId
from bot.core.script import Part
from bot.core.story import Story, script_of, story_of, without_personas
from bot.core.token_counts import estimate, fingerprint
from bot.core.token_ledger import TokenLedger
from bot.services.lore_telling import LoreTelling
from bot.services.prefix_meter import PrefixMeter
from bot.services.prompt_fitting import PromptFitting, PromptTask, written_piece
from bot.services.prompt_room import Room
from bot.services.recent import Recent

CHANNELS_REMEMBERED = 256
FIRST_LINE_TOKENS = 64
"""Room that a scene needs beside its fixed part before it is worth beginning."""
LEAST_REPLY_TOKENS = 16


@dataclass(frozen=True, slots=True)
class BuiltPrompt:
    """What the model is asked.

    Attributes:
        prompt: what the reply already has, if anything, is its end.
        others: the names it must not speak for.
        max_new_tokens: what the length says, but never more than fits.
        tokens: of the prompt, exactly; `parts` says where they went.
        reused: so many did the channel's last prompt begin with.
        dropped: how many lines of the story are left out.
        context_tokens: what prompt and reply may have together.
        model: as the server names it.
        lore: names of the entries of lorebooks that are told.
        counts: of the story's turns, where they do not say so yet.
        cut: the turn at which the story is cut, where the scene does not say so
            yet. Both are to be stored with the reply.
    """

    prompt: str
    stop: tuple[str, ...]
    others: tuple[str, ...]
    max_new_tokens: int
    length: ChosenLength
    tokens: int
    reused: int
    parts: Mapping[Part, int]
    dropped: int
    context_tokens: int
    model: str
    lore: tuple[str, ...] = ()
    counts: Mapping[TurnId, str] = field(default_factory=dict)
    cut: TurnId | None = None


@dataclass(frozen=True, slots=True)
class _Remembered:
    """The last prompt of a channel, and what its pieces but the lines took."""

    built: BuiltPrompt
    tokenizer: str
    told: Mapping[str, int]


class Prompting:
    """Builds prompts. Borrows store, generator and metrics."""

    def __init__(
        self,
        *,
        store: SceneStore,
        generator: TextGenerator,
        profile: ModelProfile,
        metrics: Metrics,
        lore: LoreTelling | None = None,
    ) -> None:
        self._store = store
        self._generator = generator
        self._profile = profile
        self._fitting = PromptFitting(generator, profile)
        self._lore = lore
        self._meter = PrefixMeter(metrics)
        self._last: Recent[ChannelId, _Remembered] = Recent(CHANNELS_REMEMBERED)

    async def build(
        self,
        scene: Scene,
        character: Character,
        *,
        trigger: TurnId,
        author: UserId | None,
        reply: TurnId | None = None,
        cast: Sequence[Character] = (),
        written: str = "",
        is_begun: bool = False,
        excess: int = 0,
    ) -> BuiltPrompt:
        """Render the scene for a reply to *trigger*, with as many lines as fit.

        Args:
            reply: the turn that is written, if that is not the usual reply to *trigger*.
            cast: who plays beside *character*.
            written: what the reply already has; stands behind `Name:`.
            is_begun: what was said after the reply does not belong before it, even
                if nothing of it is written.
            excess: by how many tokens the prompts that were built before for
                this reply exceeded what the server takes, all together.

        Raises:
            PromptTooLong: the parts that are never cut do not fit.
            GenerationError: the model server cannot be asked for limits or counts.
            StoreUnavailable, StoreRefusesWrites: nobody knows the player's length.
        """
        scene = nameless(scene)
        channel = scene.head.place.channel
        me = await self._store.user_length(author) if author is not None else None
        length = self._length(
            character, scene=scene.head.length, me=me, next_reply=scene.head.next_length
        )
        limits = await self._generator.limits()
        tokenizer = fingerprint(limits, self._profile)
        bare = story_of(
            scene,
            character,
            length.step.name,
            trigger=trigger,
            reply=reply,
            is_begun=is_begun or bool(written),
            cast=cast,
        )
        story, lore = await self._with_lore(scene, character, bare, limits)
        task = self._task(channel, story, tokenizer, written=written)
        try:
            built, tokens = await self._built(
                task, limits, length, cut=scene.head.cut, excess=excess
            )
        except PromptTooLong:
            shorter = without_personas(bare)
            if shorter == story:
                raise
            # No lore and no player's persona is worth that nobody is answered.
            lore = ()
            task = self._task(channel, shorter, tokenizer, written=written)
            built, tokens = await self._built(
                task, limits, length, cut=scene.head.cut, excess=excess
            )
        built = replace(built, reused=self._meter.measure(channel, tokens.ids), lore=lore)
        self._last.set(channel, _Remembered(built, tokenizer, task.ledger.told(task.around)))
        return built

    async def build_for_player(
        self,
        scene: Scene,
        character: Character,
        *,
        player: str,
        cast: Sequence[Character] = (),
        hint: str = "",
        most_tokens: int,
    ) -> BuiltPrompt:
        """Render the scene for *player*'s own next turn, of at most so many tokens.

        That is nobody's reply: it is not the channel's last prompt, and what is
        asked of the next reply stands aside for *hint*.

        Raises:
            PromptTooLong: the parts that are never cut do not fit.
            GenerationError: the model server cannot be asked for limits or counts.
        """
        length = ChosenLength(LengthStep(AUTO, most_tokens, (0, 0)), LengthSource.DEFAULT)
        limits = await self._generator.limits()
        scene = nameless(scene)
        hinted = replace(scene, head=replace(scene.head, instruction=hint))
        story = story_of(hinted, character, AUTO, trigger=NO_TURN, cast=cast)
        story, _ = await self._with_lore(scene, character, story, limits)
        tokenizer = fingerprint(limits, self._profile)
        task = self._task(scene.head.place.channel, story, tokenizer, player=player)
        built, _ = await self._built(task, limits, length, cut=scene.head.cut)
        return built

    async def _built(
        self,
        task: PromptTask,
        limits: ModelLimits,
        length: ChosenLength,
        *,
        cut: TurnId | None,
        excess: int = 0,
    ) -> tuple[BuiltPrompt, Tokens]:
        """The prompt of *task*, and its tokens; *cut* is where the scene was cut so far."""
        room = Room.of(self._profile, limits, length)
        chosen, draft, together = await self._fitting.fit(task, room, excess)
        left = together - len(draft.tokens)
        if left < LEAST_REPLY_TOKENS:
            budget = max(0, together - LEAST_REPLY_TOKENS)
            raise PromptTooLong(tokens=len(draft.tokens), budget=budget)
        built = BuiltPrompt(
            prompt=draft.prompt,
            stop=stop_strings(draft.script, self._profile, player=task.player),
            others=speakers(draft.script, self._profile, player=task.player),
            max_new_tokens=min(length.step.max_new_tokens, left),
            length=length,
            tokens=len(draft.tokens),
            reused=0,
            parts=draft.parts,
            dropped=len(task.story.turns) - len(chosen.kept),
            context_tokens=room.context,
            model=limits.model,
            counts=task.ledger.news(),
            cut=_moved_cut(task.story, chosen, cut),
        )
        return built, draft.tokens

    async def check(
        self,
        character: Character,
        *,
        scenario: str = "",
        owner_name: str,
        length: Length | None = None,
    ) -> None:
        """Refuse a scene that could never be played: not even one line would fit.

        Raises:
            PromptTooLong: with the numbers.
        """
        chosen = self._length(character, scene=length)
        script = script_of(character, user=owner_name, scenario=scenario, length=chosen.step.name)
        prompt = render(replace(script, examples=()), self._profile)
        room = Room.of(self._profile, None, chosen)
        try:
            room = Room.of(self._profile, await self._generator.limits(), chosen)
            tokens = len(await self._generator.tokenize(prompt))
        except GenerationError:
            # The server is away and may come back before the first line does. An
            # estimate may be twice too high, so only what is hopeless is refused.
            tokens = estimate(prompt) // 2
        needed = tokens + FIRST_LINE_TOKENS
        if needed > room.budget:
            raise PromptTooLong(tokens=needed, budget=room.budget)

    def last(self, channel: ChannelId) -> BuiltPrompt | None:
        """The prompt that was built last for the channel, if that was lately."""
        remembered = self._last.get(channel)
        return remembered.built if remembered else None

    def forget(self, channel: ChannelId) -> None:
        """Drop what was built for the channel."""
        self._last.forget(channel)
        self._meter.forget(channel)

    def _length(
        self,
        character: Character,
        *,
        scene: Length | None,
        me: Length | None = None,
        next_reply: Length | None = None,
    ) -> ChosenLength:
        return choose_length(
            self._profile.lengths,
            next_reply=next_reply,
            me=me,
            scene=scene,
            character=character.length,
        )

    async def _with_lore(
        self, scene: Scene, character: Character, story: Story, limits: ModelLimits
    ) -> tuple[Story, tuple[str, ...]]:
        """*story* with what its lorebooks tell, and the names of their entries."""
        if self._lore is None:
            return story, ()
        context = Room.of(self._profile, limits, self._length(character, scene=None)).context
        lore = await self._lore.tell(scene.head, character, story, context=context)
        return with_lore(story, lore), tuple(one.name for one in lore.told if one.text)

    def _task(
        self,
        channel: ChannelId,
        story: Story,
        tokenizer: str,
        *,
        written: str = "",
        player: str = "",
    ) -> PromptTask:
        around = (
            *pieces(replace(story.script, lines=()), self._profile, player=player),
            *written_piece(written),
        )
        remembered = self._last.get(channel)
        is_told = remembered is not None and remembered.tokenizer == tokenizer
        told = remembered.told if remembered is not None and is_told else {}
        return PromptTask(story, around, written, player, TokenLedger(story.turns, tokenizer, told))


def _moved_cut(story: Story, chosen: Plan, cut: TurnId | None) -> TurnId | None:
    """Where the story was cut, if that is another place than it was."""
    is_whole = cut is None and chosen.examples
    if is_whole or not story.turns or story.turns[chosen.first].id == cut:
        return None
    return story.turns[chosen.first].id
