"""Conversations as the text that a model is trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from bot.core.lengths import AUTO, Length
from bot.core.profiles import ModelProfile
from bot.core.prompt import training_text
from bot.core.scene import Role
from bot.core.script import Line, Script
from recipe.dataset.conversation import FIRST, Conversation, Turn
from recipe.dataset.labels import is_labelled, label_of
from recipe.dataset.tokens import TokenCounter
from recipe.refused import Refused

_BETWEEN_TURNS = "\n\n"


@dataclass(frozen=True, slots=True)
class Making:
    """How samples are made.

    Attributes:
        most_tokens: of a sample, without the end token that training adds.
        labelled: the share of replies that are told their length.
    """

    profile: ModelProfile
    counter: TokenCounter
    most_tokens: int
    labelled: float
    seed: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One text to train on.

    Attributes:
        id: the file and the number of the sample in it: `inn/03-the-well.yaml#0`.
        replies: the label of each reply by its length, whether it is told or not.
        labels: as the text tells them; `auto` over a reply that is told none.
    """

    id: str
    source: str
    text: str
    tokens: int
    replies: Sequence[Length]
    labels: Sequence[Length]


def samples_of(conversation: Conversation, making: Making) -> Iterator[Sample]:
    """Cut *conversation* where turns end, as seldom as it fits, and render each part whole.

    A part ends with a reply: a player's line stays with its answer.

    Raises:
        Refused: it holds no reply, or a single exchange does not fit.
    """
    begun: tuple[Turn, ...] = ()
    number = 0
    for exchange in _exchanges(conversation):
        sample = _sample(conversation, (*begun, *exchange), number, making)
        if begun and sample.tokens > making.most_tokens:
            yield _sample(conversation, begun, number, making)
            number, begun = number + 1, ()
            sample = _sample(conversation, exchange, number, making)
        if sample.tokens > making.most_tokens:
            raise Refused(
                f"{conversation.file}: conversation[{exchange[-1].at}] does not fit into "
                f"{making.most_tokens} tokens beside the personas."
            )
        begun = (*begun, *exchange)
    yield _sample(conversation, begun, number, making)


def script_of(conversation: Conversation, turns: Sequence[Turn], making: Making) -> Script:
    """*turns* of the conversation as the bot would hold them, a length over each reply."""
    return Script(
        character=conversation.character,
        players=(conversation.player,),
        scenario=conversation.scenario,
        lines=tuple(_line(turn, conversation, making) for turn in turns),
    )


def _sample(
    conversation: Conversation, turns: Sequence[Turn], number: int, making: Making
) -> Sample:
    script = script_of(conversation, turns, making)
    text = training_text(script, making.profile)
    said = [turn for turn in turns if turn.is_character]
    return Sample(
        id=f"{conversation.file}#{number}",
        source=conversation.source,
        text=text,
        tokens=making.counter.of_sample(text),
        replies=[_label(turn, conversation, making) for turn in said],
        labels=[line.length for line in script.lines if line.role is Role.CHARACTER],
    )


def _line(turn: Turn, conversation: Conversation, making: Making) -> Line:
    if not turn.is_character:
        return Line(Role.PLAYER, conversation.player.name, turn.text)
    told = making.profile.modifier and is_labelled(
        making.seed, conversation.file, turn.at, making.labelled
    )
    length = _label(turn, conversation, making) if told else AUTO
    return Line(Role.CHARACTER, conversation.character.name, turn.text, length)


def _label(turn: Turn, conversation: Conversation, making: Making) -> Length:
    return label_of(making.counter.of_reply(conversation.character.name, turn.text))


def _exchanges(conversation: Conversation) -> Sequence[tuple[Turn, ...]]:
    """Parts that end with a reply; what is said after the last one stays with it."""
    parts: list[tuple[Turn, ...]] = []
    open_part: tuple[Turn, ...] = ()
    for turn in _alternating(conversation.turns):
        open_part = (*open_part, turn)
        if turn.is_character:
            parts.append(open_part)
            open_part = ()
    if not parts:
        raise Refused(f"{conversation.file}: conversation holds no turn of {FIRST}.")
    parts[-1] = (*parts[-1], *open_part)
    return parts


def _alternating(turns: Sequence[Turn]) -> Iterator[Turn]:
    """Join what one side says twice in a row."""
    for _, run in groupby(turns, key=lambda turn: turn.is_character):
        first, *others = run
        text = _BETWEEN_TURNS.join([first.text, *(turn.text for turn in others)])
        yield replace(first, text=text)
