"""`python -m bot`: arguments, logging and exit codes; nothing else."""

import argparse
import sys
from collections.abc import Sequence

from bot import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="zephrp", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    parser.parse_args(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
