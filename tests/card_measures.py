"""Time and memory that reading costs: `python -m tests.card_measures FILE…`.

Each file is read in a child of its own; a line of JSON is printed for each:
seconds of the processor, and by how much the child has grown. `--table` prints a
table of the whole collection instead, with what is expected of each file, and
ends with 1 if one of them costs too much or is read otherwise.
"""

import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

from bot.adapters.card_reader import read_card_file
from bot.core.cards.card import CardFileError
from bot.core.cards.writing import Container, write_card
from tests.cards import CARDS, EXPECTED

PATIENCE_S = 20
MOST_SECONDS = 1.0
MOST_BYTES = 50_000_000
_KILOBYTE = 1024 if sys.platform != "darwin" else 1


def measured(path: Path) -> dict[str, float | str]:
    """Read and write *path*, as a process that does nothing else."""
    data = path.read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    outcome = "accept"
    try:
        card = read_card_file(data, path.name)
        said = card.name
        for container in Container:
            write_card(card, container)
    except CardFileError as error:
        outcome, said = "reject", str(error)
    seconds = time.process_time() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "name": path.name,
        "outcome": outcome,
        "said": said,
        "seconds": seconds,
        "bytes": grown * _KILOBYTE,
    }


def in_a_child(path: Path) -> dict[str, Any]:
    """Measure *path* in a process of its own; a crash or a hang is an outcome, too."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            signal.alarm(PATIENCE_S)
            os.write(writer, json.dumps(measured(path)).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if status:
        return {"name": path.name, "outcome": f"ended its process: {status}", "said": ""}
    found: dict[str, Any] = json.loads(said)
    return found


def faults_of(found: dict[str, Any], expected: dict[str, Any]) -> str:
    """Say what of a measured file is not as it should be; empty if all is."""
    if "seconds" not in found:
        return str(found["outcome"])
    faults = []
    may_be_rejected = expected.get("optional", False) and found["outcome"] == "reject"
    if found["outcome"] != expected["outcome"] and not may_be_rejected:
        faults.append(f"expected {expected['outcome']}")
    names = expected.get("name_any", [expected.get("name", found["said"])])
    if found["outcome"] == "accept" and found["said"] not in names:
        faults.append(f"expected {names[0]!r}")
    if found["seconds"] > MOST_SECONDS:
        faults.append("slow")
    if found["bytes"] > MOST_BYTES:
        faults.append("large")
    return ", ".join(faults)


def table() -> int:
    """Print every file of the collection; returns how many are not as they should be."""
    rows, bad = [], 0
    for name, expected in EXPECTED.items():
        found = in_a_child(CARDS / name)
        faults = faults_of(found, expected)
        bad += bool(faults)
        milliseconds = f"{found.get('seconds', 0) * 1000:.0f} ms"
        megabytes = f"{found.get('bytes', 0) / 1_000_000:.1f} MB"
        rows.append((name, found["outcome"], milliseconds, megabytes, faults or "as expected"))
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))  # noqa: T201
    print(f"{len(rows)} files, {bad} not as expected")  # noqa: T201
    return bad


def main() -> None:
    if sys.argv[1:] == ["--table"]:
        raise SystemExit(1 if table() else 0)
    for path in map(Path, sys.argv[1:]):
        found = in_a_child(path)
        if "seconds" not in found:
            raise SystemExit(f"{path.name} {found['outcome']}")
        sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
