"""Files that come with messages, and the signed links under which they are read."""

import hashlib
import hmac
import re
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.playground.journal import Journal
from bot.playground.messages import Message
from bot.playground.refusals import Refusal, invalid

FILE_BYTES = 10 * 1024 * 1024
FILES_PER_MESSAGE = 10
LINK_LIVES_S = 24 * 3600
_PNG = b"\x89PNG\r\n\x1a\n"
_GIF = (b"GIF87a", b"GIF89a")
_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
}
_SHOWN_INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrived."""

    filename: str
    content_type: str
    data: bytes


class Uploads:
    """Keeps files, and signs and checks links to them."""

    def __init__(
        self, journal: Journal, *, secret: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._journal = journal
        self._key = hashlib.sha256(secret.encode()).digest()
        self._clock = clock
        self.base_url = ""
        """Where the server is; known once it listens."""

    def keep(self, attachment_id: int, upload: Upload, description: str | None) -> dict[str, Any]:
        """Store a file and return its attachment object, without links.

        Raises:
            Refusal: it is larger than Discord takes.
        """
        if len(upload.data) > FILE_BYTES:
            raise Refusal(413, 40005, "Request entity too large")
        attachment: dict[str, Any] = {
            "id": str(attachment_id),
            "filename": _safe_name(upload.filename),
            "size": len(upload.data),
            "content_type": upload.content_type,
        }
        if description:
            attachment["description"] = description
        size = _picture_size(upload.data)
        if size is not None:
            attachment["width"], attachment["height"] = size
        self._journal.put_file(attachment_id, upload.data)
        return attachment

    def read(self, attachment_id: int) -> bytes | None:
        """Return a file's bytes, if they are there."""
        return self._journal.file(attachment_id)

    def linked(
        self, channel_id: int, attachment: dict[str, Any], *, base: str | None = None
    ) -> dict[str, Any]:
        """Complete an attachment object with fresh links; *base* "" makes them relative."""
        path = f"/cdn/attachments/{channel_id}/{attachment['id']}/{attachment['filename']}"
        url = f"{self.base_url if base is None else base}{self.signed(path)}"
        return {**attachment, "url": url, "proxy_url": url}

    def signed(self, path: str) -> str:
        """Add what makes *path* readable for a day."""
        issued = int(self._clock())
        expires = issued + LINK_LIVES_S
        mark = self._mark(path, f"{expires:x}", f"{issued:x}")
        return f"{path}?ex={expires:x}&is={issued:x}&hm={mark}&"

    def is_valid(self, path: str, *, ex: str, issued: str, mark: str) -> bool:
        """Whether a link was signed here and is still good."""
        if not hmac.compare_digest(self._mark(path, ex, issued), mark):
            return False
        return int(ex, 16) >= self._clock()

    def _mark(self, path: str, ex: str, issued: str) -> str:
        return hmac.new(self._key, f"{path}|{ex}|{issued}".encode(), hashlib.sha256).hexdigest()


def content_type(filename: str) -> str:
    """Guess a file's type from its name."""
    return _TYPES.get(filename.lower().rpartition(".")[2], "application/octet-stream")


def is_shown_inline(content_type: str) -> bool:
    """Whether a browser may show the file instead of saving it."""
    return content_type in _SHOWN_INLINE


def keep_uploads(
    uploads: Uploads,
    message: Message,
    files: dict[int, Upload],
    listed: list[dict[str, Any]] | None,
    mint: Callable[[], int],
) -> None:
    """Give *message* its files; *listed* names those that stay and describes new ones.

    Raises:
        Refusal: too many, too large, or a listed file that is not there.
    """
    present = {attachment["id"]: attachment for attachment in message.attachments}
    kept: list[dict[str, Any]] = []
    described: dict[int, dict[str, Any]] = {}
    for entry in message.attachments if listed is None else listed:
        key = str(entry.get("id"))
        if key in present:
            kept.append(present[key])
        elif key.isdecimal() and int(key) in files:
            described[int(key)] = entry
        else:
            raise invalid(attachments=f"Unknown attachment {key}.")
    if len(kept) + len(files) > FILES_PER_MESSAGE:
        raise invalid(attachments=f"Must be {FILES_PER_MESSAGE} or fewer in length.")
    for index, upload in sorted(files.items()):
        entry = described.get(index, {})
        renamed = Upload(entry.get("filename") or upload.filename, upload.content_type, upload.data)
        kept.append(uploads.keep(mint(), renamed, entry.get("description")))
    message.attachments = kept


def _safe_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name.rpartition("/")[2])[-100:] or "file"


def _picture_size(data: bytes) -> tuple[int, int] | None:
    if data.startswith(_PNG) and len(data) >= 24:  # noqa: PLR2004  # the end of a PNG's header
        width, height = struct.unpack(">II", data[16:24])
    elif data.startswith(_GIF) and len(data) >= 10:  # noqa: PLR2004  # the same of a GIF
        width, height = struct.unpack("<HH", data[6:10])
    else:
        return None
    return int(width), int(height)
