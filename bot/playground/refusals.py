"""What the API answers when it refuses, in Discord's words and numbers."""

from collections.abc import Mapping
from typing import Any

UNKNOWN_CODES = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "Interaction": 10062,
    "Application Command": 10063,
    "Attachment": 10104,
}


class Refusal(Exception):
    """An error answer. *errors* maps a field's dotted path to (code, sentence)."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        errors: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors or {}

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON."""
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = _nested(self.errors)
        return body


def unknown(what: str) -> Refusal:
    """Say that there is no such thing."""
    return Refusal(404, UNKNOWN_CODES[what], f"Unknown {what}")


def invalid(**fields: str) -> Refusal:
    """Say what is wrong with fields of the body; dots are written as two underscores."""
    return invalid_fields({name.replace("__", "."): text for name, text in fields.items()})


def invalid_fields(fields: Mapping[str, str]) -> Refusal:
    """Say what is wrong with fields of the body, each named by its dotted path."""
    errors = {path: ("BASE_TYPE_INVALID", text) for path, text in fields.items()}
    return Refusal(400, 50035, "Invalid Form Body", errors)


def too_long(path: str, limit: int) -> Refusal:
    """Say that a text is longer than *limit* characters."""
    sentence = f"Must be {limit} or fewer in length."
    errors = {path: ("BASE_TYPE_MAX_LENGTH", sentence)}
    return Refusal(400, 50035, "Invalid Form Body", errors)


def missing_permissions() -> Refusal:
    """Say that a right is lacking."""
    return Refusal(403, 50013, "Missing Permissions")


def missing_access() -> Refusal:
    """Say that the channel cannot even be seen."""
    return Refusal(403, 50001, "Missing Access")


def unauthorized() -> Refusal:
    """Say that the token is not the bot's."""
    return Refusal(401, 0, "401: Unauthorized")


def _nested(errors: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, (code, sentence) in errors.items():
        node = tree
        for part in path.split("."):
            node = node.setdefault(part, {})
        node["_errors"] = [{"code": code, "message": sentence}]
    return tree
