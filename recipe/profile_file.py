"""A model's profile: one that comes with the bot, or a file of the host's own."""

import tomllib
from importlib import resources
from pathlib import Path

from bot.core.profiles import ModelProfile, ProfileError, profile_from
from recipe.refused import Refused


def load_profile(name: str) -> ModelProfile:
    """Read the shipped profile of that name, or a `.toml` file at that path.

    Raises:
        Refused: there is no such profile, or its file cannot be used.
    """
    shipped = resources.files("bot") / "profiles" / f"{name}.toml"
    try:
        if shipped.is_file():
            return profile_from(tomllib.loads(shipped.read_text(encoding="utf-8")))
        return profile_from(tomllib.loads(Path(name).read_text(encoding="utf-8")))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Refused(f"The profile {name} cannot be read: {reason}.") from None
    except (ProfileError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"The profile {name} cannot be used: {error}") from None
