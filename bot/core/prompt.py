"""A scene as the exact text that the model reads, and back.

The format is LimaRP v3: an instruction block with the personas, then
`### Input:` and `### Response:` blocks, one blank line apart, and a last
response header that is left open after `Name:`, without a space; for a player's
own turn it is an input header. A profile may have other words for all of these.

No text can forge structure: a line that looks like a header, a speaker or a
label of the instruction gets one space in front, which `parse` takes away.
Hence `parse(render(script)) == clean(script)` for every script.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.draft import (
    NEUTRAL_PLAYER,
    Cleaner,
    Draft,
    clean_length,
    draft,
    hero_name,
    player_name,
    speaker,
)
from bot.core.guard import Guard
from bot.core.lengths import AUTO, Length
from bot.core.profiles import ModelProfile
from bot.core.scene import Role
from bot.core.script import Line, Lore, Part, Persona, Piece, Position, Script

_PARAGRAPH = "\n\n"


def render(script: Script, profile: ModelProfile, *, player: str = "") -> str:
    """Return the prompt, byte for byte as it is sent; *player* as for `pieces`."""
    return "".join([piece.text for piece in pieces(script, profile, player=player)])


def training_text(script: Script, profile: ModelProfile) -> str:
    """Return what the prompt tells, without the header that is left open: text to train on."""
    *said, _ = pieces(script, profile)
    return "".join([piece.text for piece in said])


def pieces(script: Script, profile: ModelProfile, *, player: str = "") -> tuple[Piece, ...]:
    """Return the prompt in pieces that know what they are; joined, they are the prompt.

    Every line of the story that says something is one piece. What parts two
    texts (a gap, the end of a block, a header) belongs to the latter: a piece
    depends on what stands before it, never on what comes after.

    Args:
        player: who is to speak next, if that is not the script's character. Such
            a prompt tells the model no length, and cannot be parsed.
    """
    if player:
        script = _with_player(script, player)
    drafted = draft(script, profile)
    guard = Guard(profile, drafted.names)
    return (
        *_instruction(drafted, profile, guard),
        *_story(drafted, profile, guard),
        Piece(Part.REPLY, _opened(drafted, profile, player)),
    )


def clean(script: Script, profile: ModelProfile) -> Script:
    """Return *script* as a prompt can hold it. Cleaning twice changes nothing.

    Names become one line without colons; control and invisible characters go;
    special-token strings are broken up by a space; texts lose the blanks around
    them and empty lines are dropped. What the format has no sign for is folded:
    examples, the note and lore at a depth become lines; a narrator's line
    behind another in the same input block joins it; lore before the personas
    becomes one text, lore after the scenario joins the paragraph in front of
    it; and where nobody plays, a neutral player does.
    """
    drafted = draft(script, profile)
    paragraphs = _Paragraphs(
        before=_PARAGRAPH.join(drafted.before),
        personas={who.name: who.text for who in (drafted.character, *drafted.players)},
        scenario=drafted.scenario,
    )
    if drafted.after:
        paragraphs = paragraphs.with_last(_PARAGRAPH.join(drafted.after))
    return paragraphs.script(
        drafted.character.name,
        [player.name for player in drafted.players],
        lines=_folded(entry.line for entry in drafted.entries),
        length=drafted.length,
    )


def parse(text: str, profile: ModelProfile) -> Script:
    """Read a prompt that `render` wrote.

    Raises:
        ValueError: it is not one.
    """
    head, *blocks = re.split(
        rf"{re.escape(_gap(profile))}(?={re.escape(profile.header_mark)})", text
    )
    if not head.startswith(_opening(profile)) or not blocks:
        raise ValueError("This text is not a prompt of the profile.")
    told, instruction = _parted(head.removeprefix(_opening(profile)), profile)
    found = _instruction_pattern(profile).fullmatch(instruction)
    if found is None:
        raise ValueError("This text has no instruction line of the profile.")
    hero, players = found["char"], _unlisted(found["players"])
    *said, last = (_Block.read(block, profile) for block in blocks)
    if not last.is_reply or last.body != f"{hero}:":
        raise ValueError("This text does not end where the character is to speak.")
    guard = Guard(profile, [hero, *players, *(block.speaker for block in said if block.is_reply)])
    return _Paragraphs.read(told, (hero, *players), profile, guard).script(
        hero,
        players,
        lines=(line for block in said for line in block.lines(players, guard)),
        length=clean_length(last.word, profile),
    )


def speakers(script: Script, profile: ModelProfile, *, player: str = "") -> tuple[str, ...]:
    """Name everybody but whoever is to speak, latest speaker first.

    Who only listens comes behind, in the order of the players. If *player* is
    to speak, the script's character comes before all others.
    """
    if player:
        hero = hero_name(script)
        own = player_name(player, hero)
        others = speakers(_with_player(script, player), profile)
        return (hero, *(name for name in others if name != own))
    hero, cleaner = hero_name(script), Cleaner(profile)
    found: dict[str, None] = {}
    somebody_plays = bool(script.players)
    for line in reversed(script.lines):
        name = speaker(line, hero)
        is_news = name not in found or (line.role is Role.PLAYER and not somebody_plays)
        if name and is_news and cleaner.text(line.text):
            found[name] = None
            somebody_plays |= line.role is Role.PLAYER
    found.update(dict.fromkeys(player_name(player.name, hero) for player in script.players))
    if not somebody_plays:
        found[player_name(NEUTRAL_PLAYER, hero)] = None
    for line in script.examples:
        if line.role is Role.CHARACTER and cleaner.text(line.text):
            found[speaker(line, hero)] = None
    found.pop(hero, None)
    return tuple(found)


def stop_strings(script: Script, profile: ModelProfile, *, player: str = "") -> tuple[str, ...]:
    """Return what ends a reply, most important first: any header, then any name."""
    names = (f"\n{name}:" for name in speakers(script, profile, player=player))
    return tuple(dict.fromkeys((profile.header_stop, *profile.stops, *names)))


def _with_player(script: Script, player: str) -> Script:
    """*script* with *player* among those who play; who is listed already stays in place."""
    return replace(script, players=(*script.players, Persona(player)))


def _opened(drafted: Draft, profile: ModelProfile, player: str) -> str:
    """What is left open for whoever is to speak."""
    hero = drafted.character.name
    if not player:
        return f"{_reply_header(drafted.length, profile)}{hero}:"
    own = f"{player_name(player, hero)}:"
    roles = [entry.line.role for entry in drafted.entries]
    if roles and roles[-1] is not Role.CHARACTER:
        return f"\n{own}"  # the block is open already
    is_later = any(role is not Role.CHARACTER for role in roles)
    header = (is_later and profile.later_input_header) or profile.input_header
    return f"{_gap(profile)}{header}\n{own}"


def _instruction(drafted: Draft, profile: ModelProfile, guard: Guard) -> Iterator[Piece]:
    yield Piece(Part.INSTRUCTION, _opening(profile))
    gap = ""
    for part, paragraph in _told(drafted, profile, guard):
        yield Piece(part, gap + paragraph)
        gap = _PARAGRAPH
    line = profile.instruction_line.replace("{char}", drafted.character.name)
    listed = _listed([player.name for player in drafted.players])
    yield Piece(Part.INSTRUCTION, gap + line.replace("{players}", listed))


def _told(drafted: Draft, profile: ModelProfile, guard: Guard) -> Iterator[tuple[Part, str]]:
    for text in drafted.before:
        yield Part.LORE, guard.stuff_bare(text)
    for who in (drafted.character, *drafted.players):
        if who.text:
            yield Part.PERSONAS, _persona_label(who.name, profile) + guard.stuff(who.text)
    if drafted.scenario:
        yield Part.SCENARIO, _scenario_label(profile) + guard.stuff(drafted.scenario)
    for text in drafted.after:
        yield Part.LORE, guard.stuff_bare(text)


def _story(drafted: Draft, profile: ModelProfile, guard: Guard) -> Iterator[Piece]:
    gap = _gap(profile)
    said = f"{gap}{profile.input_header}\n"
    later = f"{gap}{profile.later_input_header or profile.input_header}\n"
    in_input = False
    for part, line, index in drafted.entries:
        if line.role is Role.CHARACTER:
            in_input, before = False, _reply_header(line.length, profile)
        elif in_input:
            before = "\n"
        else:
            in_input, before, said = True, said, later
        if line.role is Role.NARRATOR:
            yield Piece(part, before + guard.stuff_bare(line.text), index)
        else:
            yield Piece(part, f"{before}{line.name}: {guard.stuff(line.text)}", index)


@dataclass(frozen=True, slots=True)
class _Paragraphs:
    """What the instruction block tells, above its last line."""

    before: str
    personas: dict[str, str]
    scenario: str

    @classmethod
    def read(
        cls, text: str, names: Sequence[str], profile: ModelProfile, guard: Guard
    ) -> "_Paragraphs":
        scenario = _scenario_label(profile)
        labels = {_persona_label(name, profile): name for name in names}
        known = "|".join(map(re.escape, (*labels, scenario)))
        before, *labelled = re.split(rf"(?:\A|\n\n)({known})", text)
        pairs = zip(labelled[::2], labelled[1::2], strict=True)
        texts = {label: guard.unstuff(said) for label, said in pairs}
        return cls(
            before=guard.unstuff_bare(before),
            personas={name: texts.get(label, "") for label, name in labels.items()},
            scenario=texts.get(scenario, ""),
        )

    def with_last(self, text: str) -> "_Paragraphs":
        """Let *text* be the end of the last paragraph."""
        if self.scenario:
            return replace(self, scenario=self.scenario + _PARAGRAPH + text)
        told = [name for name, persona in self.personas.items() if persona]
        if told:
            joined = self.personas[told[-1]] + _PARAGRAPH + text
            return replace(self, personas={**self.personas, told[-1]: joined})
        return replace(self, before=_PARAGRAPH.join(filter(None, (self.before, text))))

    def script(
        self, hero: str, players: Sequence[str], *, lines: Iterable[Line], length: Length
    ) -> Script:
        return Script(
            character=Persona(hero, self.personas[hero]),
            players=tuple(Persona(name, self.personas[name]) for name in players),
            scenario=self.scenario,
            lore=(Lore(self.before, Position.BEFORE),) if self.before else (),
            lines=tuple(lines),
            length=length,
        )


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
        before, _, after = profile.modifier.partition("{length}")
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
            yield Line(Role.CHARACTER, name, guard.unstuff(text), Length(self.word or AUTO))
            return
        known = "|".join(map(re.escape, players))
        narrated, *named = re.split(rf"\n({known}): ", "\n" + self.body)
        if narrated:
            yield Line(Role.NARRATOR, "", guard.unstuff_bare(narrated[1:]))
        for name, text in zip(named[::2], named[1::2], strict=True):
            yield Line(Role.PLAYER, name, guard.unstuff(text))


def _folded(lines: Iterable[Line]) -> Iterator[Line]:
    open_line: Line | None = None
    for line in lines:
        if open_line and line.role is Role.NARRATOR and open_line.role is not Role.CHARACTER:
            open_line = replace(open_line, text=f"{open_line.text}\n{line.text}")
            continue
        if open_line:
            yield open_line
        open_line = line
    if open_line:
        yield open_line


def _gap(profile: ModelProfile) -> str:
    return profile.block_end + profile.block_gap


def _opening(profile: ModelProfile) -> str:
    return profile.instruction_header + "\n"


# Templates are filled by `replace`, not `format`: a host's profile may hold other
# braces. Names never do, so that one name cannot be filled with another.
def _persona_label(name: str, profile: ModelProfile) -> str:
    return profile.persona_line.partition("{text}")[0].replace("{name}", name)


def _scenario_label(profile: ModelProfile) -> str:
    return profile.scenario_line.partition("{text}")[0]


def _reply_header(length: Length, profile: ModelProfile) -> str:
    modifier = "" if length == AUTO else profile.modifier.replace("{length}", length)
    return f"{_gap(profile)}{profile.response_header}{modifier}\n"


def _parted(head: str, profile: ModelProfile) -> tuple[str, str]:
    """Part the instruction block in what it tells and its last line."""
    own = profile.instruction_line.count(_PARAGRAPH) + 1
    paragraphs = head.split(_PARAGRAPH)
    return _PARAGRAPH.join(paragraphs[:-own]), _PARAGRAPH.join(paragraphs[-own:])


def _instruction_pattern(profile: ModelProfile) -> re.Pattern[str]:
    pattern = re.escape(profile.instruction_line)
    pattern = pattern.replace(re.escape("{char}"), "(?P<char>.+?)", 1)
    pattern = pattern.replace(re.escape("{char}"), "(?P=char)")
    pattern = pattern.replace(re.escape("{players}"), "(?P<players>.+)", 1)
    return re.compile(pattern.replace(re.escape("{players}"), "(?P=players)"))


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _unlisted(listed: str) -> list[str]:
    others, _, last = listed.rpartition(" and ")
    return [*(others.split(", ") if others else ()), last]
