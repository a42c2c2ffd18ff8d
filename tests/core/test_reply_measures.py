import pytest

from bot.core.generation import FinishReason
from bot.core.measuring_scenes import HELD_OUT, SCENES
from bot.core.prompt import parse, render
from bot.core.reply_measures import (
    MeasuredReply,
    distinct_pairs,
    measured,
    percentile,
    raw_request_for,
    repeated_share,
    request_for,
)
from bot.core.scene import Role
from tests.profiles import CHATML, ZEPHRP
from tests.prompt_scripts import SOLO

END = FinishReason.END


def measure(raw: str, finish: FinishReason = END) -> MeasuredReply:
    """A raw reply of Lyra's to Mara."""
    return measured(raw, finish, SOLO, ZEPHRP)


@pytest.mark.parametrize(
    ("raw", "finish"),
    [
        (' "Come in," she said.', END),
        (' "Come in," she said.\n\n### Input:', FinishReason.STOP),
        (' "Come in," she said.\n###', FinishReason.STOP),
        (' "Mara: that is a name for a boat," she said.', END),
    ],
)
def test_a_reply_that_ends_by_itself_keeps_the_format(raw: str, finish: FinishReason) -> None:
    reply = measure(raw, finish)

    assert reply.keeps_format
    assert not any([reply.impersonates, reply.leaks, reply.cut, reply.strays])
    assert reply.text == raw.partition("\n")[0].strip()


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        ('"Come in."\nMara: "Thank you."\n###', {"words"}),
        ("Mara: I do not know.", {"words"}),
        ('"Come in."\n\n**Mara**: "Thank you."', {"words"}),
        ('"Come in." Mara nodded and sat down.', {"deeds"}),
        ("She waited. Mara's hands shook.", {"deeds"}),
        ('"Come in."\nMara nodded.\nMara: "Yes."', {"words", "deeds"}),
        ('"Come in, Mara. Mara is a good name."', set()),
        ('She looked at Mara. "Sit."\n\n### Input:\nMara: "Thank you."', set()),
    ],
)
def test_the_players_part_is_seen_in_words_and_in_deeds(raw: str, parts: set[str]) -> None:
    reply = measure(raw)

    assert reply.speaks == ("words" in parts)
    assert reply.narrates == ("deeds" in parts)
    assert reply.impersonates == bool(parts)
    assert reply.keeps_format == ("words" not in parts)


@pytest.mark.parametrize(
    "raw",
    [
        "Come in. ### Input: and so on",
        "(length = short) Come in.",
        "Come in.</s> And again.",
        "Come in.<|im_end|>",
        "Come in.\n\nMara's Persona: a courier",
        "Lyra's Persona: keeps a lamp",
    ],
)
def test_signs_of_the_format_in_a_text_are_leaks(raw: str) -> None:
    reply = measure(raw)

    assert reply.leaks
    assert not reply.keeps_format


@pytest.mark.parametrize(
    "raw",
    [
        '"Come in."\nLyra: "Sit down."',
        '"Come in."\n**Lyra:** "Sit down."',
        "Come in.\n\n## Output:",
        'Come in.\nOld Tom Reed: "Who is it?"',
        "Narrator: It rains.",
        "Come in.\nPremise 1:\nmore",
    ],
)
def test_what_is_no_prose_breaks_the_format_and_is_no_impersonation(raw: str) -> None:
    reply = measure(raw)

    assert reply.strays
    assert not reply.keeps_format
    assert not reply.impersonates


@pytest.mark.parametrize(
    "raw",
    [
        'She said it: "No."',
        "There were three of them in the boat: Tom, the dog and the lamp.",
        '"Listen: it rains."\n\n"It does."',
        "At 9:30 she rose. #4 was empty.",
    ],
)
def test_a_colon_in_a_sentence_is_prose(raw: str) -> None:
    assert measure(raw).keeps_format


@pytest.mark.parametrize("raw", ["", "  \n", "\n### Input:\nMara: And?", "### Response:"])
def test_nothing_said_keeps_no_format(raw: str) -> None:
    reply = measure(raw)

    assert reply.words == 0
    assert not reply.keeps_format


def test_a_reply_that_runs_out_of_tokens_does_not_end_by_itself() -> None:
    reply = measure("She waited. And then she", FinishReason.LENGTH)

    assert reply.cut
    assert not reply.keeps_format
    ended = measure("She waited.\n### Input:\nMara", FinishReason.LENGTH)
    assert (ended.cut, ended.keeps_format) == (False, True)


def test_words_are_those_that_members_see() -> None:
    assert measure('"Come in," she said.\nMara: "Thank you so very much."').words == 4


def test_a_model_is_asked_as_in_play_but_for_the_names_that_would_hide_what_it_goes_on_with() -> (
    None
):
    step = ZEPHRP.lengths.steps[2]

    played, raw = (ask(SOLO, step, 7, ZEPHRP) for ask in (request_for, raw_request_for))

    assert "### Response: (length = short)\nLyra:" in played.prompt
    assert (played.prompt, played.max_new_tokens, played.seed) == (
        raw.prompt,
        step.max_new_tokens,
        raw.seed,
    )
    assert "\nMara:" in played.stop
    assert raw.stop == ("\n###",)
    assert raw_request_for(SOLO, step, 7, CHATML).stop == ("\n<|im_start|>", "<|im_end|>")


@pytest.mark.parametrize(
    ("share", "words", "expected"),
    [(0.2, [7], 7), (0.8, [7], 7), (0.5, [1, 2, 9], 2), (0.2, list(range(11)), 2)],
)
def test_a_percentile_is_one_of_the_numbers(share: float, words: list[int], expected: int) -> None:
    assert percentile(words, share) == expected


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0.0),
        ("one two three", 0.0),
        ("one two three four five six", 0.0),
        ("No no no no no. No, no no!", 0.8),
        ("the sea went out and The sea went out.", 1 / 6),
    ],
)
def test_a_repetition_is_four_words_that_were_said_before(text: str, share: float) -> None:
    assert repeated_share(text) == pytest.approx(share)


def test_distinct_pairs_are_counted_over_all_texts() -> None:
    assert distinct_pairs([]) == 0.0
    assert distinct_pairs(["one two three"]) == 1.0
    assert distinct_pairs(["one two", "One, two!", "two one"]) == pytest.approx(2 / 3)


def test_every_scene_ends_with_the_player_and_lets_the_character_answer() -> None:
    for scene in HELD_OUT:
        assert scene.lines[-1].role is Role.PLAYER
        assert {line.name for line in scene.lines} <= {scene.character.name, scene.players[0].name}
        assert render(scene, ZEPHRP).endswith(f"\n{scene.character.name}:")
        assert parse(render(scene, ZEPHRP), ZEPHRP) == scene


def test_scenes_are_told_in_plain_prose_and_none_plays_in_two() -> None:
    names = [who.name for scene in HELD_OUT for who in (scene.character, *scene.players)]
    texts = [line.text for scene in HELD_OUT for line in scene.lines]

    assert len(set(names)) == len(names) == 20
    assert HELD_OUT[: len(SCENES)] == SCENES
    assert not any("*" in text or text.count('"') % 2 for text in texts)


def test_no_line_of_a_scene_takes_anothers_part() -> None:
    for scene in HELD_OUT:
        for line in scene.lines:
            if line.role is Role.CHARACTER:
                assert not measured(line.text, END, scene, ZEPHRP).impersonates
