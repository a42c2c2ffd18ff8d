"""V3's decorators: lines `@@name value` before the text of a lore entry."""

from collections.abc import Collection, Iterator, Sequence

from bot.core.lorebook import Decorator

MOST_LINES = 200
_MARK, _INSTEAD = "@@", "@@@"


def parted(text: str) -> tuple[tuple[Decorator, ...], str]:
    """Part the leading decorators from the text that may reach a prompt."""
    if not text.lstrip("\n").startswith(_MARK):
        return (), text
    found: list[Decorator] = []
    rest = text
    for _ in range(MOST_LINES):
        line, _, after = rest.lstrip("\n").partition("\n")
        if not line.startswith(_MARK):
            break
        rest = after
        name, _, value = line.lstrip("@").strip().partition(" ")
        if not line.startswith(_INSTEAD):
            found.append(Decorator(name, value.strip()))
        elif found:
            last = found[-1]
            instead = (*last.instead, (name, value.strip()))
            found[-1] = Decorator(last.name, last.value, instead)
    return tuple(found), rest.strip("\n")


def applied(decorators: Sequence[Decorator], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """What *decorators* say to a reader of those that are *known*: names and values, in order.

    Of a line and those that stand in for it, the first that is known counts; of
    several of one name, the first.
    """
    said = set()
    for decorator in decorators:
        offers = ((decorator.name, decorator.value), *decorator.instead)
        chosen = next((offer for offer in offers if offer[0] in known), None)
        if chosen is not None and chosen[0] not in said:
            said.add(chosen[0])
            yield chosen


def written(decorators: Sequence[Decorator], content: str) -> str:
    """Put *decorators* before *content* again."""
    lines = []
    for decorator in decorators:
        lines.append(f"{_MARK}{decorator.name} {decorator.value}".rstrip())
        lines += [f"{_INSTEAD}{name} {value}".rstrip() for name, value in decorator.instead]
    return "\n".join((*lines, content))
