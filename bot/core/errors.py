"""Every error that is ours, split by who can act on it.

    RoleplayError
    ├── UserError                 its text is shown to the member who caused it
    │   ├── CharacterUnknown
    │   ├── CardFileError             (in `cards.card`) a file holds no card that can be read
    │   │   └── CardRefused               or one that is never taken
    │   ├── ChatFileError             (in `chat`) a file holds no chat that can be read
    │   ├── PromptTooLong             (in `budget`) even the shortest prompt does not fit
    │   ├── SceneAlreadyLive
    │   ├── ScenePaused               who plays may not play in a channel as it is now
    │   └── NoLiveScene
    ├── GenerationError           the model gave no (whole) reply; a retry may help
    │   ├── GenerationUnreachable     nothing answered, or it broke off
    │   ├── GenerationOverloaded      the server's own queue is full
    │   ├── GenerationTimedOut        one of our deadlines passed
    │   └── GenerationRejected        the server calls our request invalid
    │       └── GenerationTooLong         and names its reason: prompt and reply do not fit
    ├── StoreUnavailable          Redis did not answer; a write may have happened
    ├── StoreRefusesWrites        Redis answered but may not or cannot write
    ├── LeaseLost                 another process has taken the channel; this one must let go
    ├── PostError                 Discord did not take what we had to show
    │   ├── PostRefused               and will not: permission, missing channel
    │   │   ├── PlaceGone                 the channel or thread is no more
    │   │   ├── PlaceClosed               the thread is archived or locked
    │   │   ├── NotAllowedHere            the bot lacks a permission there
    │   │   ├── MessageGone               somebody has removed the message
    │   │   └── TextRefused               the words themselves are not let through
    │   │       └── TextBlocked               by the filter of whoever hosts the bot
    │   └── PostAmbiguous             and nobody can tell whether it was stored
    ├── ScreenError               Discord did not show what stands in a channel
    │   └── ScreenRefused             and will not: we may not look there
    │       └── ChannelGone               and there is no such channel (any more)
    ├── FilterFailed              that filter gave no answer
    ├── TooBusy                   our own queue is full
    └── StartupError              the program cannot start; carries the exit code

Anything else that reaches a task's boundary is a bug and is logged with its
traceback.
"""


class RoleplayError(Exception):
    """The root: anything we raise on purpose."""


class UserError(RoleplayError):
    """A member asked for something that cannot be done; `str()` says what to do."""

    @property
    def sentence(self) -> str:
        """The same, as it can be translated."""
        said = self.args[0] if self.args else ""
        return said if isinstance(said, str) else str(self)


class CharacterUnknown(UserError):
    """No character of that name is loaded."""


class SceneAlreadyLive(UserError):
    """The channel has a live scene and only one fits."""


class ScenePaused(UserError):
    """One who plays may not play in the channel as it is now; the scene waits."""


class NoLiveScene(UserError):
    """The channel has no live scene."""


class GenerationError(RoleplayError):
    """The model gave no reply, or only a part of one."""


class GenerationUnreachable(GenerationError):
    """No server answered, or the connection broke before the last token."""


class GenerationOverloaded(GenerationError):
    """The model server refused because its own queue is full."""


class GenerationTimedOut(GenerationError):
    """No connection, first token, next token or end within its deadline."""


class GenerationRejected(GenerationError):
    """The server calls our request invalid: the same request will fail again."""


class GenerationUnauthorized(GenerationRejected):
    """The server wants a key, or another one than it was given."""


class GenerationTooLong(GenerationRejected):
    """The server counts more tokens in prompt and reply than it takes.

    Attributes:
        excess: by how many tokens, as far as the server said; else None.
    """

    def __init__(self, message: str, *, excess: int | None = None) -> None:
        super().__init__(message)
        self.excess = excess


class StoreUnavailable(RoleplayError):
    """Redis did not answer in time. A write may have happened."""


class StoreRefusesWrites(RoleplayError):
    """Redis is full, read-only or cannot save. Nothing was written."""


class LeaseLost(RoleplayError):
    """Another owner has taken the channel since. Nothing was written."""


class PostError(RoleplayError):
    """Discord did not take a message, an edit or a deletion."""


class PostRefused(PostError):
    """Discord will not take it: no permission, no such channel or message."""


class PlaceGone(PostRefused):
    """The channel or thread was deleted."""


class PlaceClosed(PostRefused):
    """The thread is archived or locked: nothing can be changed in it for now."""


class NotAllowedHere(PostRefused):
    """The bot lacks a permission in the channel."""


class MessageGone(PostRefused):
    """Somebody has removed the message."""


class TextRefused(PostRefused):
    """Discord, or the server's own filter, does not let these words through."""


class TextBlocked(TextRefused):
    """The filter of whoever hosts the bot does not let these words through."""


class FilterFailed(RoleplayError):
    """The filter of whoever hosts the bot gives no answer that can be used."""


class PostAmbiguous(PostError):
    """The request left us and no answer came: it may or may not be stored."""


class ScreenError(RoleplayError):
    """Discord did not show us what stands in a channel."""


class ScreenRefused(ScreenError):
    """We may not read what stands there."""


class ChannelGone(ScreenRefused):
    """There is no such channel, or not any more."""


class TooBusy(RoleplayError):
    """As many replies wait as we accept; nothing was queued."""


class StartupError(RoleplayError):
    """The program cannot start.

    Attributes:
        exit_code: 2 usage, 69 Redis, Discord or the model's source unreachable,
            70 a child process does not stay up, 75 another process is connected,
            78 settings.
    """

    def __init__(self, sentence: str, *, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def first_of(group: BaseExceptionGroup[StartupError]) -> StartupError:
    """The first error of a task group's failure, however deep it lies."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, StartupError):
        raise TypeError(f"{error!r} is no StartupError")
    return error
