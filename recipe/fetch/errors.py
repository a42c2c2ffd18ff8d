"""What can go wrong on the way from the hub."""

from recipe.merge.errors import RecipeError


class CannotFetch(RecipeError):
    """The hub cannot be reached, or does not have what was asked for."""

    exit_code = 69


class WrongRequest(RecipeError):
    """What was asked for can be known to be wrong without asking anybody."""

    exit_code = 2
