"""What ties text that is trained on to the prompts that the bot asks with."""

import re
from pathlib import Path
from typing import Any

from bot.core.lengths import Length
from bot.core.prompt import render
from bot.core.scene import Role
from bot.core.script import Line, Persona, Script
from recipe.dataset.conversation import normalised, read_conversation
from tests.profiles import ZEPHRP


def assert_is_served(row: dict[str, Any], path: Path) -> None:
    """Up to each reply, a whole conversation reads as the bot would have asked for it."""
    read = normalised(read_conversation(path.read_bytes(), path.name, ""))
    said: list[Line] = []
    labels = iter(row["labels"])
    for turn in read.turns:
        line = Line(Role.PLAYER, read.player.name, turn.text)
        if turn.is_character:
            line = Line(Role.CHARACTER, read.character.name, turn.text)
            script = Script(
                character=Persona(read.character.name, read.character.text),
                players=(Persona(read.player.name, read.player.text),),
                scenario=read.scenario,
                lines=tuple(said),
                length=(length := Length(next(labels))),
            )
            prompt = f"{render(script, ZEPHRP)} {turn.text}"
            assert without_lengths_but_the_last(row["text"], prompt).startswith(prompt), length
        said.append(line)
    assert next(labels, None) is None


def without_lengths_but_the_last(text: str, prompt: str) -> str:
    """The lengths of earlier replies, which play leaves out, taken out of *text*."""
    number = prompt.count("### Response:")
    parts = re.split(r"(?<=### Response:)( \(length = \w+\))?(?=\n)", text)
    told = parts[1::2]
    kept = ["" if at < number - 1 else part or "" for at, part in enumerate(told)]
    return "".join(piece for pair in zip(parts[::2], [*kept, ""], strict=True) for piece in pair)
