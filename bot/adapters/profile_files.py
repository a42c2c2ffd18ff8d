"""Model profiles from files: those that come with the bot, and the host's own."""

import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from bot.core.errors import StartupError
from bot.core.profiles import ModelProfile, ProfileError, profile_from

EXIT_CONFIG = 78


def shipped_profiles() -> Sequence[str]:
    """The names of the profiles that come with the bot."""
    files = (resources.files("bot") / "profiles").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def load_profile(name: str) -> ModelProfile:
    """Read the shipped profile of that name, or a `.toml` file at that path.

    Raises:
        StartupError: there is no such profile, or its file cannot be used.
    """
    shipped = shipped_profiles()
    if name not in shipped and not name.endswith(".toml"):
        raise StartupError(
            f"There is no profile “{name}”. Set BOT_PROMPT__PROFILE to {', '.join(shipped)}, "
            "or to the path of your own .toml file.",
            exit_code=EXIT_CONFIG,
        )
    try:
        if name in shipped:
            file = resources.files("bot") / "profiles" / f"{name}.toml"
            return profile_from(tomllib.loads(file.read_text(encoding="utf-8")))
        return profile_from(tomllib.loads(Path(name).read_text(encoding="utf-8")))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StartupError(
            f"The profile {name} cannot be read ({reason}). Check BOT_PROMPT__PROFILE.",
            exit_code=EXIT_CONFIG,
        ) from None
    except (ProfileError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartupError(
            f"The profile {name} cannot be used: {error}", exit_code=EXIT_CONFIG
        ) from None
