"""What redis-py raises, in our words."""

import re
from collections.abc import Generator
from contextlib import contextmanager

from redis.exceptions import (
    AskError,
    BusyLoadingError,
    ClusterDownError,
    NoScriptError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.core.errors import LeaseLost, StoreRefusesWrites, StoreUnavailable

_NOT_NOW = (
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    ClusterDownError,
    TryAgainError,
    AskError,
    NoScriptError,
    RedisClusterException,
)
_NOT_NOW_CODES = ("LOADING", "BUSY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "UNKILLABLE")
_SENTENCES = {
    "OOM": "Redis is full: raise its maxmemory or forget old scenes.",
    "MISCONF": "Redis cannot save to its disk and therefore refuses changes.",
    "READONLY": "Redis is a read-only replica: the bot needs the master.",
    "NOREPLICAS": "Redis has too few replicas in step and therefore refuses changes.",
    "NOPERM": "Redis does not allow its user to do this.",
    "NEWERDATA": "The scene was written by a later version of the bot, which alone may change it.",
}
_CODE = re.compile(r"\b[A-Z]{3,}\b")


@contextmanager
def translated() -> Generator[None, None, None]:
    """Turn every error of redis-py, and a passed deadline, into one of ours.

    Our sentences hold no text of Redis's: it may quote what it was sent.

    Raises:
        StoreUnavailable: no answer; a change may have happened.
        StoreRefusesWrites: answered, and nothing was changed.
        LeaseLost: answered, and nothing was changed: a newer fence exists.
    """
    try:
        yield
    except TimeoutError as error:
        raise StoreUnavailable("Redis did not answer in time.") from error
    except (*_NOT_NOW, OSError) as error:
        raise StoreUnavailable(f"Redis cannot be used now ({type(error).__name__}).") from error
    except ResponseError as error:
        code = code_of(error)
        if code in _NOT_NOW_CODES:
            raise StoreUnavailable(f"Redis cannot be used now ({code}).") from error
        if code == "LEASELOST":
            raise LeaseLost("Somebody else has taken the channel.") from error
        sentence = _SENTENCES.get(code, f"Redis refuses a command ({code or 'ERR'}).")
        raise StoreRefusesWrites(sentence) from error
    except RedisError as error:
        raise StoreUnavailable(f"Redis cannot be used now ({type(error).__name__}).") from error


def code_of(error: ResponseError) -> str:
    """The upper-case word that Redis's answer began with.

    redis-py takes the word off the text of the errors it has a class for.
    """
    known = getattr(error, "status_code", None)
    if isinstance(known, str) and known:
        return known
    found = _CODE.match(str(error))
    return found.group() if found else ""
