"""How a character's face is called, where it is uploaded or served: by its content."""

from functools import lru_cache
from hashlib import sha256

from bot.core.characters import Character
from bot.core.roster import is_members


@lru_cache(maxsize=256)
def portrait_name(avatar: bytes) -> str:
    """The file name of a picture: by its content, so it may be cached for ever."""
    return f"{sha256(avatar).hexdigest()}.png"


def portrait_path(character: Character) -> str:
    """Where our web server has the face of *character*, who has one."""
    name = portrait_name(character.avatar or b"")
    return (
        f"/portraits/{character.key}/{name}" if is_members(character.key) else f"/portraits/{name}"
    )
