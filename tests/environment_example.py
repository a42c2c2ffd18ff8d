"""`.env.example` as it is read."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def environment_example() -> dict[str, str]:
    """Every name in `.env.example`, switched on or off, with the value that is shown."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (re.fullmatch(r"(?:# )?([A-Z][A-Z0-9_]*)=(.*)", line) for line in lines)
    return {pair[1]: pair[2] for pair in pairs if pair}
