"""What a member fills into a command, held against its registration."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.refusals import Refusal

SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, NUMBER = 3, 4, 5, 10
_TEXT_AT_MOST = 6000

Option = Mapping[str, Any]


def checked_options(
    given: Sequence[Option], registered: Sequence[Option], *, is_partial: bool = False
) -> list[dict[str, Any]]:
    """Return the options as the bot gets them; *is_partial* while the member still types.

    Raises:
        Refusal: one is unknown, missing, or not of its type.
    """
    known = {option["name"]: option for option in registered}
    checked: list[dict[str, Any]] = []
    for option in given:
        rule = known.get(str(option.get("name")))
        if rule is None:
            raise _wrong(f"There is no option {option.get('name')}.")
        if rule["type"] in (SUBCOMMAND, GROUP):
            inner = checked_options(
                option.get("options") or [], rule.get("options") or [], is_partial=is_partial
            )
            checked.append({"name": rule["name"], "type": rule["type"], "options": inner})
        else:
            checked.append(_checked(option, rule, is_partial=is_partial))
    if is_partial:
        return checked
    named = {option["name"] for option in checked}
    for rule in registered:
        if rule.get("required") and rule["name"] not in named:
            raise _wrong(f"The option {rule['name']} is required.")
    if any(rule["type"] in (SUBCOMMAND, GROUP) for rule in registered) and len(checked) != 1:
        raise _wrong("Choose one of the subcommands.")
    return checked


def _checked(option: Option, rule: Option, *, is_partial: bool) -> dict[str, Any]:
    value = option.get("value")
    if not (is_partial and option.get("focused")):
        value = _value(value, rule)
    filled = {"name": rule["name"], "type": rule["type"], "value": value}
    if option.get("focused"):
        if not rule.get("autocomplete"):
            raise _wrong(f"The option {rule['name']} has no suggestions.")
        filled["focused"] = True
        filled["value"] = str(value or "")
    return filled


def _value(value: object, rule: Option) -> object:
    name = rule["name"]
    if rule["type"] == STRING:
        value = _text(value, rule)
    else:
        _check_type(value, rule)
    choices = rule.get("choices") or []
    if choices and value not in [choice["value"] for choice in choices]:
        raise _wrong(f"The option {name} must be one of its choices.")
    if isinstance(value, int | float) and not _in_range(value, rule):
        raise _wrong(f"The option {name} is out of its range.")
    return value


def _check_type(value: object, rule: Option) -> None:
    is_flag = isinstance(value, bool)
    fits, wanted = {
        INTEGER: (isinstance(value, int) and not is_flag, "a whole number"),
        NUMBER: (isinstance(value, int | float) and not is_flag, "a number"),
        BOOLEAN: (is_flag, "true or false"),
    }.get(rule["type"], (str(value).isdecimal(), "an id"))
    if not fits:
        raise _wrong(f"The option {rule['name']} must be {wanted}.")


def _text(value: object, rule: Option) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(f"The option {rule['name']} must be a text.")
    if not rule.get("min_length", 0) <= len(value) <= rule.get("max_length", _TEXT_AT_MOST):
        raise _wrong(f"The option {rule['name']} is too short or too long.")
    return value


def _in_range(value: float, rule: Option) -> bool:
    low, high = rule.get("min_value"), rule.get("max_value")
    return (low is None or value >= low) and (high is None or value <= high)


def _wrong(sentence: str) -> Refusal:
    return Refusal(400, 50035, sentence)
