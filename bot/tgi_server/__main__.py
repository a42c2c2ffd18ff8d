"""`python -m bot.tgi_server`: the model server without the rest of the program."""

import argparse
import sys

from bot.tgi_server import command


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bot.tgi_server", description=command.__doc__)
    command.add_arguments(parser)
    return command.run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
