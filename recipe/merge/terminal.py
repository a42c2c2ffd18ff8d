"""What the commands have in common: arguments, and one sentence when something is wrong."""

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

from recipe.merge.errors import RecipeError


def told(run: Callable[[], None]) -> int:
    """The exit code of *run*; its error, if it is ours, goes to stderr."""
    try:
        run()
    except RecipeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def say(sentence: str) -> None:
    """Print at once: who reads a merge's log waits for it."""
    print(sentence, flush=True)


def merge_arguments(name: str, says: str) -> argparse.ArgumentParser:
    """A parser that knows base, adapter and out."""
    parser = argparse.ArgumentParser(prog=f"recipe {name}", description=says)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model")
    parser.add_argument("--adapter", type=Path, required=True, help="folder of the LoRA adapter")
    parser.add_argument("--out", type=Path, required=True, help="folder of the merged model")
    return parser


def scale(text: str) -> float:
    """A number that changes something.

    Raises:
        ArgumentTypeError: It is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number other than 0")
    return number
