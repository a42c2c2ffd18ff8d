import re
from dataclasses import replace

import pytest

from bot.core.lengths import AUTO, Length
from bot.core.profiles import ModelProfile
from bot.core.prompt import clean, parse, pieces, render, speakers, stop_strings
from bot.core.script import Line, Lore, Note, Part, Persona, Position, Script
from tests.profiles import ALPACA, CHATML, EARLY, ZEPHRP
from tests.prompt_scripts import (
    ANN,
    GOLDEN,
    GOLDEN_PROMPTS,
    LYRA,
    MARA,
    NIGHT,
    PRESETS,
    SOLO,
    TOM,
    replied,
    said,
    told,
)

PROFILES = [ZEPHRP, EARLY, ALPACA, CHATML]


def by_name(profile: ModelProfile) -> str:
    return profile.name


@pytest.mark.parametrize("name", GOLDEN_PROMPTS)
def test_prompts_read_as_the_reviewed_files(name: str) -> None:
    golden = GOLDEN_PROMPTS[name]

    prompt = render(golden.script, golden.profile, player=golden.player)

    # Files end in a line break, and prompts never do.
    assert prompt + "\n" == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_every_reviewed_file_has_its_script_and_its_line_in_the_readme() -> None:
    readme = (GOLDEN / "README.md").read_text(encoding="utf-8")

    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(GOLDEN_PROMPTS)
    assert re.findall(r"^\| `(.+?)\.txt` \|", readme, re.MULTILINE) == list(GOLDEN_PROMPTS)


# --- against the presets that people load into other programs -------------------------------

PRESET_SCENE = Script(
    character=Persona("Aya", "Aya is a kitsune."),
    players=(Persona("Anon", "Anon is a traveller."),),
    scenario="A shrine at dusk.",
    lines=(
        replied("Welcome.", "Aya"),
        said("Anon", "Who are you?"),
        replied("A fox.\n\nTruly.", "Aya"),
        said("Anon", "Prove it."),
    ),
    length=Length("medium"),
)
PRESET_SCENES = {
    "limarp_doctorshotgun_solo": replace(
        PRESET_SCENE, examples=(said("Anon", "hi"), replied("*bows* hello", "Aya"))
    ),
    "limarp_doctorshotgun_lore": replace(
        PRESET_SCENE, lore=(Lore("Lore before."), Lore("Lore after.", Position.AFTER))
    ),
}
DIFFERENCES = {
    # The model card labels the character's paragraph, too.
    "Aya is a kitsune.": "Aya's Persona: Aya is a kitsune.",
    # The model card's sentence; the preset's author added words of his own.
    "Taking the above information into consideration, you must": "You must",
}


@pytest.mark.parametrize("name", PRESET_SCENES)
def test_a_prompt_differs_from_the_common_preset_in_the_listed_places_only(name: str) -> None:
    expected = (PRESETS / f"{name}.txt").read_text(encoding="utf-8")
    for theirs, ours in DIFFERENCES.items():
        assert expected.count(theirs) == 1
        expected = expected.replace(theirs, ours)

    prompt = render(PRESET_SCENES[name], ZEPHRP)

    assert prompt == expected


def test_every_preset_file_has_its_scene() -> None:
    assert {path.stem for path in PRESETS.glob("*.txt")} == set(PRESET_SCENES)


# --- headers and lengths ---------------------------------------------------------------------


def test_only_the_last_header_carries_a_length() -> None:
    prompt = render(SOLO, ZEPHRP)

    assert prompt.count("(length") == 1
    assert prompt.endswith("\n\n### Response: (length = medium)\nLyra:")


@pytest.mark.parametrize("profile", [ZEPHRP, EARLY], ids=by_name)
def test_every_length_of_a_profile_reads_back(profile: ModelProfile) -> None:
    for step in profile.lengths.choices:
        script = replace(SOLO, length=step.name)

        assert parse(render(script, profile), profile).length == step.name


@pytest.mark.parametrize("profile", [ALPACA, CHATML], ids=by_name)
def test_a_model_without_length_control_is_told_no_length(profile: ModelProfile) -> None:
    assert render(SOLO, profile) == render(replace(SOLO, length=AUTO), profile)


@pytest.mark.parametrize("profile", PROFILES, ids=by_name)
def test_every_block_but_the_last_is_closed(profile: ModelProfile) -> None:
    prompt = render(NIGHT, profile)

    blocks = prompt.split(profile.block_end + profile.block_gap + profile.header_mark)
    assert len(blocks) == 1 + len(NIGHT.lines) + 1
    assert prompt.endswith("\nLyra:")
    if profile.block_end:
        assert prompt.count(profile.block_end) == len(blocks) - 1


def test_braces_of_a_profile_are_left_as_they_are() -> None:
    profile = replace(
        ZEPHRP, persona_line="{{char}} {name}: {text}", modifier=" {words} = {length}"
    )

    prompt = render(SOLO, profile)

    assert "\n{{char}} Mara: Mara is a courier who dislikes boats.\n" in prompt
    assert prompt.endswith("### Response: {words} = medium\nLyra:")


def test_a_name_is_never_filled_in_for_another() -> None:
    script = replace(SOLO, character=Persona("{players}"), players=(Persona("{char} {text}"),))

    prompt = render(script, ZEPHRP)

    assert "Play the role of players. You must" in prompt
    assert "chat with char text and Mara below" in prompt


# --- cast ------------------------------------------------------------------------------------


def test_a_player_with_the_characters_name_is_told_apart() -> None:
    script = Script(LYRA, (Persona("LYRA", "A namesake."),), lines=(said("LYRA", "Hello."),))

    prompt = render(script, ZEPHRP)

    assert "\n\nLYRA (2)'s Persona: A namesake.\n\n" in prompt
    assert "\nLYRA (2): Hello.\n" in prompt


def test_a_namesake_whose_name_is_cut_to_an_and_still_reads_back() -> None:
    name = "The Lady of a Long Shore andiron"
    script = Script(Persona(name), (Persona(name), MARA))

    cleaned = clean(script, ZEPHRP)

    assert cleaned.players[0].name == "The Lady of a Long Shore & (2)"
    assert parse(render(script, ZEPHRP), ZEPHRP) == cleaned


def test_who_speaks_without_being_listed_plays() -> None:
    script = replace(SOLO, lines=(*SOLO.lines, said("Tom", '"Me too."')))

    cleaned = clean(script, ZEPHRP)

    assert [player.name for player in cleaned.players] == ["Mara", "Tom"]


def test_the_latest_speakers_stop_a_reply_first() -> None:
    script = GOLDEN_PROMPTS["several_players"].script

    assert speakers(script, ZEPHRP) == ("Mara", "Ann", "Tom")
    assert stop_strings(script, ZEPHRP) == ("\n###", "\nMara:", "\nAnn:", "\nTom:")


def test_a_profiles_own_stops_come_before_the_names() -> None:
    assert stop_strings(SOLO, CHATML) == ("\n<|im_start|>", "<|im_end|>", "\nMara:")


def test_another_character_stops_a_reply_too() -> None:
    script = GOLDEN_PROMPTS["several_characters"].script

    assert stop_strings(script, ZEPHRP) == ("\n###", "\nMara:", "\nBo:")


def test_the_character_stops_a_players_turn_first_and_the_player_does_not() -> None:
    script = GOLDEN_PROMPTS["several_players"].script

    assert speakers(script, ZEPHRP, player="Ann") == ("Lyra", "Mara", "Tom")
    assert stop_strings(script, ZEPHRP, player="Ann") == ("\n###", "\nLyra:", "\nMara:", "\nTom:")


def test_a_player_who_has_the_characters_name_is_told_from_it() -> None:
    assert render(SOLO, ZEPHRP, player="Lyra").endswith("\nLyra (2):")
    assert speakers(SOLO, ZEPHRP, player="Lyra")[0] == "Lyra"


def test_a_name_whose_line_says_nothing_is_nobodys() -> None:
    script = replace(SOLO, lines=(*SOLO.lines, said("Tom", " \u200b\n")))

    assert speakers(script, ZEPHRP) == ("Mara",)


# --- lore, note, examples --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("depth", "behind"),
    [(0, 4), (1, 3), (3, 1), (4, 0), (5, 0), (10**9, 0), (-1, 4)],
)
def test_a_note_stands_so_many_lines_before_the_end(depth: int, behind: int) -> None:
    story = tuple(replied(f"Line {number}.") for number in range(4))
    script = Script(LYRA, (MARA,), lines=story, note=Note("A note.", depth))

    lines = clean(script, ZEPHRP).lines

    assert lines == (*story[:behind], told("A note."), *story[behind:])


def test_lines_that_say_nothing_do_not_count_as_depth() -> None:
    script = replace(NIGHT, lines=(*NIGHT.lines[:-1], replied("\u200b"), NIGHT.lines[-1]))
    noted = replace(script, note=Note("Soft rain.", 1))

    assert render(noted, ZEPHRP) == render(replace(NIGHT, note=Note("Soft rain.", 1)), ZEPHRP)


def test_a_note_stands_behind_the_lore_of_its_depth() -> None:
    script = Script(
        LYRA,
        (MARA,),
        lines=(said("Mara", "Hello."),),
        note=Note("The note.", 0),
        lore=(
            Lore("First.", Position.DEPTH, 0),
            Lore("Deeper.", Position.DEPTH, 1),
            Lore("Second.", Position.DEPTH, 0),
        ),
    )

    prompt = render(script, ZEPHRP)

    assert "\nDeeper.\nMara: Hello.\nFirst.\nSecond.\nThe note.\n\n" in prompt


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (SOLO, replace(SOLO, scenario=SOLO.scenario + "\n\nFar away.")),
        (
            replace(SOLO, scenario=""),
            replace(SOLO, scenario="", players=(Persona("Mara", MARA.text + "\n\nFar away."),)),
        ),
        (
            Script(LYRA, (ANN,)),
            Script(Persona("Lyra", LYRA.text + "\n\nFar away."), (ANN,)),
        ),
        (
            Script(Persona("Lyra"), (ANN,), lore=(Lore("Before."),)),
            Script(Persona("Lyra"), (ANN,), lore=(Lore("Before.\n\nFar away."),)),
        ),
        (
            Script(Persona("Lyra"), (ANN,)),
            Script(Persona("Lyra"), (ANN,), lore=(Lore("Far away."),)),
        ),
    ],
    ids=["scenario", "player", "character", "lore before", "nothing"],
)
def test_lore_after_joins_the_paragraph_in_front_of_it(script: Script, expected: Script) -> None:
    with_lore = replace(script, lore=(*script.lore, Lore("Far away.", Position.AFTER)))

    assert clean(with_lore, ZEPHRP) == clean(expected, ZEPHRP)
    assert render(with_lore, ZEPHRP) == render(expected, ZEPHRP)


def test_a_stranger_in_an_example_stands_for_the_first_player() -> None:
    script = replace(SOLO, players=(TOM, MARA), examples=(said("Zed", "Who are you?"),))

    assert clean(script, ZEPHRP).lines[0] == said("Tom", "Who are you?")


# --- what texts try --------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDEN_PROMPTS)
def test_the_pieces_of_a_prompt_are_the_prompt(name: str) -> None:
    golden = GOLDEN_PROMPTS[name]

    tiles = pieces(golden.script, golden.profile, player=golden.player)

    prompt = render(golden.script, golden.profile, player=golden.player)
    assert "".join(tile.text for tile in tiles) == prompt
    assert all(tile.text for tile in tiles)


def test_every_piece_says_what_it_is() -> None:
    script = replace(
        SOLO,
        examples=(said("Mara", "Example."),),
        lore=(Lore("Old."), Lore("Far.", Position.AFTER), Lore("Wind.", Position.DEPTH, 1)),
        note=Note("Note.", 0),
    )

    tiles = pieces(script, ZEPHRP)

    assert [(tile.part, tile.text.split("\n")[-1][:16]) for tile in tiles] == [
        (Part.INSTRUCTION, ""),
        (Part.LORE, "Old."),
        (Part.PERSONAS, "Lyra's Persona: "),
        (Part.PERSONAS, "Mara's Persona: "),
        (Part.SCENARIO, "Scenario: A stor"),
        (Part.LORE, "Far."),
        (Part.INSTRUCTION, "Play the role of"),
        (Part.EXAMPLES, "Mara: Example."),
        (Part.STORY, 'Mara: "Is anybod'),
        (Part.STORY, "She puts the ket"),
        (Part.LORE, "Wind."),
        (Part.STORY, 'Mara: "Thank you'),
        (Part.NOTE, "Note."),
        (Part.REPLY, "Lyra:"),
    ]


def test_a_piece_of_the_story_knows_its_line_in_the_script_as_given() -> None:
    silent = said("Tom", "\u200b")
    lines: tuple[Line, ...] = (
        silent,
        said("Mara", "One."),
        told("Two."),
        silent,
        replied("Three."),
    )
    script = replace(SOLO, examples=(replied("An example."),), lines=lines, note=Note("Rain.", 1))

    story = {tile.line: tile.text for tile in pieces(script, ZEPHRP) if tile.line is not None}

    assert story == {
        1: "\n\n### Input:\nMara: One.",
        2: "\nTwo.",
        4: "\n\n### Response:\nLyra: Three.",
    }


@pytest.mark.parametrize("profile", PROFILES, ids=by_name)
def test_a_piece_does_not_depend_on_what_comes_after_it(profile: ModelProfile) -> None:
    before = pieces(SOLO, profile)
    after = pieces(replace(SOLO, lines=(*SOLO.lines, replied('"Sugar?"'))), profile)

    assert after[: len(before) - 1] == before[:-1]


# --- what is no prompt -----------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES, ids=by_name)
@pytest.mark.parametrize(
    "text", ["", "hello", "### Instruction:\nhello\n\n### Response:\nLyra:", "### Instruction:\n"]
)
def test_text_that_is_no_prompt_is_refused(text: str, profile: ModelProfile) -> None:
    with pytest.raises(ValueError, match="This text"):
        parse(text, profile)


def test_a_foreign_header_is_refused() -> None:
    prompt = render(SOLO, ZEPHRP).replace("### Input:", "### Output:", 1)

    with pytest.raises(ValueError, match="header"):
        parse(prompt, ZEPHRP)


@pytest.mark.parametrize("end", [" ", " Hello.", "\n\n### Input:\nMara: Hi."])
def test_a_prompt_that_does_not_end_at_the_characters_name_is_refused(end: str) -> None:
    with pytest.raises(ValueError, match="end where"):
        parse(render(SOLO, ZEPHRP) + end, ZEPHRP)
