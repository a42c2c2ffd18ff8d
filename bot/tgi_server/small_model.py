"""Helps a 135M model to play: turns a LimaRP prompt into one that it understands.

The bot speaks to every server as to ZephRP-m7b. A model this small cannot
follow that format, so its prompts are told anew as ChatML, its own format,
behind two example scenes of the wanted length; `reply_shaper` makes its
answers look like ZephRP's again. `--raw` switches all of it off.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.core.lengths import AUTO, Length
from bot.tgi_server.examples import LONG, MEDIUM, MICRO, SHORT, ExampleScene
from bot.tgi_server.limarp import LimaPrompt, Line, Speaker

SAMPLING: Final[Mapping[str, object]] = MappingProxyType(
    {
        # A repetition penalty makes it lock into one phrase; these two keep it moving.
        "samplers": ["penalties", "dry", "min_p", "temperature"],
        "temperature": 0.6,
        "min_p": 0.08,
        "dry_multiplier": 0.8,
        "dry_base": 1.75,
        "dry_allowed_length": 2,
        "dry_penalty_last_n": 1024,
        "presence_penalty": 0.3,
        "repeat_last_n": 200,
    }
)

EXCHANGES_THAT_TEACH: Final = 2
"""So many replies in the chat show the form themselves; then only one set of examples is used."""


@dataclass(frozen=True, slots=True)
class Span:
    """How long a reply shall be.

    Attributes:
        least: with fewer words, another paragraph is asked for.
        enough: with as many words, the next end of a sentence ends the reply.
        most_tokens: where it ends at the latest.
    """

    least: int
    enough: int
    most_tokens: int

    @property
    def too_many(self) -> int:
        """With as many words, the next comma must do for the end of a sentence."""
        return 2 * self.enough + 4


SPANS: Final[Mapping[Length, Span]] = MappingProxyType(
    {
        Length("micro"): Span(0, 4, 40),
        Length("tiny"): Span(0, 11, 60),
        Length("short"): Span(8, 19, 100),
        Length("medium"): Span(20, 38, 180),
        Length("long"): Span(75, 95, 340),
        Length("massive"): Span(105, 130, 440),
        Length("huge"): Span(135, 165, 512),
        Length("enormous"): Span(170, 210, 640),
        Length("humongous"): Span(230, 280, 768),
        Length("extreme"): Span(250, 305, 896),
        Length("unlimited"): Span(270, 330, 1024),
        Length("auto"): Span(20, 38, 180),
    }
)

_EXAMPLES: Final[Mapping[Length, tuple[ExampleScene, ...]]] = MappingProxyType(
    {
        Length("micro"): MICRO,
        Length("tiny"): MICRO,
        Length("short"): SHORT,
        Length("medium"): MEDIUM,
        Length("auto"): MEDIUM,
    }
)
_SPOKEN_ONLY: Final = (Length("micro"), Length("tiny"))
_SPEECH: Final = re.compile(r'("[^"\n]*"|“[^”\n]*”)')


@dataclass(frozen=True, slots=True)
class Plan:
    """What the small model is asked instead.

    Attributes:
        opening: how the reply begins, given to the model and shown as its own.
        paragraph: how each further paragraph begins.
        continues: the reply goes on with text the prompt ended with.
    """

    prompt: str
    opening: str
    paragraph: str
    span: Span
    players: tuple[str, ...]
    continues: str


def plan_reply(prompt: LimaPrompt, *, dropped: int = 0, with_examples: bool = True) -> Plan:
    """Tell *prompt* anew, without its oldest *dropped* lines."""
    length = _length(prompt.length)
    lines = prompt.lines[dropped:]
    replies = sum(line.speaker is Speaker.CHARACTER for line in lines)
    taught = replies >= EXCHANGES_THAT_TEACH
    examples = (MEDIUM if taught else _examples(length)) if with_examples else ()
    opening = "" if prompt.prefill else _opening(prompt.character, length)
    paragraph = f"*{prompt.character}"
    return Plan(
        prompt=render_examples(examples) + _render_scene(prompt, lines) + _inert(prompt.prefill),
        opening=opening,
        paragraph=paragraph,
        span=SPANS[length],
        players=prompt.players,
        continues=prompt.prefill,
    )


def warm_prompts() -> tuple[str, ...]:
    """What prompts of new chats begin with, the default length first.

    Read once in advance, they cost a new chat nothing.
    """
    return tuple(render_examples(scenes) for scenes in (MEDIUM, LONG, SHORT, MICRO))


def render_examples(scenes: Sequence[ExampleScene]) -> str:
    """The example scenes as ChatML."""
    return "".join(
        _message("system", _task(scene.character, scene.persona, [(scene.player, "")]))
        + _message("user", scene.line)
        + _message("assistant", scene.reply)
        for scene in scenes
    )


def starred(prose: str) -> str:
    """Put what is not said aloud between asterisks, as the examples have it."""
    parts = (part.strip() for part in _SPEECH.split(prose.replace("*", "")))
    return " ".join(
        part if _SPEECH.fullmatch(part) else f"*{part}*" for part in parts if part.strip()
    )


def _length(word: str | None) -> Length:
    name = Length(word or AUTO)
    return name if name in SPANS else AUTO  # another model's word


def _examples(length: Length) -> tuple[ExampleScene, ...]:
    return _EXAMPLES.get(length, LONG)


def _opening(character: str, length: Length) -> str:
    return '"' if length in _SPOKEN_ONLY else f"*{character}"


def _render_scene(prompt: LimaPrompt, lines: Sequence[Line]) -> str:
    players = [(name, prompt.persona_of(name)) for name in prompt.players]
    task = _task(prompt.character, prompt.persona_of(prompt.character), players)
    setting = " ".join(_inert(text) for text in (*prompt.background, prompt.scenario) if text)
    told = [_message("system", f"{task} {setting}".strip())]
    named = len(prompt.players) > 1
    waiting: list[str] = []
    for line in lines:
        if line.speaker is Speaker.CHARACTER and line.name == prompt.character:
            told.append(_message("user", "\n".join(waiting) or "…"))
            told.append(_message("assistant", starred(_inert(line.text))))
            waiting.clear()
        else:
            waiting.append(_said(line, named=named))
    told.append(_message("user", "\n".join(waiting) or "…"))
    return "".join(told) + "<|im_start|>assistant\n"


def _said(line: Line, *, named: bool) -> str:
    text = _inert(line.text)
    if line.speaker is Speaker.NARRATOR:
        return f"*{text}*"
    return f"{line.name}: {text}" if named or line.speaker is Speaker.CHARACTER else text


def _task(character: str, persona: str, players: Sequence[tuple[str, str]]) -> str:
    others = " and ".join(f"{name}, {_fact(text)}" if text else name for name, text in players)
    who = f"You are {character}, {_fact(persona)}" if persona else f"You are {character}"
    names = " or ".join(name for name, _ in players)
    return (
        f"{who}. You are talking with {_inert(others)}. Answer as {character}: what {character}"
        f" does stands between asterisks, what {character} says in quotation marks."
        f" Never speak for {names}."
    )


def _fact(text: str) -> str:
    return _inert(text).strip().rstrip(".")


def _message(role: str, text: str) -> str:
    return f"<|im_start|>{role}\n{text}<|im_end|>\n"


def _inert(text: str) -> str:
    """Keep text from being read as ChatML's own marks."""
    return text.replace("<|", "< |")
