"""What Discord says no with, as far as we act on it."""

from bot.core.errors import PostError, PostRefused

UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
TOO_MANY_WEBHOOKS = 30007
MISSING_ACCESS = 50001
MISSING_PERMISSIONS = 50013
INVALID_WEBHOOK_TOKEN = 50027


class Refused(PostRefused):
    """Discord's no to one request.

    Attributes:
        status: of HTTP.
        code: Discord's own, 0 if it gave none.
    """

    def __init__(self, status: int, code: int, what: str) -> None:
        super().__init__(f"{what}: Discord refused with {status}, code {code}")
        self.status = status
        self.code = code


class NotTaken(PostError):
    """Certainly not stored: unreachable, or limited for longer than we wait.

    The same request may succeed later.
    """
