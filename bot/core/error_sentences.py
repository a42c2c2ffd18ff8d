"""An exception of ours becomes one sentence for a member, here and nowhere else."""

from bot.core.errors import (
    GenerationError,
    GenerationRejected,
    LeaseLost,
    NotAllowedHere,
    PlaceClosed,
    PostError,
    RoleplayError,
    ScreenError,
    ScreenRefused,
    StoreRefusesWrites,
    StoreUnavailable,
    TextBlocked,
    TextRefused,
    TooBusy,
    UserError,
)
from bot.core.phrases import phrase

BUG = phrase("Something went wrong on my side. It has been written down.")

# Subclasses stand before their bases: the first that fits speaks.
_SENTENCES: tuple[tuple[type[RoleplayError], str], ...] = (
    (TooBusy, phrase("Too many replies are being written just now. Please try again in a minute.")),
    (
        GenerationRejected,
        phrase("The model server refused this prompt; the host finds why in the log."),
    ),
    (GenerationError, phrase("The model is not answering. Your line is kept; please try again.")),
    (StoreRefusesWrites, phrase("My memory is full or read-only. The host has to look at it.")),
    (StoreUnavailable, phrase("I cannot reach my memory right now. Please try again in a moment.")),
    (
        LeaseLost,
        phrase("Another process of mine has taken this over. Please try again in a moment."),
    ),
    (
        TextBlocked,
        phrase("The filter of whoever hosts me does not let these words through."),
    ),
    (
        TextRefused,
        phrase(
            "Discord or this server's filter does not let these words through. Try for other ones."
        ),
    ),
    (
        NotAllowedHere,
        phrase("I may not write here. I need View Channel, Send Messages and Manage Webhooks."),
    ),
    (PlaceClosed, phrase("This thread is archived or locked. Open it, then try again.")),
    (
        ScreenRefused,
        phrase("I may not read this channel. Give me View Channel and Read Message History here."),
    ),
    (ScreenError, phrase("Discord did not show me this channel. Please try again in a moment.")),
    (PostError, phrase("Discord did not take my message. Please try again.")),
)


def sentence_for(error: BaseException, reference: str = "") -> str:
    """Put *error* into words a member can act on; its own text shows only if it was meant to.

    Args:
        reference: by which the host finds it in the log; left out where a member alone can act.
    """
    if isinstance(error, UserError):
        return error.sentence
    said = next((said for kind, said in _SENTENCES if isinstance(error, kind)), BUG)
    if not reference or isinstance(error, TooBusy):
        return said
    return phrase("{sentence} (Reference: {reference})", sentence=said, reference=reference)


def is_bug(error: BaseException) -> bool:
    """Whether nobody meant *error* to happen: it belongs in the log with its traceback."""
    return not isinstance(error, RoleplayError)
