"""`python -m recipe merge`: writes base + scale * adapter into a new folder."""

from collections.abc import Sequence

from recipe.merge.adapter import open_adapter
from recipe.merge.checkpoint import open_checkpoint
from recipe.merge.merging import merge
from recipe.merge.terminal import merge_arguments, say, scale, told


def main(arguments: Sequence[str]) -> int:
    """Merge; return the exit code."""
    parser = merge_arguments("merge", "Writes base + scale * adapter into a new folder.")
    parser.add_argument("--scale", type=scale, default=1.0, help="of the adapter (1.0)")
    options = parser.parse_args(arguments)

    def run() -> None:
        base, adapter = open_checkpoint(options.base), open_adapter(options.adapter)
        merge(base, adapter, options.out, scale=options.scale, say=say)

    return told(run)
