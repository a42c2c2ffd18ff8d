"""What a command of the recipe does not take."""


class Refused(Exception):
    """The input cannot be used; `str()` is one sentence that says what and where."""
