"""What Discord says no with, as far as we act on it."""

from collections.abc import Collection, Mapping

from bot.core.errors import (
    MessageGone,
    NotAllowedHere,
    PlaceClosed,
    PlaceGone,
    PostError,
    PostRefused,
    TextRefused,
)

UNKNOWN_CHANNEL = 10003
UNKNOWN_GUILD = 10004
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
EXPLICIT = 20009
TOO_MANY_WEBHOOKS = 30007
MISSING_ACCESS = 50001
NO_DIRECT_MESSAGES = 50007
MISSING_PERMISSIONS = 50013
INVALID_WEBHOOK_TOKEN = 50027
INVALID_BODY = 50035
ARCHIVED = 50083
LOCKED = 160005
BLOCKED_BY_AUTOMOD = 200000
TITLE_BLOCKED_BY_AUTOMOD = 200001
HARMFUL_LINK = 240000


class Refused(PostRefused):
    """Discord's no to one request.

    Attributes:
        status: of HTTP.
        code: Discord's own, 0 if it gave none.
        fields: of the body, that it names as wrong.
    """

    def __init__(self, status: int, code: int, what: str, fields: Collection[str] = ()) -> None:
        super().__init__(f"{what}: Discord refused with {status}, code {code}")
        self.status = status
        self.code = code
        self.fields = frozenset(fields)


class _PlaceGone(Refused, PlaceGone):
    pass


class _PlaceClosed(Refused, PlaceClosed):
    pass


class _NotAllowedHere(Refused, NotAllowedHere):
    pass


class _MessageGone(Refused, MessageGone):
    pass


class _TextRefused(Refused, TextRefused):
    pass


_KINDS: Mapping[int, type[Refused]] = {
    UNKNOWN_CHANNEL: _PlaceGone,
    ARCHIVED: _PlaceClosed,
    LOCKED: _PlaceClosed,
    UNKNOWN_GUILD: _NotAllowedHere,
    MISSING_ACCESS: _NotAllowedHere,
    NO_DIRECT_MESSAGES: _NotAllowedHere,
    MISSING_PERMISSIONS: _NotAllowedHere,
    UNKNOWN_MESSAGE: _MessageGone,
    EXPLICIT: _TextRefused,
    INVALID_BODY: _TextRefused,
    BLOCKED_BY_AUTOMOD: _TextRefused,
    TITLE_BLOCKED_BY_AUTOMOD: _TextRefused,
    HARMFUL_LINK: _TextRefused,
}


def refusal(status: int, code: int, what: str, fields: Collection[str] = ()) -> Refused:
    """Discord's no as the kind of it that can be acted on."""
    return _KINDS.get(code, Refused)(status, code, what, fields)


class NotTaken(PostError):
    """Certainly not stored: unreachable, or limited for longer than we wait.

    The same request may succeed later.
    """
