"""What can go wrong between an adapter and a merged model.

RecipeError           its text is one sentence, `exit_code` what the command ends with
├── CannotMerge       the input is not what can be merged rightly
└── NotTheMerge       a folder is not what the merge of these inputs gives
"""


class RecipeError(Exception):
    """Shown as it is: one sentence that says what to change."""

    exit_code = 1


class CannotMerge(RecipeError):
    """Refused before, or instead of, writing something wrong."""

    exit_code = 2


class NotTheMerge(RecipeError):
    """Found by `verify`."""
