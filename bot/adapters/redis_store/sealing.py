"""Texts that only who has the key can read, as they stand in Redis.

A sealed text is a mark and base64 (RFC 4648 §5, without padding) of

    nonce (12 bytes) | AES-256-GCM of the text (as long as it is) | tag (16 bytes)

with the key's scope as associated data (NIST SP 800-38D). Base64 makes a third more
of a text; *therefore* it is packed before, with deflate (RFC 1951) and a dictionary of
common phrases, which takes more than that off all but the shortest.

The same text under the same key is the same sealed text: the nonce is a keyed hash of
it, as in RFC 8452, so it never comes twice for two texts. So scripts can compare texts,
and a write whose answer was lost is known again. What is seen from outside is which
texts of one guild are equal, and how long they are.

A sealed text is one line. So scripts may join texts by line breaks, as they do with
those of a reply's messages, without reading them: each line is opened by itself. A
line without a mark was stored before texts were sealed, and is read as it is.
"""

import base64
import binascii
import zlib
from collections.abc import Callable
from hashlib import blake2b
from importlib.resources import files
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.core.errors import StoreUnavailable

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16

_AS_IT_IS, _PACKED = "\u0091", "\u0092"
"""Marks: control characters (private use), which no text of ours has, see `Seal.close`.

What was sealed under a mark has to be opened for ever: another way of packing, and
another edition of the dictionary, gets a mark of its own.
"""
_MARKS = (_AS_IT_IS, _PACKED)
_HARMLESS = str.maketrans(dict.fromkeys(_MARKS, "\ufffd"))

_MOST_UNPACKED = 32 * 1024 * 1024
_WINDOW_BITS, _MEMORY, _EFFORT = -13, 6, 6
"""A window of 8 KiB, as large as the dictionary: a larger one costs time for every text."""


class CannotOpen(StoreUnavailable):
    """What is stored was sealed with a key that is not here."""

    def __init__(self) -> None:
        super().__init__("What Redis holds here is encrypted with a key that is not here any more.")


class Seal(Protocol):
    """Makes texts unreadable for whoever reads Redis, and readable again."""

    def close(self, text: str) -> str:
        """Seal *text*; an empty one stays empty."""
        ...

    def open(self, text: str) -> str:
        """Undo `close`, and read what was never sealed as it is.

        Raises:
            CannotOpen: it was sealed with another key.
        """
        ...

    def pack(self, data: bytes) -> str:
        """Seal *data*, which is not made smaller."""
        ...

    def unpack(self, text: str) -> bytes:
        """Undo `pack`; what was never sealed is base64.

        Raises:
            CannotOpen: it was sealed with another key.
            ValueError: it is neither.
        """
        ...


class NoSeal:
    """Leaves texts readable."""

    def close(self, text: str) -> str:
        return _unmarked(text)

    def open(self, text: str) -> str:
        if _is_marked(text):
            raise CannotOpen
        return text

    def pack(self, data: bytes) -> str:
        return base64.b64encode(data).decode()

    def unpack(self, text: str) -> bytes:
        if _is_marked(text):
            raise CannotOpen
        return base64.b64decode(text, validate=True)


NO_SEAL: Final = NoSeal()


class NowhereSeal(NoSeal):
    """Where no scene is, and nothing is stored: texts do not even go there."""

    def close(self, text: str) -> str:  # noqa: ARG002
        return ""


NOWHERE: Final = NowhereSeal()


class AesSeal:
    """One key.

    Args:
        key: `KEY_BYTES` from a source of randomness.
        scope: what the key is for, such as a guild; sealed texts cannot be moved to another.
        lost: told when something cannot be opened: there may be another key by now.
    """

    def __init__(self, key: bytes, scope: str, *, lost: Callable[[], None] = lambda: None) -> None:
        self._lost = lost
        self._aes = AESGCM(derived(key, b"text"))
        self._nonces = blake2b(key=derived(key, b"nonce"), digest_size=_NONCE_BYTES)
        self._scope = scope.encode()

    def close(self, text: str) -> str:
        if not text:
            return ""
        plain = _unmarked(text).encode()
        packed = _DEFLATE.copy()
        smaller = packed.compress(plain) + packed.flush()
        if len(smaller) < len(plain):
            return _PACKED + self._sealed(smaller)
        return _AS_IT_IS + self._sealed(plain)

    def open(self, text: str) -> str:
        if not _is_marked(text):
            return text
        if "\n" not in text:
            return self._line(text)
        return "\n".join(map(self._line, text.split("\n")))

    def pack(self, data: bytes) -> str:
        return _AS_IT_IS + self._sealed(data)

    def unpack(self, text: str) -> bytes:
        if text.startswith(_AS_IT_IS):
            return self._opened(text[1:])
        return base64.b64decode(text, validate=True)

    def _line(self, line: str) -> str:
        if line.startswith(_PACKED):
            unpacked = _INFLATE.copy().decompress(self._opened(line[1:]), _MOST_UNPACKED)
            return unpacked.decode()
        return self._opened(line[1:]).decode() if line.startswith(_AS_IT_IS) else line

    def _sealed(self, plain: bytes) -> str:
        nonces = self._nonces.copy()
        nonces.update(plain)
        nonce = nonces.digest()
        sealed = nonce + self._aes.encrypt(nonce, plain, self._scope)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def _opened(self, text: str) -> bytes:
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            if len(sealed) >= _NONCE_BYTES + _TAG_BYTES:
                nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
                return self._aes.decrypt(nonce, rest, self._scope)
        except (InvalidTag, binascii.Error, ValueError):
            pass
        self._lost()
        raise CannotOpen from None


def derived(key: bytes, purpose: bytes) -> bytes:
    """Another key for each purpose, so that none is used for two things."""
    return blake2b(key=key, digest_size=KEY_BYTES, person=purpose).digest()


def _is_marked(text: str) -> bool:
    return _AS_IT_IS in text or _PACKED in text


def _unmarked(text: str) -> str:
    """What people write never passes for something sealed."""
    return text.translate(_HARMLESS) if _is_marked(text) else text


_WORDS = files("bot.adapters.redis_store").joinpath("sealing_words_1.txt").read_bytes()
_DEFLATE = zlib.compressobj(
    _EFFORT, zlib.DEFLATED, _WINDOW_BITS, _MEMORY, zlib.Z_DEFAULT_STRATEGY, _WORDS
)
_INFLATE = zlib.decompressobj(_WINDOW_BITS, zdict=_WORDS)
