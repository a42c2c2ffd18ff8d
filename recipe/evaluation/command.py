"""`evaluate`: how a model on a TGI server plays scenes that it was not trained on."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.core.lengths import Length, LengthStep
from bot.core.measuring_scenes import HELD_OUT
from bot.core.profiles import ModelProfile
from bot.core.reply_measures import measured, raw_request_for
from bot.core.script import Script
from recipe.evaluation.figures import Evaluation, Scored, evaluation_of, figures_of, to_json
from recipe.evaluation.plot import to_png
from recipe.evaluation.server import ServerFailed, TgiServer, open_server
from recipe.evaluation.table import summary, to_markdown
from recipe.profile_file import load_profile
from recipe.refused import Refused

EXIT_USAGE: Final = 2
EXIT_UNREACHABLE: Final = 69
AT_ONCE: Final = 4
"""Replies asked for at the same time: servers write several for little more than one."""
MOST_REPLIES: Final = 1000

Asked = tuple[LengthStep, Script, int]


def main(arguments: Sequence[str]) -> int:
    """Evaluate; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        profile = load_profile(options.profile)
        steps = _steps(options.steps, profile)
        evaluation = asyncio.run(_evaluate(options, steps, profile))
        _write(evaluation, profile, options.out)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return EXIT_USAGE
    except ServerFailed as failed:
        print(f"The model server {options.url} cannot be evaluated: {failed}.", file=sys.stderr)
        return EXIT_UNREACHABLE
    print(summary(evaluation))
    return 0


async def _evaluate(
    options: argparse.Namespace, steps: Sequence[LengthStep], profile: ModelProfile
) -> Evaluation:
    async with open_server(options.url) as server:
        model = await server.model()
        print(f"{model} at {options.url}, profile {profile.name}", flush=True)
        scored: list[Scored] = []
        for step in steps:
            asked = [(step, scene, seed) for seed in range(options.replies) for scene in HELD_OUT]
            of_step = await _scored(asked, server, profile)
            scored += of_step
            figures = figures_of(of_step)
            low, middle, high = figures.words
            print(
                f"{step.name:<12}{figures.replies:>5} replies, {low}-{middle}-{high} words, "
                f"format kept in {figures.kept}, impersonated in {figures.impersonated}",
                flush=True,
            )
    return evaluation_of(
        scored,
        title=options.title or model,
        model=model,
        profile=profile.name,
        lengths=[step.name for step in steps],
    )


async def _scored(
    asked: Sequence[Asked], server: TgiServer, profile: ModelProfile
) -> Sequence[Scored]:
    """Ask a few at a time; the results stand in the order of *asked*, whoever is first."""
    found: dict[int, Scored] = {}
    waiting = iter(enumerate(asked))

    async def ask() -> None:
        for number, (step, scene, seed) in waiting:
            raw = await server.reply(raw_request_for(scene, step, seed, profile))
            reply = measured(raw.text, raw.finish, scene, profile)
            name = scene.character.name
            found[number] = Scored(step.name, name, seed, raw.text, raw.tokens, reply)

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(ask())
    except* ServerFailed as group:
        raise _first(group) from None
    return [found[number] for number in sorted(found)]


def _first(group: BaseExceptionGroup[ServerFailed]) -> ServerFailed:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _write(evaluation: Evaluation, profile: ModelProfile, out: Path) -> None:
    text = json.dumps(to_json(evaluation), ensure_ascii=False, indent=1)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "evaluation.json").write_text(text + "\n", encoding="utf-8")
        (out / "evaluation.md").write_text(to_markdown(evaluation), encoding="utf-8")
        (out / "evaluation.png").write_bytes(to_png(evaluation, profile))
    except OSError as error:
        raise Refused(f"{out} cannot be written: {error.strerror}.") from None


def _steps(names: Sequence[str], profile: ModelProfile) -> Sequence[LengthStep]:
    known = {step.name: step for step in profile.lengths.steps}
    for name in names:
        if name not in known:
            raise Refused(
                f"--steps: {name!r} is no step of the profile {profile.name}; it has "
                f"{', '.join(known)}."
            )
    return [known[Length(name)] for name in known if not names or name in names]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recipe evaluate",
        description="Have a model on a TGI server play held-out scenes, and measure the replies.",
    )
    add = parser.add_argument
    add("--url", required=True, help="of the server")
    add("--out", type=Path, default=Path("evaluation"), metavar="DIR", help="for table and plot")
    add(
        "--replies",
        type=_count,
        default=1,
        help="per length and scene, of which there are ten (default: %(default)s)",
    )
    add("--steps", type=_names, default=[], help="comma separated; otherwise all")
    add("--profile", default="zephrp", help="what the model reads (default: %(default)s)")
    add("--title", default="", help="over table and plot; otherwise the model's name")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST_REPLIES:
        raise argparse.ArgumentTypeError(f"is to be from 1 to {MOST_REPLIES}")
    return number


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
