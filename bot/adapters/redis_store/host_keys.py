"""The host's keys: under them, the keys of guilds and members are wrapped."""

import base64
import binascii
import os
from collections.abc import Iterable
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.adapters.redis_store.connection import EXIT_CONFIG
from bot.adapters.redis_store.sealing import KEY_BYTES, CannotOpen, derived
from bot.core.errors import StartupError

_NONCE_BYTES: Final = 12
_HEX_DIGITS: Final = 2 * KEY_BYTES


class Unwrapped(NamedTuple):
    """A key, and whether it was wrapped under the newest of the host's."""

    key: bytes
    is_newest: bool


class HostKeys:
    """Wraps under the first of the host's keys, unwraps under any (AES-256-GCM, random nonces).

    Args:
        keys: `KEY_BYTES` each, the newest first; one at least.
    """

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._keys = tuple(AESGCM(derived(key, b"wrap")) for key in keys)

    @classmethod
    def parse(cls, text: str) -> "HostKeys":
        """Read the setting: keys of 32 bytes in base64 or hexadecimal, comma separated.

        Raises:
            StartupError: one is none. The sentence does not hold it.
        """
        return cls([_key_of(part.strip()) for part in text.strip(" ,").split(",")])

    def wrap(self, key: bytes, scope: str) -> str:
        """*key* as it may be stored, for *scope* only."""
        nonce = os.urandom(_NONCE_BYTES)
        wrapped = nonce + self._keys[0].encrypt(nonce, key, scope.encode())
        return base64.b64encode(wrapped).decode()

    def unwrap(self, text: str, scope: str) -> Unwrapped:
        """Undo `wrap`.

        Raises:
            CannotOpen: none of the keys has wrapped it, or not for *scope*.
        """
        try:
            wrapped = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise CannotOpen from None
        nonce, rest = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        for at, host in enumerate(self._keys):
            try:
                return Unwrapped(host.decrypt(nonce, rest, scope.encode()), at == 0)
            except (InvalidTag, ValueError):
                continue
        raise CannotOpen


def _key_of(text: str) -> bytes:
    try:
        key = bytes.fromhex(text) if len(text) == _HEX_DIGITS else _base64(text)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise StartupError(
            "BOT_REDIS__ENCRYPTION_KEYS cannot be used: each key is 32 random bytes in base64."
            " Make one with `openssl rand -base64 32`.",
            exit_code=EXIT_CONFIG,
        )
    return key


def _base64(text: str) -> bytes:
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
