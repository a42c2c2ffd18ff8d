"""`python -m recipe build`: base and adapter from the hub or from folders, merged and verified.

What `docker compose run --rm merge` does. It can be cut off at any point and goes
on there the next time.
"""

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from recipe.fetch.download import fetch_adapter, fetch_base
from recipe.fetch.errors import WrongRequest
from recipe.fetch.hub import HUB, Hub
from recipe.fetch.pins import ADAPTER, BASE, Pin
from recipe.merge.adapter import PICKLED, WEIGHTS, open_adapter
from recipe.merge.checkpoint import open_checkpoint
from recipe.merge.merging import merge
from recipe.merge.pickled import unpickle
from recipe.merge.terminal import say, scale, told
from recipe.merge.verifying import verify

Fetch = Callable[[Hub, str, str, Path, Callable[[str], None]], None]


def main(arguments: Sequence[str]) -> int:
    """Fetch, merge, verify; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="recipe build",
        description="Fetches base and adapter by commit, merges them and verifies the result.",
        epilog="A model is a folder, or OWNER/NAME@COMMIT on the hub with all 40 digits.",
    )
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder (models)")
    parser.add_argument("--base", default=str(BASE), help=f"({BASE.repository}, pinned)")
    parser.add_argument("--adapter", default=str(ADAPTER), help=f"({ADAPTER.repository}, pinned)")
    parser.add_argument("--out", type=Path, help="folder of the merged model (MODELS/merged)")
    parser.add_argument("--scale", type=scale, default=1.0, help="of the adapter (1.0)")
    parser.add_argument("--hub", default=HUB, help="another hub, over https (%(default)s)")
    options = parser.parse_args(arguments)
    return told(lambda: _build(options))


def _build(options: argparse.Namespace) -> None:
    hub, out = Hub(options.hub), options.out or options.models / "merged"
    base = _folder(options.base, options.models, hub, fetch_base)
    adapter = _folder(options.adapter, options.models, hub, fetch_adapter)
    if (adapter / PICKLED).exists() and not (adapter / WEIGHTS).exists():
        say(f"{unpickle(adapter)} is read from the pickle beside it.")
    inputs = open_checkpoint(base), open_adapter(adapter)
    merge(*inputs, out, scale=options.scale, say=say)
    verify(*inputs, out, scale=options.scale, say=say)
    say(f"{out} is ready. The licences of base and adapter hold for it, and those of their data.")


def _folder(wanted: str, models: Path, hub: Hub, fetch: Fetch) -> Path:
    """The folder *wanted*, or one below *models* that what it names was fetched into."""
    match = re.fullmatch(r"([^@]+/[^@]+)@([^@]+)", wanted)
    if match is None:
        if not Path(wanted).is_dir():
            raise WrongRequest(f"{wanted} is neither a folder nor OWNER/NAME@COMMIT.")
        return Path(wanted)
    repository, revision = match.groups()
    known = [pin for pin in (BASE, ADAPTER) if (pin.repository, pin.revision) == match.groups()]
    say(f"{wanted}: {_licence(known)}")
    to = models / f"{repository.replace('/', '--')}-{revision[:12]}"
    fetch(hub, repository, revision, to, say)
    return to


def _licence(known: Sequence[Pin]) -> str:
    return f"licence {known[0].licence}" if known else "mind its licence"
