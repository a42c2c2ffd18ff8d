"""Reads a LimaRP v3 prompt back into its parts, as far as a stand-in needs it.

Tolerant on purpose: whatever does not look like a LimaRP prompt is None, and
the caller then sends the text to the model as it is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

_HEADER = re.compile(
    r"^### (?P<kind>Instruction|Input|Response):?"
    r"[ \t]*(?:\(length = (?P<length>[^()\n]+)\))?[ \t]*$",
    re.MULTILINE,
)
_TASK = re.compile(
    r"^Play the role of (?P<character>.+?)\. .*?"
    r"roleplaying chat with (?P<players>.+?) below this line\..*$",
    re.MULTILINE,
)
_PERSONA = re.compile(r"^(?P<name>[^\n:]{1,80})'s Persona: ?(?P<text>.*)$", re.DOTALL)
_SCENARIO = re.compile(r"^Scenario: ?(?P<text>.*)$", re.DOTALL)
_SPEAKER = re.compile(r"^(?P<name>[^\n:]{1,80}):(?: |$)")
_OPENING = re.compile(r"^(?P<name>[^\n:]{1,80}): ?")
_WAITING = re.compile(r"(?:\A|(?<=\n))(?P<name>[^\n:<]{1,80}): ?\Z")
_STUFFED = re.compile(r"^ (?=[ \t]*(?:###|[^\n:]{1,80}:))", re.MULTILINE)


class Speaker(StrEnum):
    """Who a line of the story belongs to."""

    CHARACTER = "character"
    PLAYER = "player"
    NARRATOR = "narrator"


@dataclass(frozen=True, slots=True)
class Line:
    """One contribution, with the name it is told under."""

    speaker: Speaker
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class LimaPrompt:
    """A prompt taken apart.

    Where it waits for a player's line, that player is the character to write, and
    the character one of those it talks with.

    Attributes:
        background: lore and whatever else stood among the personas.
        prefill: what the reply already begins with, without the name, to the last blank.
        length: the word in the last header, or None.
    """

    character: str
    players: tuple[str, ...]
    personas: tuple[tuple[str, str], ...]
    scenario: str
    background: tuple[str, ...]
    lines: tuple[Line, ...]
    prefill: str
    length: str | None

    def persona_of(self, name: str) -> str:
        """The persona text of *name*, empty if there is none."""
        return next((text for who, text in self.personas if who == name), "")


@dataclass(frozen=True, slots=True)
class _Block:
    kind: str
    length: str | None
    text: str


def parse_prompt(prompt: str) -> LimaPrompt | None:
    """Take *prompt* apart; None if it is not a LimaRP prompt that waits for a reply."""
    blocks = tuple(_blocks(prompt))
    if len(blocks) < 2 or blocks[0].kind != "Instruction":  # noqa: PLR2004  # an instruction and what is to come
        return None
    if blocks[-1].kind == "Instruction":
        return None
    tasks = tuple(_TASK.finditer(blocks[0].text))
    is_players = blocks[-1].kind == "Input"
    opening = (_WAITING.search if is_players else _OPENING.match)(blocks[-1].text)
    if not tasks or opening is None:
        return None
    task = tasks[-1]  # a persona or lore may hold the same words
    character = task["character"] if is_players else opening["name"]
    players = tuple(re.split(r", (?:and )?| and ", task["players"]))
    personas, scenario, background = _read_instruction(blocks[0].text[: task.start()])
    last = replace(blocks[-1], text=blocks[-1].text[: opening.start()].strip("\n"))
    told = (*blocks[1:-1], last) if is_players else blocks[1:-1]
    names = (*players, opening["name"]) if is_players else players
    parts = LimaPrompt(
        character=character,
        players=players,
        personas=personas,
        scenario=scenario,
        background=background,
        lines=tuple(_lines(told, character, names)),
        prefill="" if is_players else blocks[-1].text[opening.end() :],
        length=blocks[-1].length,
    )
    return _from_the_side_of(opening["name"], parts) if is_players else parts


def _from_the_side_of(writer: str, prompt: LimaPrompt) -> LimaPrompt:
    """The same story where a player's own next line is to be written."""
    return replace(
        prompt,
        character=writer,
        players=(prompt.character, *(name for name in prompt.players if name != writer)),
        lines=tuple(_seen_by(writer, line) for line in prompt.lines),
    )


def _seen_by(writer: str, line: Line) -> Line:
    if line.speaker is Speaker.NARRATOR:
        return line
    return replace(line, speaker=Speaker.CHARACTER if line.name == writer else Speaker.PLAYER)


def _blocks(prompt: str) -> Iterator[_Block]:
    headers = list(_HEADER.finditer(prompt))
    if not headers or prompt[: headers[0].start()].strip():
        return
    for header, following in pairwise(headers):
        text = prompt[header.end() : following.start()].strip("\n")
        yield _Block(header["kind"], header["length"], text)
    last = headers[-1]
    yield _Block(last["kind"], last["length"], prompt[last.end() :].lstrip("\n"))


def _read_instruction(
    text: str,
) -> tuple[tuple[tuple[str, str], ...], str, tuple[str, ...]]:
    personas: list[tuple[str, str]] = []
    scenario: list[str] = []
    background: list[str] = []
    for paragraph in re.split(r"\n{2,}", text.strip("\n")):
        if persona := _PERSONA.match(paragraph):
            personas.append((persona["name"], _unstuff(persona["text"])))
        elif told := _SCENARIO.match(paragraph):
            scenario.append(_unstuff(told["text"]))
        elif personas and not scenario and paragraph.strip():
            name, begun = personas[-1]  # a persona may have several paragraphs
            personas[-1] = (name, f"{begun}\n{_unstuff(paragraph)}")
        elif paragraph.strip():
            background.append(_unstuff(paragraph))
    return tuple(personas), "\n".join(scenario), tuple(background)


def _lines(blocks: Sequence[_Block], character: str, players: tuple[str, ...]) -> Iterator[Line]:
    for block in blocks:
        if block.kind == "Response":
            name = _SPEAKER.match(block.text)
            text = block.text[name.end() :] if name else block.text
            yield Line(Speaker.CHARACTER, name["name"] if name else character, _unstuff(text))
        else:
            yield from _input_lines(block.text, players)


def _input_lines(text: str, players: tuple[str, ...]) -> Iterator[Line]:
    names = sorted(players, key=len, reverse=True)
    starts = re.compile(rf"^(?P<name>{'|'.join(map(re.escape, names))}):(?: |$)", re.MULTILINE)
    found = list(starts.finditer(text))
    before = text[: found[0].start()] if found else text
    if before.strip():
        yield Line(Speaker.NARRATOR, "", _unstuff(before.strip("\n")))
    ends = [*(following.start() for following in found[1:]), len(text)]
    for this, end in zip(found, ends, strict=False):
        yield Line(Speaker.PLAYER, this["name"], _unstuff(text[this.end() : end].strip("\n")))


def _unstuff(text: str) -> str:
    return _STUFFED.sub("", text)
