"""Asks the model for one reply and hands its text on as it becomes certain."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto

from bot.core.characters import Character
from bot.core.errors import GenerationTooLong, UserError
from bot.core.facts import Ending, ReplyFacts
from bot.core.generation import Finish, FinishReason, GenerationRequest, Sampling
from bot.core.metrics import Stage
from bot.core.phrases import phrase
from bot.core.ports import Metrics, TextGenerator
from bot.core.profiles import ModelProfile
from bot.core.repeats import RepeatJudge, Verdict, is_near_repeat
from bot.core.reply_text import ReplyText
from bot.core.scene import Role, Scene, WorkKind
from bot.services.dispatcher import Dispatcher
from bot.services.incoming import Patience
from bot.services.interrupt import Reason
from bot.services.lane import Lane
from bot.services.milestones import Milestone, Reached, pass_by
from bot.services.outgoing import Fit, as_it_is
from bot.services.prompting import BuiltPrompt, Prompting

REPLIES_COMPARED = 3
SENTENCES_ONLY_FROM = 0.75
"""Of the tokens a reply may have: from here on it could be cut off in mid-sentence."""
SHRINKS = 2
"""How often a prompt that the server calls too long is made shorter."""
SHRINK_TOKENS = 64
"""Beyond what the server said is too much, or where it did not say."""
REPEAT_PENALTY = 1.06
"""Times the profile's repetition penalty, where a reply would repeat an earlier one."""

_ENDINGS = {
    FinishReason.END: Ending.MODEL,
    FinishReason.STOP: Ending.STOP_STRING,
    FinishReason.LENGTH: Ending.TOKENS,
}


class NothingToSay(UserError):
    """The model ended at once, twice."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One reply as it is to be shown and remembered; no text if it was interrupted first."""

    text: str
    facts: ReplyFacts
    built: BuiltPrompt | None = None
    """What the model was asked, if it was; what it says of the story is stored with the reply."""

    @property
    def may_go_on(self) -> bool:
        """Whether the model had more to say when it was cut off."""
        return self.facts.ending in (Ending.TOKENS, Ending.LOST)


class _Again(Enum):
    """Why a reply is thrown away before anything of it was shown, and asked for once more."""

    EMPTY = auto()
    REPEAT = auto()


@dataclass(slots=True)
class _Attempt:
    """A reply while it is being written."""

    built: BuiltPrompt
    request: GenerationRequest
    reply: ReplyText
    judge: RepeatJudge
    judged: bool
    earlier: tuple[str, ...]
    finish: Finish | None = None
    ended_by: Ending | None = None
    is_repeat: bool = False
    asked_at: float = 0.0
    first_at: float | None = None


class Drafter:
    """Borrows all it is given. One call at a time per lane."""

    def __init__(
        self,
        *,
        generator: TextGenerator,
        prompting: Prompting,
        dispatcher: Dispatcher,
        profile: ModelProfile,
        metrics: Metrics,
        patience: Patience,
        new_seed: Callable[[], int],
        reached: Reached = pass_by,
        fit: Fit = as_it_is,
    ) -> None:
        self._generator = generator
        self._prompting = prompting
        self._dispatcher = dispatcher
        self._profile = profile
        self._metrics = metrics
        self._patience = patience
        self._new_seed = new_seed
        self._reached = reached
        self._fit = fit

    async def draft(
        self, lane: Lane, scene: Scene, character: Character, show: Callable[[str], None]
    ) -> Draft:
        """Write the reply to the lane's partial turn; *show* gets the text so far.

        A reply without text is asked for again with another seed, once; so is,
        with a penalty, one that begins as an earlier one did. Neither was shown.

        Raises:
            GenerationError: the model was lost; what it wrote is kept in the lane.
            NothingToSay, PromptTooLong, TooBusy, StoreUnavailable, StoreRefusesWrites.
        """
        thrown_away: list[_Again] = []
        while True:
            attempt = await self._attempt(lane, scene, character, thrown_away, show)
            text = attempt.reply.finish(cut=_is_cut(attempt))
            again = None if lane.interrupt.reason else _again(lane, attempt, text)
            if again is None or again in thrown_away:
                break
            thrown_away.append(again)
            lane.partial = replace(lane.partial, raw="", tokens=0)
        if again is _Again.EMPTY:
            raise NothingToSay(_nothing_more(lane))
        text = await self._fit(lane.head.place, text)
        facts = self._facts(lane, attempt, text, tries=len(thrown_away) + 1)
        return Draft(text, facts, attempt.built)

    async def _attempt(
        self,
        lane: Lane,
        scene: Scene,
        character: Character,
        thrown_away: list[_Again],
        show: Callable[[str], None],
    ) -> _Attempt:
        excess = 0
        for shrinks in range(SHRINKS + 1):
            attempt = await self._begin(lane, scene, character, thrown_away, excess)
            try:
                async with lane.interrupt.block():
                    await self._feed(lane, attempt, show)
                if attempt.first_at is not None:
                    now = asyncio.get_running_loop().time()
                    self._metrics.took(Stage.DECODE, now - attempt.first_at)
            except GenerationTooLong as error:
                if shrinks == SHRINKS:
                    raise
                excess += (error.excess or 0) + SHRINK_TOKENS
            else:
                return attempt
        raise AssertionError("unreachable: the last shrink returns or raises")

    async def _begin(
        self,
        lane: Lane,
        scene: Scene,
        character: Character,
        thrown_away: list[_Again],
        excess: int,
    ) -> _Attempt:
        loop = asyncio.get_running_loop()
        partial, began = lane.partial, loop.time()
        spoken = f" {partial.spoken}" if partial.spoken else ""
        built = await self._patience.insist(
            lambda: self._prompting.build(
                scene,
                character,
                trigger=partial.turn,
                reply=lane.serving.reply,
                author=lane.serving.author,
                cast=lane.cast,
                is_begun=lane.serving.kind is not WorkKind.REPLY,
                written=spoken + partial.raw,
                excess=excess,
            )
        )
        self._reached(Milestone.PROMPT_BUILT)
        self._metrics.took(Stage.PROMPT, loop.time() - began)
        reply = ReplyText(
            character.name,
            built.others,
            self._profile,
            guard=scene.head.guard,
            spoken=partial.spoken,
            keeps_links=lane.keeps_links,
        )
        if partial.raw:
            reply.feed(partial.raw)
        request = GenerationRequest(
            prompt=built.prompt,
            stop=built.stop,
            max_new_tokens=max(1, built.max_new_tokens - partial.tokens),
            seed=self._new_seed(),
            sampling=self._sampling(thrown_away),
            affinity=str(lane.channel),
        )
        earlier = _earlier_replies(scene, lane)
        return _Attempt(
            built=built,
            request=request,
            reply=reply,
            judge=RepeatJudge(earlier),
            # What is on the screen already is judged no more, and nothing twice.
            judged=lane.is_showing or _Again.REPEAT in thrown_away,
            earlier=earlier,
        )

    def _sampling(self, thrown_away: list[_Again]) -> Sampling:
        sampling = self._profile.sampling
        if _Again.REPEAT not in thrown_away:
            return sampling
        penalty = (sampling.repetition_penalty or 1.0) * REPEAT_PENALTY
        return replace(sampling, repetition_penalty=penalty)

    async def _feed(self, lane: Lane, attempt: _Attempt, show: Callable[[str], None]) -> None:
        reply = attempt.reply
        most = attempt.built.max_new_tokens * SENTENCES_ONLY_FROM
        shown = reply.shown
        async with (
            self._slot(lane, attempt),
            self._generator.stream(attempt.request) as deltas,
        ):
            async for delta in deltas:
                self._note_first(attempt)
                reply.feed(delta.text)
                lane.partial.raw += delta.text
                lane.partial.tokens += 1
                if lane.partial.tokens == 1:
                    self._reached(Milestone.FIRST_TOKEN)
                if lane.partial.tokens >= most:
                    reply.whole_sentences()
                if reply.shown != shown:
                    shown = reply.shown
                    if not self._may_show(attempt, shown):
                        return
                    if attempt.judged:
                        show(shown)
                if delta.finish is not None:
                    self._note_finish(attempt, delta.finish)
                    return
                if reply.done or delta.is_special:
                    attempt.ended_by = reply.ended_by or Ending.SPECIAL
                    return

    @asynccontextmanager
    async def _slot(self, lane: Lane, attempt: _Attempt) -> AsyncGenerator[None, None]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with self._dispatcher.slot(lane.head.place.guild or lane.channel):
            attempt.asked_at = loop.time()
            self._metrics.took(Stage.QUEUE, attempt.asked_at - began)
            yield

    def _note_first(self, attempt: _Attempt) -> None:
        if attempt.first_at is None:
            attempt.first_at = asyncio.get_running_loop().time()
            self._metrics.took(Stage.TTFT, attempt.first_at - attempt.asked_at)

    def _may_show(self, attempt: _Attempt, text: str) -> bool:
        """Judge the reply's beginning; False: it was said before, and nothing of it is shown."""
        if attempt.judged:
            return True
        match attempt.judge.verdict(text):
            case Verdict.REPEAT:
                attempt.is_repeat = True
                return False
            case Verdict.CLEAR:
                attempt.judged = True
        return True

    def _note_finish(self, attempt: _Attempt, finish: Finish) -> None:
        attempt.finish = finish
        self._metrics.generated(
            prompt_tokens=finish.prompt_tokens or attempt.built.tokens,
            new_tokens=finish.generated_tokens,
        )

    def _facts(self, lane: Lane, attempt: _Attempt, text: str, *, tries: int) -> ReplyFacts:
        built = attempt.built
        loop = asyncio.get_running_loop()
        first_at = lane.first_text_at or loop.time()
        return ReplyFacts(
            model=built.model,
            length=built.length.step.name,
            source=built.length.source,
            seed=attempt.request.seed,
            prompt_tokens=built.tokens,
            reused_tokens=built.reused,
            new_tokens=lane.partial.tokens,
            ending=_ending(lane, attempt),
            lore=built.lore,
            tries=tries,
            waited_ms=round((first_at - lane.taken_at) * 1000),
            wrote_ms=round((loop.time() - first_at) * 1000),
            repeats=is_near_repeat(text, attempt.earlier),
        )


def _earlier_replies(scene: Scene, lane: Lane) -> tuple[str, ...]:
    """What a reply is not to say again: the last ones, and its own other texts."""
    reply = lane.serving.reply
    said = [t.text for t in scene.turns if t.role is Role.CHARACTER and t.id != reply]
    is_swipe = lane.serving.kind is WorkKind.SWIPE
    beside = [text for t in scene.turns if t.id == reply and is_swipe for text in t.swipes]
    return (*said[-REPLIES_COMPARED:], *beside)


def _again(lane: Lane, attempt: _Attempt, text: str) -> _Again | None:
    """Whether the reply is worth another try."""
    if text == lane.partial.spoken and lane.partial.may_end:
        return None
    if not text.strip() or text == lane.partial.spoken:
        return _Again.EMPTY
    # Ended before the judge was sure: then the whole of it decides.
    is_repeat = attempt.is_repeat or (not attempt.judged and is_near_repeat(text, attempt.earlier))
    return _Again.REPEAT if is_repeat else None


def _ending(lane: Lane, attempt: _Attempt) -> Ending:
    if lane.interrupt.reason is Reason.STOP:
        return Ending.MEMBER
    ended_by = attempt.reply.ended_by or attempt.ended_by
    if ended_by is not None:
        return ended_by
    return _ENDINGS[attempt.finish.reason] if attempt.finish else Ending.MODEL


def _is_cut(attempt: _Attempt) -> bool:
    """Whether the stream ended before the reply did."""
    if attempt.reply.done or attempt.ended_by is not None:
        return False
    return attempt.finish is None or attempt.finish.reason is FinishReason.LENGTH


def _nothing_more(lane: Lane) -> str:
    if lane.partial.spoken:
        return phrase("The model had nothing to add to that, twice. The reply stays as it is.")
    return phrase("The model had nothing to say to that, twice. Try again, or add a line.")
