"""Lines that the model drafts for a player, and that are sent for them when they say so.

A draft is nobody's line: only the member sees it, and nothing of it is
remembered before it is sent.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from bot.core.characters import Character
from bot.core.draft import player_name
from bot.core.errors import (
    CharacterUnknown,
    GenerationError,
    GenerationRejected,
    NoLiveScene,
    TooBusy,
    UserError,
)
from bot.core.generation import Finish, FinishReason, GenerationRequest, Sampling
from bot.core.lookalikes import KnownName, Whose
from bot.core.own_lines import SUGGESTIONS, as_action, as_draft, hint_of, hinted, is_news, sendable
from bot.core.phrases import phrase
from bot.core.ports import CharacterSource, Metrics, SceneStore, TextGenerator
from bot.core.profiles import ModelProfile
from bot.core.reply_text import ReplyText
from bot.core.scene import ChannelId, MessageId, Scene, UserId, player_turn_id
from bot.core.script import Persona
from bot.core.story import about_to_say
from bot.core.triggers import Decision
from bot.core.unposted import DRAFT
from bot.services.casting import Casting
from bot.services.dispatcher import Dispatcher
from bot.services.incoming import Asked, Incoming, Sent
from bot.services.outgoing import Fit, as_it_is
from bot.services.personas import Personas
from bot.services.presenting import Presenter
from bot.services.prompting import BuiltPrompt, Prompting
from bot.services.turns import Show

DRAFT_TOKENS = 256
ACTION_TOKENS = 48
TRIES = 2
"""At a draft, of which the first may be empty."""
SUGGESTION_TRIES = 6
WITHIN_S = 90.0
"""For a draft, or all suggestions, from the command to the text."""
WARMER = 0.1
"""By so much more temperature is every further suggestion drawn: they are to differ."""

_TOO_SLOW = phrase("The model takes too long just now. Please try again in a moment.")
_AWAY = phrase("The model is not answering right now. Please try again in a moment.")
_SILENT = phrase("The model had nothing to say for you. Try again, or give it a hint.")


class Pipeline(Protocol):
    """What of the turn pipeline takes lines in."""

    def is_writing(self, channel: ChannelId) -> bool: ...

    async def send(self, incoming: Incoming, show: Show) -> Decision | None: ...


@dataclass(frozen=True, slots=True)
class _Stage:
    """Who is to be written for, and where."""

    scene: Scene
    character: Character
    cast: tuple[Character, ...]
    name: str


class PlayerLines:
    """Borrows all it is given. Every method may raise StoreUnavailable, and UserError."""

    def __init__(
        self,
        *,
        store: SceneStore,
        generator: TextGenerator,
        prompting: Prompting,
        dispatcher: Dispatcher,
        profile: ModelProfile,
        characters: CharacterSource,
        metrics: Metrics,
        presenter: Presenter,
        pipeline: Pipeline,
        personas: Personas,
        new_seed: Callable[[], int],
        casting: Casting,
        fit: Fit = as_it_is,
        within_s: float = WITHIN_S,
    ) -> None:
        self._store = store
        self._generator = generator
        self._prompting = prompting
        self._dispatcher = dispatcher
        self._profile = profile
        self._source = characters
        self._metrics = metrics
        self._presenter = presenter
        self._pipeline = pipeline
        self._personas = personas
        self._new_seed = new_seed
        self._casting = casting
        self._fit = fit
        self._within_s = within_s
        self._writing: set[tuple[ChannelId, UserId]] = set()
        self._sending: set[tuple[ChannelId, MessageId]] = set()

    async def draft(self, asked: Asked, hint: str = "") -> str:
        """Have the model write the member's own next turn.

        Raises:
            UserError: there is no live scene, a reply is being written, or the
                model gives no text in time.
            TooBusy: as many replies wait as are accepted.
        """
        stage = await self._stage(asked)
        with _told_of_the_model(), self._alone(asked):
            async with asyncio.timeout(self._within_s):
                built = await self._built(stage, hint_of(hint), DRAFT_TOKENS)
                for _ in range(TRIES):
                    text = as_draft(await self._written(stage, built, self._profile.sampling))
                    if text:
                        return text
        raise UserError(_SILENT)

    async def suggest(self, asked: Asked) -> tuple[str, ...]:
        """Have the model think of a few short actions of the member's, all different.

        Raises:
            As `draft`.
        """
        stage = await self._stage(asked)
        found: list[str] = []
        with _told_of_the_model(), self._alone(asked):
            try:
                async with asyncio.timeout(self._within_s):
                    await self._find(stage, found)
            except (TimeoutError, GenerationError, TooBusy):
                if not found:
                    raise
        if not found:
            raise UserError(_SILENT)
        return tuple(found)

    async def send(self, asked: Asked, text: str, *, draft: MessageId) -> None:
        """Post *text* under the member's name and face, as a line of theirs, and answer it so.

        Args:
            draft: the message that it was drafted in: of each only one line is sent.

        Raises:
            UserError: it is sent already, is no line, cannot be posted, or no
                scene is live.
        """
        line = sendable(await self._fit(asked.place, text))
        key = (asked.place.channel, draft)
        if key in self._sending:
            raise _sent_already()
        self._sending.add(key)
        try:
            await self._send(asked, line, draft)
        finally:
            self._sending.discard(key)

    async def is_sent(self, channel: ChannelId, draft: MessageId) -> bool:
        """Whether a line of that draft is part of the story, or about to be."""
        if (channel, draft) in self._sending:
            return True
        scene = await self._store.read(channel)
        return scene is not None and _has_line_of(scene, draft)

    async def _send(self, asked: Asked, line: str, draft: MessageId) -> None:
        scene = await self._store.read(asked.place.channel)
        if scene is None or not scene.head.live:
            raise NoLiveScene(phrase("No scene is live here. Start one with /roleplay start."))
        if _has_line_of(scene, draft):
            raise _sent_already()
        asked = await self._personas.as_played(asked, scene.head.others(asked.user))
        loaded = self._source.characters()
        playing = (loaded[key].name for key in scene.head.cast if key in loaded)
        here = (KnownName(each, Whose.CHARACTER) for each in (scene.head.character_name, *playing))
        self._personas.check_name(asked, here)
        incoming = Incoming(
            place=asked.place,
            message=asked.event,
            author=asked.user,
            name=asked.name,
            text=line,
            mentions_bot=False,
            replies_to_character=False,
            at_ms=asked.at_ms,
            sent=Sent(draft, asked.face),
            persona=asked.persona,
        )
        self._presenter.claim(asked.place.channel, player_turn_id(asked.event))
        await self._pipeline.send(incoming, self._presenter.show)

    @contextmanager
    def _alone(self, asked: Asked) -> Generator[None, None, None]:
        """Who presses again and again waits once only, and takes one slot."""
        key = (asked.place.channel, asked.user)
        if key in self._writing:
            raise UserError(phrase("The model is writing for you already."))
        self._writing.add(key)
        try:
            yield
        finally:
            self._writing.discard(key)

    async def _stage(self, asked: Asked) -> _Stage:
        channel = asked.place.channel
        scene = await self._store.read(channel)
        if scene is None or not scene.head.live:
            raise NoLiveScene(phrase("No scene is live here. Start one with /roleplay start."))
        if self._pipeline.is_writing(channel):
            raise UserError(
                phrase("A reply is being written here. Please try again when it is done.")
            )
        loaded = self._source.characters()
        character = loaded.get(scene.head.character)
        if character is None:
            raise CharacterUnknown(
                phrase(
                    "{character_name} is not loaded any more.",
                    character_name=scene.head.character_name,
                )
            )
        cast = tuple(loaded[key] for key in scene.head.cast if key in loaded)
        if reason := self._casting.why_paused(scene.head, character, *cast):
            raise UserError(reason)
        asked = await self._personas.as_played(asked, scene.head.others(asked.user))
        playing = about_to_say(scene, asked.user, Persona(asked.name, asked.persona))
        return _Stage(playing, character, cast, player_name(asked.name, character.name))

    async def _built(self, stage: _Stage, hint: str, most_tokens: int) -> BuiltPrompt:
        return await self._prompting.build_for_player(
            stage.scene,
            stage.character,
            player=stage.name,
            cast=stage.cast,
            hint=hinted(stage.name, hint),
            most_tokens=most_tokens,
        )

    async def _find(self, stage: _Stage, found: list[str]) -> None:
        """Fill *found*: what is there counts even if the time is over."""
        built = await self._built(stage, "", ACTION_TOKENS)
        sampling = self._profile.sampling
        for number in range(SUGGESTION_TRIES):
            warmer = replace(sampling, temperature=sampling.temperature + number * WARMER)
            action = as_action(await self._written(stage, built, warmer))
            if is_news(action, found):
                found.append(action)
            if len(found) == SUGGESTIONS:
                return

    async def _written(self, stage: _Stage, built: BuiltPrompt, sampling: Sampling) -> str:
        """One text of the player's, without anything that is somebody else's."""
        place = stage.scene.head.place
        reply = ReplyText(stage.name, built.others, self._profile)
        request = GenerationRequest(
            prompt=built.prompt,
            stop=built.stop,
            max_new_tokens=built.max_new_tokens,
            seed=self._new_seed(),
            sampling=sampling,
            affinity=str(place.channel),
        )
        finish: Finish | None = None
        is_over = False
        # A slot at a time: who asks for three texts waits like everybody between them.
        async with (
            self._dispatcher.slot(place.guild or place.channel),
            self._generator.stream(request) as deltas,
        ):
            async for delta in deltas:
                reply.feed(delta.text)
                finish = delta.finish
                is_over = reply.done or delta.is_special
                if finish is not None or is_over:
                    break
        if finish is not None:
            self._metrics.generated(
                prompt_tokens=finish.prompt_tokens or built.tokens,
                new_tokens=finish.generated_tokens,
            )
        is_cut = finish is None or finish.reason is FinishReason.LENGTH
        return reply.finish(cut=is_cut and not is_over)


def _has_line_of(scene: Scene, draft: MessageId) -> bool:
    return any(turn.facts.get(DRAFT) == str(draft) for turn in scene.turns)


def _sent_already() -> UserError:
    return UserError(phrase("That line is sent already."))


@contextmanager
def _told_of_the_model() -> Generator[None, None, None]:
    """Say what the model's failures mean to somebody who has not written a line."""
    try:
        yield
    except TimeoutError as error:
        raise UserError(_TOO_SLOW) from error
    except GenerationRejected:
        raise
    except GenerationError as error:
        raise UserError(_AWAY) from error
