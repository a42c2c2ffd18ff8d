"""`prompt`: the exact prompt of a scene file, within its budget."""

import json
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from bot.adapters.tgi.wire import request_body
from bot.cli.counting import Counter, counters
from bot.cli.input_file import EXIT_USAGE, read_input
from bot.composition import profile_of
from bot.core.budget import Costs, PromptTooLong, plan
from bot.core.errors import GenerationError, StartupError
from bot.core.generation import GenerationRequest
from bot.core.profiles import ModelProfile
from bot.core.prompt import pieces, stop_strings
from bot.core.scene_file import SceneFile, SceneFileError, read_scene_file
from bot.core.script import Part, Piece, Script
from bot.settings import Settings

LARGEST_FILE = 16_000_000
MOST_ROUNDS = 6
"""Each round cuts what the last one was over; more would mean that the counts are broken."""


@dataclass(frozen=True, slots=True)
class FittedPrompt:
    """What goes out, and which turns of the file stayed behind."""

    script: Script
    prompt: str
    tokens: int
    counter: Counter
    dropped: Sequence[int]


async def prompt(path: str, settings: Settings, *, as_json: bool) -> bytes:
    """Return what is to be printed, byte for byte.

    Raises:
        StartupError: the file is no scene, or does not fit; or the settings are wrong.
    """
    profile = profile_of(settings)
    try:
        file = read_scene_file(read_input(path, most_bytes=LARGEST_FILE), profile)
    except SceneFileError as error:
        raise StartupError(str(error), exit_code=EXIT_USAGE) from None
    try:
        fitted = await _fitted_by_the_first_who_counts(file, settings, profile)
    except PromptTooLong as error:
        raise StartupError(str(error), exit_code=EXIT_USAGE) from None
    return _as_json(fitted, file, profile) if as_json else fitted.prompt.encode()


async def _fitted_by_the_first_who_counts(
    file: SceneFile, settings: Settings, profile: ModelProfile
) -> FittedPrompt:
    async with aclosing(counters(settings, profile)) as candidates:
        async for counter in candidates:
            try:
                return await fitted(file, profile, counter)
            except GenerationError:
                continue  # it answered once, and is gone
    raise AssertionError("the last one always counts")


async def fitted(file: SceneFile, profile: ModelProfile, counter: Counter) -> FittedPrompt:
    """Leave out what does not fit into the file's budget.

    Raises:
        PromptTooLong: what is never left out does not fit.
        GenerationError: the counter cannot count any more.
    """
    found = pieces(file.script, profile)
    counts = await counter.count(found)
    # A turn of which nothing is left once it is cleaned is no line of a prompt.
    spoken = sorted({piece.line for piece in found if piece.line is not None})
    costs = _costs(found, counts, spoken)
    stays = {at for at, index in enumerate(spoken) if index in file.stays}
    room, tokens = file.budget, 0
    for _ in range(MOST_ROUNDS):
        chosen = plan(costs, room, stays=stays)
        kept = [spoken[at] for at in chosen.kept]
        script = replace(
            file.script,
            examples=file.script.examples if chosen.examples else (),
            lines=tuple(file.script.lines[index] for index in kept),
        )
        written = pieces(script, profile)
        tokens = sum(await counter.count(written))
        if tokens <= file.budget:
            return FittedPrompt(
                script=script,
                prompt="".join(piece.text for piece in written),
                tokens=tokens,
                counter=counter,
                dropped=sorted(set(range(len(file.script.lines))) - set(kept)),
            )
        room -= tokens - file.budget
    raise PromptTooLong(tokens=tokens, budget=file.budget)


def _costs(found: Sequence[Piece], counts: Sequence[int], spoken: Sequence[int]) -> Costs:
    lines = dict.fromkeys(spoken, 0)
    fixed = examples = 0
    for piece, tokens in zip(found, counts, strict=True):
        if piece.line is not None:
            lines[piece.line] += tokens
        elif piece.part is Part.EXAMPLES:
            examples += tokens
        else:
            fixed += tokens
    return Costs(fixed=fixed, examples=examples, lines=list(lines.values()))


def _as_json(found: FittedPrompt, file: SceneFile, profile: ModelProfile) -> bytes:
    stop = stop_strings(found.script, profile)
    request = GenerationRequest(
        prompt=found.prompt,
        stop=stop,
        max_new_tokens=file.reply_tokens,
        seed=0,  # every reply draws its own: it is not shown
        sampling=profile.sampling,
    )
    sent = request_body(request, most_stops=found.counter.most_stops)
    parameters = {name: value for name, value in sent["parameters"].items() if name != "seed"}
    shown: dict[str, Any] = {
        "prompt": found.prompt,
        "tokens": found.tokens,
        "tokenizer": found.counter.name,
        "stop": stop,
        "parameters": parameters,
        "dropped": found.dropped,
    }
    return json.dumps(shown, ensure_ascii=False, indent=2).encode() + b"\n"
