"""A scene as the exact text that the model reads, and back.

The format is LimaRP v3: an instruction block with the personas, then
`### Input:` and `### Response:` blocks, one blank line apart, and a last
response header that is left open after `Name:`, without a space.

No text can forge structure: a line that looks like a header, a speaker or a
label of the instruction gets one space in front, which `parse` takes away.
Hence `parse(render(script)) == clean(script)` for every script.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby

from bot.core.errors import UserError
from bot.core.guard import Guard
from bot.core.lengths import Length
from bot.core.names import NAME_CHARACTERS, clean_name
from bot.core.plain_text import plain
from bot.core.profiles import ZEPHRP, ModelProfile
from bot.core.scene import Role

NEUTRAL_PLAYER = "User"
NEUTRAL_CHARACTER = "Character"


class PromptTooLong(UserError):
    """What can never be dropped is already more than the model can read."""

    def __init__(self, *, tokens: int, budget: int) -> None:
        super().__init__(
            f"The character and the last message need {tokens:,} tokens, and the model has room "
            f"for {budget:,}. Shorten the persona, the scenario or the message."
        )
        self.tokens = tokens
        self.budget = budget


@dataclass(frozen=True, slots=True)
class Persona:
    """Who somebody is; an empty text is left out of the prompt."""

    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Something said. A narrator needs no name, a character's defaults to the script's."""

    role: Role
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """All that goes into one prompt.

    Attributes:
        character: who is to speak next.
        players: in the order they are introduced; who speaks without being
            listed is added.
        examples: stand before the first line as if they had been said; a
            speaker there who plays no part stands for the first player.
    """

    character: Persona
    players: tuple[Persona, ...] = ()
    scenario: str = ""
    examples: tuple[Line, ...] = ()
    lines: tuple[Line, ...] = ()
    length: Length = Length.MEDIUM


def render(script: Script, profile: ModelProfile = ZEPHRP) -> str:
    """Return the prompt, byte for byte as it is sent."""
    script = clean(script, profile)
    guard = Guard(profile, _names(script))
    blocks = [_instruction(script, profile, guard)]
    input_header = profile.input_header
    for is_reply, run in groupby(script.lines, key=_is_reply):
        if is_reply:
            blocks += [f"{profile.response_header}\n{_written(line, guard)}" for line in run]
        else:
            blocks.append("\n".join((input_header, *(_written(line, guard) for line in run))))
            input_header = profile.later_input_header or input_header
    header = profile.response_header + _modifier(script.length, profile)
    blocks.append(f"{header}\n{script.character.name}:")
    return "\n\n".join(blocks)


def clean(script: Script, profile: ModelProfile = ZEPHRP) -> Script:
    """Return *script* as a prompt can hold it. Cleaning twice changes nothing.

    Names become one line without colons; control and invisible characters go;
    special-token strings are broken up by a space; texts lose the blanks around
    them and empty lines are dropped. Three things the format has no sign for,
    so they are folded: examples become the first lines, a narrator's line
    behind another in the same input block joins it, and where nobody plays,
    a neutral player does.
    """
    hero = clean_name(script.character.name, fallback=NEUTRAL_CHARACTER)
    lines = tuple(_clean_lines(script.lines, hero, profile))
    players: dict[str, str] = {}
    for player in script.players:
        name = _player_name(player.name, hero)
        players[name] = players.get(name) or _clean_text(player.text, profile)
    for line in lines:
        if line.role is Role.PLAYER:
            players.setdefault(line.name, "")
    players = players or {_player_name(NEUTRAL_PLAYER, hero): ""}
    first = next(iter(players))
    examples = [
        replace(line, name=first) if line.role is Role.PLAYER and line.name not in players else line
        for line in _clean_lines(script.examples, hero, profile)
    ]
    return Script(
        character=Persona(hero, _clean_text(script.character.text, profile)),
        players=tuple(Persona(name, text) for name, text in players.items()),
        scenario=_clean_text(script.scenario, profile),
        lines=tuple(_folded((*examples, *lines))),
        length=_length_of(_word(script.length, profile), profile),
    )


def parse(text: str, profile: ModelProfile = ZEPHRP) -> Script:
    """Read a prompt that `render` wrote.

    Raises:
        ValueError: it is not one.
    """
    head, *blocks = re.split(rf"\n\n(?={re.escape(profile.header_mark)})", text)
    if not head.startswith(_opening(profile)) or not blocks:
        raise ValueError("This text is not a prompt of the profile.")
    *paragraphs, instruction = head.removeprefix(_opening(profile)).split("\n\n")
    found = _instruction_pattern(profile).fullmatch(instruction)
    if found is None:
        raise ValueError("This text has no instruction line of the profile.")
    hero, players = found["char"], _unlisted(found["players"])
    *said, last = (_Block.read(block, profile) for block in blocks)
    guard = Guard(profile, [hero, *players, *(block.speaker for block in said if block.is_reply)])
    personas, scenario = _paragraphs("\n\n".join(paragraphs), (hero, *players), profile, guard)
    return Script(
        character=Persona(hero, personas.get(hero, "")),
        players=tuple(Persona(name, personas.get(name, "")) for name in players),
        scenario=scenario,
        lines=tuple(line for block in said for line in block.lines(players, guard)),
        length=_length_of(last.word, profile),
    )


def speakers(script: Script, profile: ModelProfile = ZEPHRP) -> tuple[str, ...]:
    """Name everybody but the character whose reply it is, latest speaker first."""
    script = clean(script, profile)
    spoken = [line.name for line in reversed(script.lines) if line.name]
    listed = [player.name for player in script.players]
    return tuple(name for name in dict.fromkeys(spoken + listed) if name != script.character.name)


def stop_strings(script: Script, profile: ModelProfile = ZEPHRP) -> tuple[str, ...]:
    """Return what ends a reply, most important first: any header, then any name."""
    return (profile.header_stop, *(f"\n{name}:" for name in speakers(script, profile)))


def shorten(
    script: Script, tokens: int, budget: int, profile: ModelProfile = ZEPHRP
) -> tuple[Script, int]:
    """Make room in a script whose prompt counts *tokens*, and say how many lines went.

    Examples go first, all at once; if that is not enough, the oldest lines go in
    one block, to about half of *budget*: the prompt's beginning then stays the
    same for many turns, and the server need not read it again. The rest is
    estimated by characters, so the caller counts again. The last line stays,
    and persona and scenario are never cut. Lines that go are the first ones of
    `script.lines`; examples are not counted.

    Raises:
        PromptTooLong: nothing more can go.
    """
    if tokens <= budget:
        return script, 0
    if not script.examples and len(script.lines) <= 1:
        raise PromptTooLong(tokens=tokens, budget=budget)
    characters_per_token = len(render(script, profile)) / tokens
    room = budget * characters_per_token
    bare = replace(script, examples=())
    if script.examples and (len(script.lines) <= 1 or len(render(bare, profile)) <= room):
        return bare, 0

    # With a long persona, half of the budget would leave no memory at all:
    # the lines then get a third of what the persona leaves.
    fixed = len(render(replace(bare, lines=()), profile))
    target = max(room / 2, fixed + (room - fixed) / 3)
    most = len(script.lines) - 1
    dropped = bisect_left(
        range(most),
        True,  # noqa: FBT003  # what is searched for, not a flag
        lo=1,
        key=lambda gone: len(render(replace(bare, lines=script.lines[gone:]), profile)) <= target,
    )
    return replace(bare, lines=script.lines[dropped:]), dropped


@dataclass(frozen=True, slots=True)
class _Block:
    """A header and what stands under it. `word` is the length on the header."""

    is_reply: bool
    word: str
    body: str

    @classmethod
    def read(cls, block: str, profile: ModelProfile) -> "_Block":
        header, _, body = block.partition("\n")
        if header in {profile.input_header, profile.later_input_header}:
            return cls(is_reply=False, word="", body=body)
        modifier = header.removeprefix(profile.response_header)
        before, _, after = profile.modifier.partition("{step}")
        word = modifier.removeprefix(before).removesuffix(after)
        if header != profile.response_header + (modifier and before + word + after):
            raise ValueError("This text has a header that is not the profile's.")
        return cls(is_reply=True, word=word, body=body)

    @property
    def speaker(self) -> str:
        return self.body.partition(":")[0]

    def lines(self, players: Sequence[str], guard: Guard) -> Iterator[Line]:
        if self.is_reply:
            name, _, text = self.body.partition(": ")
            yield Line(Role.CHARACTER, name, guard.unstuff(text))
            return
        known = "|".join(map(re.escape, players))
        narrated, *named = re.split(rf"\n({known}): ", "\n" + self.body)
        if narrated:
            yield Line(Role.NARRATOR, "", guard.unstuff(narrated)[1:])
        for name, text in zip(named[::2], named[1::2], strict=True):
            yield Line(Role.PLAYER, name, guard.unstuff(text))


def _instruction(script: Script, profile: ModelProfile, guard: Guard) -> str:
    paragraphs = [
        profile.persona_line.format(name=who.name, text=guard.stuff(who.text))
        for who in (script.character, *script.players)
        if who.text
    ]
    if script.scenario:
        paragraphs.append(profile.scenario_line.format(text=guard.stuff(script.scenario)))
    paragraphs.append(
        profile.instruction_line.format(
            char=script.character.name, players=_listed([who.name for who in script.players])
        )
    )
    return _opening(profile) + "\n\n".join(paragraphs)


def _written(line: Line, guard: Guard) -> str:
    if line.role is Role.NARRATOR:
        return guard.stuff("\n" + line.text)[1:]
    return f"{line.name}: {guard.stuff(line.text)}"


def _opening(profile: ModelProfile) -> str:
    return profile.instruction_header + "\n"


def _instruction_pattern(profile: ModelProfile) -> re.Pattern[str]:
    pattern = re.escape(profile.instruction_line)
    pattern = pattern.replace(re.escape("{char}"), "(?P<char>.+?)")
    pattern = pattern.replace(re.escape("{players}"), "(?P<players>.+)", 1)
    return re.compile(pattern.replace(re.escape("{players}"), "(?P=players)"))


def _paragraphs(
    text: str, names: Sequence[str], profile: ModelProfile, guard: Guard
) -> tuple[dict[str, str], str]:
    """Split what stands above the instruction line into personas and scenario."""
    scenario = profile.scenario_line.format(text="")
    labels = {profile.persona_line.format(name=name, text=""): name for name in names}
    known = "|".join(map(re.escape, (*labels, scenario)))
    _, *labelled = re.split(rf"(?:\A|\n\n)({known})", text)
    pairs = zip(labelled[::2], labelled[1::2], strict=True)
    texts = {label: guard.unstuff(said) for label, said in pairs}
    personas = {name: texts[label] for label, name in labels.items() if label in texts}
    return personas, texts.get(scenario, "")


def _names(script: Script) -> list[str]:
    speaking = [line.name for line in script.lines if line.name]
    return [script.character.name, *(who.name for who in script.players), *speaking]


def _clean_lines(lines: Iterable[Line], hero: str, profile: ModelProfile) -> Iterator[Line]:
    for line in lines:
        text = _clean_text(line.text, profile)
        if not text:
            continue
        match line.role:
            case Role.NARRATOR:
                yield Line(line.role, "", text)
            case Role.CHARACTER:
                yield Line(line.role, clean_name(line.name, fallback=hero), text)
            case Role.PLAYER:
                yield Line(line.role, _player_name(line.name, hero), text)


def _folded(lines: Iterable[Line]) -> Iterator[Line]:
    open_line: Line | None = None
    for line in lines:
        if open_line and line.role is Role.NARRATOR and not _is_reply(open_line):
            open_line = replace(open_line, text=f"{open_line.text}\n{line.text}")
            continue
        if open_line:
            yield open_line
        open_line = line
    if open_line:
        yield open_line


def _is_reply(line: Line) -> bool:
    return line.role is Role.CHARACTER


def _clean_text(text: str, profile: ModelProfile) -> str:
    text = plain(text).strip()
    unbroken = True
    while unbroken:  # breaking one may leave another that overlapped it
        before = text
        for token in profile.special_tokens:
            text = text.replace(token, f"{token[0]} {token[1:]}")
        unbroken = text != before
    return text


def _player_name(name: str, hero: str) -> str:
    """Clean a player's name so that a list of players can be read back.

    A comma and the word "and" would part it in two, and the character's own
    name would make its lines the character's.
    """
    words = clean_name(name, fallback=NEUTRAL_PLAYER).replace(",", " ").split()
    listed = " ".join("&" if word == "and" else word for word in words) or NEUTRAL_PLAYER
    candidate = listed
    for number in count(2):
        if candidate.casefold() != hero.casefold():
            break
        mark = f" ({number})"
        candidate = listed[: NAME_CHARACTERS - len(mark)].rstrip() + mark
    return candidate


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _unlisted(listed: str) -> list[str]:
    others, _, last = listed.rpartition(" and ")
    return [*(others.split(", ") if others else ()), last]


def _modifier(length: Length, profile: ModelProfile) -> str:
    word = _word(length, profile)
    return profile.modifier.format(step=word) if word else ""


def _word(length: Length, profile: ModelProfile) -> str:
    return profile.length_words.get(length, "") if profile.modifier else ""


def _length_of(word: str, profile: ModelProfile) -> Length:
    """Name the first step with this word; a model may know fewer than there are."""
    return next((step for step, its in profile.length_words.items() if its == word), Length.AUTO)
