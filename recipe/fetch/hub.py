"""The hub's two addresses that matter here: what a commit holds, and one file of it.

Standard library only. Plain HTTP is spoken to this machine alone, for a mirror or a
test; everything else, redirects included, goes over TLS.
"""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, Final

from recipe.fetch.errors import CannotFetch, WrongRequest

HUB: Final = "https://huggingface.co"
SILENCE_S: Final = 60.0
"""The longest wait for a connection or for the next bytes."""
MOST_LISTING_BYTES: Final = 4 * 1024 * 1024
MOST_REDIRECTS: Final = 5
_REPOSITORY: Final = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_PATH: Final = re.compile(r"[\w .()+=,@-]+(/[\w .()+=,@-]+)*")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a commit; large ones are known by SHA-256, small ones by git's SHA-1."""

    path: str
    size: int
    sha256: str | None
    git_sha1: str | None


class Lost(Exception):
    """The connection broke, or the hub is busy: worth another try."""


class Hub:
    """Asks one hub.

    Raises:
        WrongRequest: Its address is neither TLS nor on this machine.
    """

    def __init__(self, url: str = HUB, *, silence_s: float = SILENCE_S) -> None:
        """Ask the hub at *url*, which may keep silent for *silence_s* seconds."""
        self._url = url.rstrip("/")
        self._silence_s = silence_s
        if not _is_safe(self._url):
            raise WrongRequest(f"{url} is no https address.")
        self._opener = urllib.request.build_opener(_SafeRedirects())

    def files(self, repository: str, revision: str) -> tuple[HubFile, ...]:
        """Every file of *repository* at the commit *revision*.

        Raises:
            CannotFetch: The hub does not have it, or says nothing that can be read.
            Lost: The connection broke.
            WrongRequest: Names are wrong, or *revision* is a branch, which can move.
        """
        check(repository, revision)
        address = f"{self._url}/api/models/{repository}/tree/{revision}?recursive=true"
        with self._opened(address, start=0) as answer:
            raw = _read(answer, MOST_LISTING_BYTES + 1)
            if len(raw) > MOST_LISTING_BYTES or "link" in answer.headers:
                raise CannotFetch(f"{repository} holds more files than a model should.")
        try:
            return tuple(_file(entry) for entry in json.loads(raw) if entry["type"] == "file")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise CannotFetch(f"The hub's list of {repository} cannot be read.") from error

    @contextmanager
    def opened(self, repository: str, revision: str, path: str, start: int) -> Iterator["Body"]:
        """The bytes of a file from *start* on, or from 0 if the hub prefers.

        Raises:
            CannotFetch: The hub does not have it.
            Lost: The connection broke.
        """
        quoted = urllib.parse.quote(path)
        address = f"{self._url}/{repository}/resolve/{revision}/{quoted}"
        with self._opened(address, start=start) as answer:
            yield Body(answer, start if answer.status == 206 else 0)  # noqa: PLR2004  # partial

    @contextmanager
    def _opened(self, address: str, *, start: int) -> Iterator[HTTPResponse]:
        headers = {"User-Agent": "zephrp-recipe", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        request = urllib.request.Request(address, headers=headers)  # noqa: S310  # checked above
        try:
            answer = self._opener.open(request, timeout=self._silence_s)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in _AGAIN:
                raise Lost(f"the hub answered {error.code}") from error
            raise CannotFetch(f"The hub answered {error.code} to {address}.") from error
        except (OSError, HTTPException) as error:
            raise Lost(str(error)) from error
        with answer:
            yield answer


@dataclass(frozen=True, slots=True)
class Body:
    """What arrives, and which byte of the file it begins with."""

    answer: HTTPResponse
    start: int

    def read(self, count: int) -> bytes:
        """At most *count* bytes; none at the end.

        Raises:
            Lost: The connection broke.
        """
        return _read(self.answer, count)


def check(repository: str, revision: str) -> None:
    """Refuse names that cannot be a repository's and a commit's.

    Raises:
        WrongRequest: They cannot.
    """
    if not _REPOSITORY.fullmatch(repository) or ".." in repository:
        raise WrongRequest(f"{repository!r} is no repository: it is written OWNER/NAME.")
    if not _COMMIT.fullmatch(revision):
        raise WrongRequest(f"{revision!r} is no commit of 40 digits; a branch could move.")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """The hub sends large files from elsewhere: over TLS, and in few steps."""

    max_redirections = MOST_REDIRECTS

    def redirect_request(self, *request: Any) -> urllib.request.Request | None:
        """As the library does, but never to an address in the clear."""
        before, answer, *_, url = request
        if not _is_safe(url):
            answer.close()
            host = urllib.parse.urlsplit(before.full_url).netloc
            raise CannotFetch(f"{host} leads away from https.")
        return super().redirect_request(*request)


def _is_safe(url: str) -> bool:
    parts = urllib.parse.urlsplit(url)
    is_here = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return is_here or (parts.scheme == "https" and bool(parts.hostname))


def _read(answer: HTTPResponse, count: int) -> bytes:
    try:
        return answer.read(count)
    except (OSError, HTTPException) as error:
        raise Lost(str(error)) from error


def _file(entry: dict[str, Any]) -> HubFile:
    """One row of the list; a path that leads elsewhere, or a size that is none, is an error."""
    large = entry.get("lfs") or {}
    path, size = str(entry["path"]), large.get("size", entry["size"])
    if not _PATH.fullmatch(path) or ".." in path.split("/") or type(size) is not int or size < 0:
        raise ValueError(path)
    sha256 = large.get("oid")
    return HubFile(path, size, sha256, None if sha256 else entry.get("oid"))
