"""`python -m recipe unpickle`: makes a safetensors file of a pickled adapter."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from recipe.merge.pickled import unpickle
from recipe.merge.terminal import say, told


def main(arguments: Sequence[str]) -> int:
    """Convert; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="recipe unpickle", description="Makes adapter_model.safetensors of adapter_model.bin."
    )
    parser.add_argument("adapter", type=Path, help="folder of the adapter")
    options = parser.parse_args(arguments)
    return told(lambda: say(f"{unpickle(options.adapter)} is written."))
