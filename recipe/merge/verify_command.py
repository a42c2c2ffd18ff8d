"""`python -m recipe verify`: checks that a folder is the merge of base and adapter."""

from collections.abc import Sequence

from recipe.merge.adapter import open_adapter
from recipe.merge.checkpoint import open_checkpoint
from recipe.merge.terminal import merge_arguments, say, scale, told
from recipe.merge.verifying import verify


def main(arguments: Sequence[str]) -> int:
    """Verify; return the exit code: 1 if it is another merge, 2 if the inputs cannot be merged."""
    parser = merge_arguments("verify", "Checks that a folder is the merge of base and adapter.")
    parser.add_argument("--scale", type=scale, help="it must have (what its manifest says)")
    options = parser.parse_args(arguments)

    def run() -> None:
        base, adapter = open_checkpoint(options.base), open_adapter(options.adapter)
        verify(base, adapter, options.out, scale=options.scale, say=say)

    return told(run)
