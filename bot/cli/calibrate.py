"""`calibrate`: how many words the steps of the length ladder give on a model server."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.cli.counting import shown_url
from bot.composition import open_generator, open_store, profile_of
from bot.core.errors import (
    GenerationError,
    GenerationTimedOut,
    GenerationUnreachable,
    StartupError,
    StoreRefusesWrites,
    StoreUnavailable,
)
from bot.core.generation import FinishReason, ModelLimits
from bot.core.length_table import LengthTable, MeasuredStep, note_name
from bot.core.lengths import Length, LengthStep
from bot.core.measuring_scenes import SCENES
from bot.core.ports import TextGenerator
from bot.core.profiles import ModelProfile
from bot.core.reply_measures import percentile, request_for, shown
from bot.core.scene import GuardLevel
from bot.core.script import Script
from bot.core.token_counts import fingerprint
from bot.settings import Settings

EXIT_USAGE = 2
EXIT_UNREACHABLE = 69
AT_ONCE = 4
"""Replies asked for at the same time: servers write several for little more than one."""
PATIENCE_S = 600.0
"""For a reply's first token and for its end: nobody waits for it in a channel."""
STALLED_S = 120.0
"""Between two tokens: even a busy server is not that slow."""
TRIES = 2
"""For one reply: an hour's measuring is not to end with one lost connection."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure.

    Attributes:
        replies: per step and scene.
        url: of the server; None takes the settings'.
        steps: their names; none for all.
    """

    replies: int
    url: str | None = None
    steps: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One reply: how long it was, and whether the token cap ended it."""

    words: int
    cut: bool


async def calibrate(wanted: Wanted, settings: Settings, say: Say) -> int:
    """Measure, say a line per step, and store the table once all is measured.

    Raises:
        StartupError: a step is unknown, the server or the memory cannot be
            reached. Nothing is stored then.
    """
    profile = profile_of(settings)
    steps = _steps(wanted.steps, profile)
    settings = _patient(settings, wanted.url)
    where = ", ".join(shown_url(url) for url in settings.tgi.urls)
    async with AsyncExitStack() as stack:
        await open_store(settings, stack)  # better to fail now than when all is measured
    try:
        async with open_generator(settings) as generator:
            limits = await generator.limits()
            say(f"{limits.model} at {where}, profile {profile.name}")
            say(f"{'step':<12}{'replies':>8}{'words p20-p50-p80':>20}{'cut':>7}")
            measured = {
                step.name: await _measured(step, wanted.replies, generator, profile, say)
                for step in steps
            }
    except* GenerationError as group:
        raise StartupError(_what_failed(group, where), exit_code=EXIT_UNREACHABLE) from None
    found = {name: step for name, step in measured.items() if step is not None}
    await _store(found, limits, profile, settings)
    say(f"Stored for {limits.model}: {len(found)} of {len(profile.lengths.steps)} steps.")
    return 0


async def _measured(
    step: LengthStep, replies: int, generator: TextGenerator, profile: ModelProfile, say: Say
) -> MeasuredStep | None:
    samples = await sample(step, replies, generator, profile)
    words = sorted(each.words for each in samples)
    if not words:
        say(f"{step.name:<12}{0:>8}{'nothing was said':>20}")
        return None
    low, middle, high = (percentile(words, share) for share in (0.2, 0.5, 0.8))
    cut = sum(each.cut for each in samples) / len(samples)
    say(f"{step.name:<12}{len(words):>8}{f'{low}-{middle}-{high}':>20}{cut:>7.0%}")
    return MeasuredStep(low, high, len(words))


async def sample(
    step: LengthStep, replies: int, generator: TextGenerator, profile: ModelProfile
) -> Sequence[Sample]:
    """Ask for *replies* replies of that length in every scene; empty ones do not count."""
    asked = iter([(scene, seed) for seed in range(replies) for scene in SCENES])
    samples: list[Sample] = []

    async def ask() -> None:
        for scene, seed in asked:
            samples.append(await _reply(scene, seed, step, generator, profile))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(ask())
    return [each for each in samples if each.words]


async def _reply(
    script: Script, seed: int, step: LengthStep, generator: TextGenerator, profile: ModelProfile
) -> Sample:
    tries_left = TRIES
    while True:
        tries_left -= 1
        try:
            return await _reply_in_one_go(script, seed, step, generator, profile)
        except (GenerationUnreachable, GenerationTimedOut):
            if not tries_left:
                raise


async def _reply_in_one_go(
    script: Script, seed: int, step: LengthStep, generator: TextGenerator, profile: ModelProfile
) -> Sample:
    text = shown(script, profile, guard=GuardLevel.NORMAL)
    cut = False
    async with generator.stream(request_for(script, step, seed, profile)) as deltas:
        async for delta in deltas:
            text.feed(delta.text)
            if text.done or delta.is_special:
                break
            cut = delta.finish is not None and delta.finish.reason is FinishReason.LENGTH
    return Sample(words=len(text.finish(cut=cut).split()), cut=cut)


async def _store(
    measured: Mapping[Length, MeasuredStep],
    limits: ModelLimits,
    profile: ModelProfile,
    settings: Settings,
) -> None:
    """Write the table; steps that an earlier one has and this one does not stay."""
    name = note_name(fingerprint(limits, profile))
    try:
        async with AsyncExitStack() as stack:
            store = await open_store(settings, stack)
            note = await store.get_note(name)
            earlier = LengthTable.from_json(note) if note else None
            table = LengthTable(
                model=limits.model,
                profile=profile.name,
                measured_at=datetime.now(UTC).date().isoformat(),
                steps={**(earlier.steps if earlier else {}), **measured},
            )
            await store.put_note(name, table.to_json())
    except (StoreUnavailable, StoreRefusesWrites):
        raise StartupError(
            "The table could not be stored: Redis does not take it. Check BOT_REDIS__URL.",
            exit_code=EXIT_UNREACHABLE,
        ) from None


def _steps(names: Sequence[str], profile: ModelProfile) -> Sequence[LengthStep]:
    known = {step.name: step for step in profile.lengths.steps}
    for name in names:
        if name not in known:
            raise StartupError(
                f"--steps: {name!r} is no step of the profile {profile.name}; it has "
                f"{', '.join(known)}.",
                exit_code=EXIT_USAGE,
            )
    return [step for step in known.values() if not names or step.name in names]


def _patient(settings: Settings, url: str | None) -> Settings:
    changes: dict[str, object] = {
        "first_token_s": PATIENCE_S,
        "between_tokens_s": STALLED_S,
        "whole_reply_s": PATIENCE_S,
    }
    if url is not None:
        changes["urls"] = (url.rstrip("/"),)
    tgi = settings.tgi.model_copy(update=changes)
    return settings.model_copy(update={"tgi": tgi})


def _what_failed(group: BaseExceptionGroup[GenerationError], where: str) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return (
        f"The model server {where} cannot be measured: {error}. Start it, or name another one "
        "with --url."
    )
