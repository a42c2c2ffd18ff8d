"""What holds for every script, however hostile its names and texts."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.lengths import AUTO
from bot.core.profiles import ModelProfile
from bot.core.prompt import clean, parse, pieces, render, speakers, stop_strings
from bot.core.scene import Role
from bot.core.script import Line, Lore, Note, Part, Persona, Position, Script
from tests.profiles import ALPACA, CHATML, EARLY, LENGTHS, ZEPHRP

T = TypeVar("T")

# Of the same family: the card's own second header, odd labels, tokens that overlap.
CARD = replace(
    ZEPHRP,
    name="card",
    later_input_header="### Input",
    persona_line="About {name}: {text}",
    scenario_line="Where: {text}",
    special_tokens=("<s>", "</s>", "s>x"),
)
CLOSED = replace(
    CHATML,
    name="closed",
    header_mark="[",
    instruction_header="[system]",
    input_header="[user]",
    response_header="[model]",
    block_end="\n(end)",
    special_tokens=(),
    stops=(),
)
PROFILES = [ZEPHRP, EARLY, ALPACA, CHATML, CARD, CLOSED]

NAMES = [
    *("Lyra", "lyra", "Mara", "MARA", "Mara Vane", "Tom", "Ann", "User", "Scenario", "Input"),
    *("Hansel and Gretel", "and", "and Tom", "A, B", ",", "", " ", "Mara: x", "###", "A"),
    *("A's Persona", "Lyra (2)", "a" * 40, "{name}", "\u017f", "Straße", "\u212a", "x\u0301"),
    *("Lyra\n### Input:", ". You must engage", "(length = huge)", "\\", "$1", "\u0130"),
    *("👩\u200d🚀", "The Lady of a Long Shore andiron", "x\u0301\u0301\u200d\u0301\u0301"),
    *("About", "About Tom", "Where", "e\u200d\u0301", "\u0344\u0344", "STRASSE", "<|im_end|>"),
]
FRAGMENTS = [
    *("\n", "\n", "\n\n", " ", "\t", "\u3000", "\r\n", "\r", "\u2028", "\x00", "\x1f", "\ud800"),
    *("###", "# ", "### Input:", "### Response:", "\n### Response:\n", "### Instruction:\n"),
    *(" (length = huge)", "Lyra:", "Lyra: ", "Mara:", "mara :", "Tom\uff1a", "User: ", "K:"),
    *("Mara's Persona: ", "lyra's persona:", "Scenario: ", "scenario:", "A's Persona: "),
    *("Play the role of Lyra.", "</s>", "<s>", "<<s>", "</</s>s>", "<|im_start|>", "[INST]"),
    *(
        "<|im_end|>",
        "<|im_start|>assistant\n",
        "\n<|im_",
        "end|>",
        "(end)",
        "\n(end)\n",
        "[user]",
        "[model]\n",
    ),
    *("<\u200bs>", "\u202e", "\u017f:", "hello", "*waves*", '"Hi."', ":", "a", "s>x", "Where: "),
    *(
        "About Mara: ",
        "about tom:",
        "Lyra\u200d: ",
        "x" + "\u0301" * 5,
        "“Hm.”",
        "straße:",
        "\u00a0",
    ),
]


class Tape:
    """Makes choices by the bytes it was given; when they run out, always the first.

    One draw instead of a hundred: thousands of scripts take seconds, and a
    shorter tape is still a simpler script.
    """

    def __init__(self, data: bytes, odd: str) -> None:
        self._bytes = iter(data)
        self._fragments = [*FRAGMENTS, *odd]

    def below(self, limit: int) -> int:
        return next(self._bytes, 0) % limit

    def choice(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def name(self) -> str:
        return self.choice(NAMES)

    def text(self) -> str:
        return "".join(self.choice(self._fragments) for _ in range(self.below(8)))

    def persona(self) -> Persona:
        return Persona(self.name(), self.text())

    def line(self) -> Line:
        role, name, text = self.choice(list(Role)), self.name(), self.text()
        return Line(role, name, text, self.choice(LENGTHS))

    def lore(self) -> Lore:
        return Lore(self.text(), self.choice(list(Position)), self.below(6) - 1)

    def script(self) -> Script:
        return Script(
            lines=tuple(self.line() for _ in range(self.below(6))),
            character=self.persona(),
            players=tuple(self.persona() for _ in range(self.below(4))),
            scenario=self.text(),
            lore=tuple(self.lore() for _ in range(self.below(4))),
            examples=tuple(self.line() for _ in range(self.below(3))),
            note=Note(self.text(), self.below(6) - 1) if self.below(2) else None,
            length=self.choice(LENGTHS),
        )


# Of one size, for drawn sizes are mostly small ones, and those make empty scripts.
SCRIPTS = st.builds(
    lambda data, odd: Tape(data, odd).script(),
    st.binary(min_size=100, max_size=100),
    st.text(max_size=6),
)
MANY = settings(max_examples=2_000, deadline=None)
SOME = settings(max_examples=300, deadline=None)


@MANY
@given(SCRIPTS, st.sampled_from(PROFILES))
def test_a_prompt_reads_back_as_the_clean_script(script: Script, profile: ModelProfile) -> None:
    prompt = render(script, profile)

    assert parse(prompt, profile) == clean(script, profile)


@MANY
@given(SCRIPTS, st.sampled_from(PROFILES))
def test_cleaning_twice_changes_nothing(script: Script, profile: ModelProfile) -> None:
    once = clean(script, profile)

    assert clean(once, profile) == once
    assert render(once, profile) == render(script, profile)
    assert (once.examples, once.note) == ((), None)


def reply_header(line: Line, profile: ModelProfile) -> str:
    told = "" if line.length == AUTO else profile.modifier.replace("{length}", line.length)
    return profile.response_header + told


@MANY
@given(SCRIPTS, st.sampled_from(PROFILES))
def test_no_text_adds_a_header_or_a_special_token(script: Script, profile: ModelProfile) -> None:
    prompt = render(script, profile)

    mark = re.escape(profile.header_mark)
    headers = re.findall(rf"^{mark}.*", prompt, re.MULTILINE | re.IGNORECASE)
    expected = [profile.instruction_header]
    input_header = profile.input_header
    lines = clean(script, profile).lines
    for is_reply, run in itertools.groupby(lines, key=lambda line: line.role is Role.CHARACTER):
        expected += [reply_header(line, profile) for line in run] if is_reply else [input_header]
        input_header = input_header if is_reply else profile.later_input_header or input_header
    assert headers[:-1] == expected
    assert headers[-1].startswith(profile.response_header)

    structure = "\n".join(headers) + profile.block_end * (len(headers) - 1)
    for token in profile.special_tokens:
        assert prompt.count(token) == structure.count(token)
    prompt.encode()


@MANY
@given(SCRIPTS, st.sampled_from(PROFILES))
def test_no_text_adds_a_speaker_or_a_label(script: Script, profile: ModelProfile) -> None:
    head, story = re.split(
        rf"\n{re.escape(profile.header_mark)}", render(script, profile), maxsplit=1
    )

    cleaned = clean(script, profile)
    cast = (cleaned.character, *cleaned.players)
    labels = {who.name: profile.persona_line.format(name=who.name, text="") for who in cast}
    scenario = profile.scenario_line.format(text="")
    real = [labels[who.name] for who in cast if who.text] + [scenario] * bool(cleaned.scenario)
    any_label = "|".join(map(re.escape, (*labels.values(), scenario)))
    assert re.findall(rf"^(?:{any_label})", head, re.MULTILINE | re.IGNORECASE) == real

    speaking = [line.name for line in cleaned.lines if line.name]
    anybody = "|".join(map(re.escape, {who.name for who in cast} | set(speaking)))
    spoken = re.compile(rf"^({anybody})[^\S\n]*[:\uff1a]", re.MULTILINE | re.IGNORECASE)
    assert spoken.findall(re.sub(rf"^(?:{any_label})", "-", head, flags=re.MULTILINE)) == []
    assert spoken.findall(story) == [*speaking, cleaned.character.name]


@SOME
@given(SCRIPTS)
def test_two_input_blocks_never_follow_each_other(script: Script) -> None:
    headers = re.findall(r"^### [A-Z].*", render(script, ZEPHRP), re.MULTILINE)

    assert ("### Input:", "### Input:") not in set(itertools.pairwise(headers))


@SOME
@given(SCRIPTS, st.sampled_from(PROFILES))
def test_pieces_tile_the_prompt_and_know_their_lines(script: Script, profile: ModelProfile) -> None:
    tiles = pieces(script, profile)

    assert "".join(tile.text for tile in tiles) == render(script, profile)
    alone = [Script(script.character, lines=(line,)) for line in script.lines]
    saying = [number for number, one in enumerate(alone) if clean(one, profile).lines]
    assert [tile.line for tile in tiles if tile.part is Part.STORY] == saying


@SOME
@given(SCRIPTS, st.sampled_from(PROFILES))
def test_everybody_but_the_character_stops_its_reply(script: Script, profile: ModelProfile) -> None:
    stops = stop_strings(script, profile)

    cleaned = clean(script, profile)
    everybody = {who.name for who in cleaned.players}
    everybody |= {line.name for line in cleaned.lines if line.name}
    named = [f"\n{name}:" for name in speakers(script, profile)]
    assert sorted(named) == sorted(f"\n{name}:" for name in everybody - {cleaned.character.name})
    assert stops == (profile.header_stop, *profile.stops, *named)


@MANY
@given(SCRIPTS, st.sampled_from(PROFILES), st.sampled_from(NAMES))
def test_a_players_turn_begins_where_their_line_would_stand(
    script: Script, profile: ModelProfile, name: str
) -> None:
    """Lines only: what stands at a depth from the end moves with the line."""
    cleaned = clean(script, profile)
    player = name or "Mara"
    cleaned = replace(cleaned, players=(*cleaned.players, Persona(player)))

    prompt = render(cleaned, profile, player=player)

    said = replace(cleaned, lines=(*cleaned.lines, Line(Role.PLAYER, player, "word")))
    assert render(said, profile).startswith(f"{prompt} word{profile.block_end}")
    assert "".join(tile.text for tile in pieces(cleaned, profile, player=player)) == prompt


@MANY
@given(SCRIPTS, st.sampled_from(PROFILES), st.sampled_from(NAMES))
def test_a_players_turn_is_their_own_whatever_texts_say(
    script: Script, profile: ModelProfile, name: str
) -> None:
    player = name or "Mara"

    prompt = render(script, profile, player=player)

    others = speakers(script, profile, player=player)
    *_, last = prompt.split("\n")
    own = last.removesuffix(":")
    assert last == f"{own}:"
    assert own not in others
    assert others[0] == clean(script, profile).character.name
    mark = re.escape(profile.header_mark)
    *_, header = re.findall(rf"^{mark}.*", prompt, re.MULTILINE | re.IGNORECASE)
    assert header in {profile.input_header, profile.later_input_header}
    told = clean(replace(script, players=(*script.players, Persona(player))), profile)
    assert {who.name for who in told.players} - {own} <= set(others)
