"""Time and memory that reading costs: `python -m tests.card_measures FILE…`.

Each file is read in a child of its own; a line of JSON is printed for each:
seconds of the processor, and by how much the child has grown.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

from bot.adapters.card_reader import read_card_file
from bot.core.cards.card import CardFileError
from bot.core.cards.writing import Container, write_card

_KILOBYTE = 1024 if sys.platform != "darwin" else 1


def measured(path: Path) -> dict[str, float | str]:
    """Read and write *path*, as a process that does nothing else."""
    data = path.read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    try:
        card = read_card_file(data, path.name)
        said = card.name
        for container in Container:
            write_card(card, container)
    except CardFileError as error:
        said = str(error)
    seconds = time.process_time() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"name": path.name, "said": said, "seconds": seconds, "bytes": grown * _KILOBYTE}


def main() -> None:
    for path in map(Path, sys.argv[1:]):
        child = os.fork()
        if not child:
            try:
                sys.stdout.write(json.dumps(measured(path)) + "\n")
                sys.stdout.flush()
                os._exit(0)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if status:
            raise SystemExit(f"{path.name} ended its process: {status}")


if __name__ == "__main__":
    main()
