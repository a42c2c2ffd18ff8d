"""Text to train on is the prompt of play, with a length over every reply."""

from dataclasses import replace

import pytest

from bot.core.lengths import AUTO, Length
from bot.core.prompt import render, training_text
from bot.core.scene import Role
from bot.core.script import Line
from tests.profiles import ALPACA, EARLY, ZEPHRP
from tests.prompt_scripts import NIGHT, SOLO, replied, said, told


def test_text_to_train_on_is_the_prompt_with_lengths_over_every_reply_and_none_left_open() -> None:
    first, reply, second = SOLO.lines
    labelled = replace(reply, length=Length("short"))

    text = training_text(replace(SOLO, lines=(first, labelled, second)), ZEPHRP)

    prompt = render(replace(SOLO, length=AUTO), ZEPHRP)
    labelled_prompt = prompt.replace("### Response:", "### Response: (length = short)", 1)
    assert text + "\n\n### Response:\nLyra:" == labelled_prompt


def test_every_reply_stands_in_text_to_train_on_as_it_is_asked_for_in_play() -> None:
    for at, line in enumerate(NIGHT.lines):
        if line.role is Role.CHARACTER:
            labelled = replace(line, length=Length("short"))
            lines = (*NIGHT.lines[:at], labelled, *NIGHT.lines[at + 1 :])
            asked = replace(NIGHT, lines=NIGHT.lines[:at], length=labelled.length)

            text = training_text(replace(NIGHT, lines=lines), ZEPHRP)

            assert text.startswith(f"{render(asked, ZEPHRP)} {line.text}")


@pytest.mark.parametrize("line", [said("Mara", "Hello."), told("Rain."), replied("Hello.")])
def test_a_length_stands_over_replies_only_and_only_if_the_model_knows_it(line: Line) -> None:
    known = line.role is Role.CHARACTER
    script = replace(SOLO, lines=(replace(line, length=Length("micro")),), length=AUTO)

    assert ("(length = micro)" in training_text(script, ZEPHRP)) == known
    assert "length" not in training_text(script, EARLY)
    assert "length" not in training_text(script, ALPACA)
