"""`python -m recipe COMMAND …`: one module per command, loaded when it is asked for."""

import sys
from collections.abc import Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Final

EXIT_USAGE: Final = 2
COMMANDS: Final = MappingProxyType[str, tuple[str, str]](
    {
        "dataset": ("recipe.dataset.command", "conversations to text that a model is trained on"),
        "check": ("recipe.dataset.check_command", "what is wrong with conversations"),
        "evaluate": ("recipe.evaluation.command", "how a model on a server plays held-out scenes"),
        "merge": ("recipe.merge.merge_command", "adds a LoRA adapter to its base, file to file"),
        "verify": ("recipe.merge.verify_command", "checks that a folder is such a merge"),
        "unpickle": ("recipe.merge.unpickle_command", "reads a pickled adapter without running it"),
        "build": ("recipe.fetch.build_command", "fetches base and adapter, merges and verifies"),
        "drill": ("recipe.stand_in.drill", "write the drill set that teaches a tiny model length"),
        "train-stand-in": ("recipe.stand_in.train_command", "train the adapter of the stand-in"),
    }
)
"""By name: the module whose `main(arguments) -> exit code` it is, and what it does."""


def main(arguments: Sequence[str]) -> int:
    """Run the command that *arguments* begin with; return the exit code."""
    name = arguments[0] if arguments else "--help"
    if name in {"-h", "--help"}:
        print("usage: python -m recipe COMMAND [--help]\n")
        for each, (_, says) in COMMANDS.items():
            print(f"  {each:<10} {says}")
        return 0
    if name not in COMMANDS:
        known = ", ".join(COMMANDS)
        print(f"There is no command {name!r}; these are: {known}.", file=sys.stderr)
        return EXIT_USAGE
    code: int = import_module(COMMANDS[name][0]).main(list(arguments[1:]))
    return code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
