"""The application's commands, as the bot has registered them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.journal import Journal
from bot.playground.refusals import Refusal, invalid_fields, too_long, unknown
from bot.playground.snowflakes import Snowflakes

CHAT, USER, MESSAGE = 1, 2, 3
COMMAND_FIELDS = frozenset(
    {
        "id",
        "name",
        "name_localizations",
        "description",
        "description_localizations",
        "options",
        "default_member_permissions",
        "dm_permission",
        "default_permission",
        "integration_types",
        "contexts",
        "type",
        "nsfw",
        "handler",
    }
)
_OPTION_FIELDS = frozenset(
    {
        "type",
        "name",
        "name_localizations",
        "description",
        "description_localizations",
        "required",
        "choices",
        "options",
        "channel_types",
        "min_value",
        "max_value",
        "min_length",
        "max_length",
        "autocomplete",
    }
)
_NAME = re.compile(r"^[-_'\w]{1,32}$")
_AT_MOST = {CHAT: 100, USER: 15, MESSAGE: 15}
_OPTIONS, _CHOICES, _DESCRIPTION, _CHOICE_TEXT = 25, 25, 100, 100

Command = dict[str, Any]


class Commands:
    """Commands by id, for everywhere (guild 0) or for one guild."""

    def __init__(self, journal: Journal, snowflakes: Snowflakes, *, app_id: int) -> None:
        self._journal = journal
        self._snowflakes = snowflakes
        self._app_id = app_id
        self._known: dict[int, Command] = dict(journal.all("command"))

    def of(self, guild_id: int) -> list[Command]:
        """The commands of a guild, or the global ones for 0."""
        return [c for c in self._known.values() if int(c.get("guild_id", 0)) == guild_id]

    def everywhere(self) -> list[Command]:
        """All commands, as a member in the guild sees them."""
        return list(self._known.values())

    def get(self, command_id: int) -> Command:
        """Find a command.

        Raises:
            Refusal: there is none.
        """
        found = self._known.get(command_id)
        if found is None:
            raise unknown("Application Command")
        return found

    def replace_all(self, guild_id: int, given: Sequence[Mapping[str, Any]]) -> list[Command]:
        """Register exactly these; one that was there by name and type keeps its id."""
        for kind, limit in _AT_MOST.items():
            if sum(1 for command in given if command.get("type", CHAT) == kind) > limit:
                raise Refusal(400, 30032, f"Maximum number of commands reached ({limit})")
        names = [(command.get("type", CHAT), command.get("name")) for command in given]
        if len(set(names)) != len(names):
            raise Refusal(400, 50035, "Invalid Form Body: command names must be unique")
        checked = [self._checked(guild_id, command, f"{i}.") for i, command in enumerate(given)]
        for command in self.of(guild_id):
            self._drop(command)
        for command in checked:
            self._keep(command)
        return checked

    def put(
        self, guild_id: int, given: Mapping[str, Any], *, keep_id: int | None = None
    ) -> Command:
        """Register one, replacing the one of the same name and type."""
        command = self._checked(guild_id, given, "")
        if keep_id is not None:
            command["id"] = str(keep_id)
        self._keep(command)
        return command

    def delete(self, command_id: int) -> None:
        """Take a command away."""
        self._drop(self.get(command_id))

    def _checked(self, guild_id: int, given: Mapping[str, Any], path: str) -> Command:
        _check(given, path)
        kind = given.get("type", CHAT)
        known = [c for c in self.of(guild_id) if (c["type"], c["name"]) == (kind, given["name"])]
        key = known[0]["id"] if known else str(self._snowflakes.mint())
        return {
            "description": "",
            "options": [],
            "default_member_permissions": None,
            "nsfw": False,
            "contexts": None,
            "integration_types": [0],
            "dm_permission": True,
            **given,
            "id": key,
            "application_id": str(self._app_id),
            "type": kind,
            "version": str(self._snowflakes.mint()),
            **({"guild_id": str(guild_id)} if guild_id else {}),
        }

    def _keep(self, command: Command) -> None:
        self._known[int(command["id"])] = command
        self._journal.put("command", int(command["id"]), command)

    def _drop(self, command: Command) -> None:
        self._known.pop(int(command["id"]), None)
        self._journal.drop("command", int(command["id"]))


def _check(given: Mapping[str, Any], path: str) -> None:
    for extra in sorted(set(given) - COMMAND_FIELDS):
        raise invalid_fields({f"{path}{extra}": "The local Discord does not know this field."})
    name = given.get("name")
    if not isinstance(name, str):
        raise invalid_fields({f"{path}name": "This field is required"})
    if given.get("type", CHAT) == CHAT:
        _check_name(name, given.get("description"), path)
        _check_options(given.get("options") or [], f"{path}options.")
    elif not 0 < len(name) <= 32:  # noqa: PLR2004  # as for any command
        raise too_long(f"{path}name", 32)


def _check_options(options: Sequence[Mapping[str, Any]], path: str) -> None:
    if len(options) > _OPTIONS:
        raise too_long(path, _OPTIONS)
    is_optional_seen = False
    for index, option in enumerate(options):
        here = f"{path}{index}."
        for extra in sorted(set(option) - _OPTION_FIELDS):
            raise invalid_fields({f"{here}{extra}": "The local Discord does not know this field."})
        _check_name(option.get("name", ""), option.get("description"), here)
        if option.get("required") and is_optional_seen:
            text = "Required options must be placed before non-required options"
            raise invalid_fields({here: text})
        is_optional_seen = is_optional_seen or not option.get("required")
        choices = option.get("choices") or []
        if len(choices) > _CHOICES:
            raise too_long(f"{here}choices", _CHOICES)
        if any(len(str(choice.get("name"))) > _CHOICE_TEXT for choice in choices):
            raise too_long(f"{here}choices.name", _CHOICE_TEXT)
        _check_options(option.get("options") or [], f"{here}options.")


def _check_name(name: str, description: object, path: str) -> None:
    if not _NAME.match(name) or name != name.lower():
        text = "String value did not match validation regex."
        raise invalid_fields({f"{path}name": text})
    if not isinstance(description, str) or not 0 < len(description) <= _DESCRIPTION:
        text = f"Must be between 1 and {_DESCRIPTION} in length."
        raise invalid_fields({f"{path}description": text})
