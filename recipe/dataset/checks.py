"""What is wrong with conversations that are to be the project's own.

Each check gives sentences; none changes anything. They hold the set to what it
promises: original, for everyone, in plain prose, long and short, and no text
like another.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from bot.core.cards.rating import judge
from bot.core.facts import Ending
from bot.core.measuring_scenes import HELD_OUT
from bot.core.profiles import ModelProfile
from bot.core.reply_measures import ended_by, runs_of_words
from bot.core.scene import GuardLevel
from bot.core.script import Script
from recipe.dataset.conversation import Conversation, Turn
from recipe.dataset.known_words import (
    ENGLISH,
    KNOWN_NAMES,
    NOT_FOR_EVERYONE,
    WORN_PHRASES,
)

LEAST_CONVERSATIONS = 200
LEAST_WORDS = 80_000
LEAST_REPLIES: Mapping[str, int] = {
    **dict.fromkeys(("micro", "tiny", "short", "medium", "long", "massive"), 40),
    **dict.fromkeys(("huge", "enormous", "humongous", "unlimited"), 15),
}
SAME_WORDS = 8
"""So many words in a row that two conversations share are a repetition."""
MOST_REFRAINS = 2
"""So often may one conversation say the same."""
LEAST_TURNS = 4
MOST_WITH_A_NAME = 3
_LEAST_ENGLISH = 0.3
_ENGLISH_FROM_WORDS = 60

_HELD_OUT_NAMES = {
    who.name.casefold() for scene in HELD_OUT for who in (scene.character, *scene.players)
}
_HELD_OUT_RUNS = {
    run
    for scene in HELD_OUT
    for text in (
        *(who.text for who in (scene.character, *scene.players)),
        scene.scenario,
        *(line.text for line in scene.lines),
    )
    for run in runs_of_words(text, SAME_WORDS)
}

_NOT_PLAIN = (
    ("an asterisk", re.compile(r"\*")),
    ("a curly quotation mark", re.compile("[\u2018\u2019\u201a-\u201f\u00ab\u00bb]")),
    ("an ellipsis sign, for which ... stands", re.compile("\u2026")),
    ("an emoji", re.compile("[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]")),
    ("markup", re.compile(r"^\s*(?:#{1,6}\s|[-+]\s|>\s)|`|~~|\|\||__", re.MULTILINE)),
    ("a stage direction or talk beside the story in brackets", re.compile(r"[\[\]]|\(\(|\bOOC\b")),
    ("brackets around a whole turn", re.compile(r"\A\s*[(\[].*[)\]]\s*\Z", re.DOTALL)),
    ("a tag", re.compile(r"</?\w+>|\{\{|\}\}")),
    ("a blank line too many", re.compile(r"\n\s*\n\s*\n")),
    ("a tab", re.compile(r"\t")),
)


def problems_of(conversation: Conversation, profile: ModelProfile) -> Iterator[str]:
    """What is wrong with one conversation."""
    where = conversation.file
    for field, text in _texts(conversation):
        yield from (f"{where}: {field} {problem}." for problem in _of_text(text))
    for turn in conversation.turns:
        yield from (
            f"{where}: conversation[{turn.at}].text {problem}."
            for problem in _of_turn(turn, conversation, profile)
        )
    for before, turn in pairwise(conversation.turns):
        if before.is_character is turn.is_character:
            yield f"{where}: conversation[{turn.at}] is the same side's as the one before."
    if len(conversation.turns) < LEAST_TURNS:
        yield f"{where}: conversation has fewer than {LEAST_TURNS} turns."
    yield from _of_whole(conversation)
    yield from _held_out(conversation)


def problems_of_set(conversations: Sequence[Conversation]) -> Iterator[str]:
    """What conversations have in common that they should not."""
    runs: dict[tuple[str, ...], set[str]] = defaultdict(set)
    names: dict[str, list[str]] = defaultdict(list)
    for each in conversations:
        for run in _runs(each):
            runs[run].add(each.file)
        for name in {each.character.name, each.player.name}:
            names[name.casefold()].append(each.file)
    yield from _shared(runs)
    for name, files in names.items():
        if len(files) > MOST_WITH_A_NAME:
            yield f"{files[-1]}: names has {name.title()}, as {len(files) - 1} other files do."


def problems_of_size(
    conversations: Sequence[Conversation], replies: Mapping[str, int]
) -> Iterator[str]:
    """What the whole set has too little of; *replies* are counted by their label."""
    words = sum(len(turn.text.split()) for each in conversations for turn in each.turns)
    if len(conversations) < LEAST_CONVERSATIONS:
        yield f"There are {len(conversations)} conversations of {LEAST_CONVERSATIONS}."
    if words < LEAST_WORDS:
        yield f"There are {words:,} words in turns, of {LEAST_WORDS:,}."
    for name, least in LEAST_REPLIES.items():
        if replies.get(name, 0) < least:
            yield f"There are {replies.get(name, 0)} replies of the length {name}, of {least}."


def _texts(conversation: Conversation) -> Iterator[tuple[str, str]]:
    yield "personas.<FIRST>", conversation.character.text
    yield "personas.<SECOND>", conversation.player.text
    yield "scenario", conversation.scenario
    for turn in conversation.turns:
        yield f"conversation[{turn.at}].text", turn.text


def _whole(conversation: Conversation) -> str:
    return "\n".join(text for _, text in _texts(conversation))


def _runs(conversation: Conversation) -> Iterator[tuple[str, ...]]:
    for _, text in _texts(conversation):
        yield from runs_of_words(text, SAME_WORDS)


def _of_text(text: str) -> Iterator[str]:
    for what, pattern in _NOT_PLAIN:
        if pattern.search(text):
            yield f"holds {what}"
    if not _quotes_are_closed(text):
        yield "has a quotation mark without its other"
    for what, words in (
        ("is not for everyone", NOT_FOR_EVERYONE),
        ("names somebody or something known", KNOWN_NAMES),
        ("holds a worn phrase", WORN_PHRASES),
    ):
        if found := words.search(text):
            yield f"{what}: {found.group()}"


def _quotes_are_closed(text: str) -> bool:
    """Whether every quotation ends, or goes on with a mark in the next paragraph."""
    paragraphs = text.split("\n\n")
    return all(
        paragraph.count('"') % 2 == 0 or following.startswith('"')
        for paragraph, following in zip(paragraphs, (*paragraphs[1:], ""), strict=True)
    )


def _of_turn(turn: Turn, conversation: Conversation, profile: ModelProfile) -> Iterator[str]:
    own, other = conversation.character, conversation.player
    if not turn.is_character:
        own, other = other, own
    script = Script(own, (other,))
    # What a player tells of the character is theirs to tell, what they say for it is not.
    guard = GuardLevel.STRICT if turn.is_character else GuardLevel.NORMAL
    match ended_by(turn.text, script, profile, guard=guard):
        case Ending.NAME | Ending.PLAYER:
            yield f"takes the part of {other.name}"
        case None:
            pass
        case ending:
            yield f"holds what ends a reply: a {ending}"
    if re.match(rf"\W*{re.escape(own.name)}\W*:", turn.text):
        yield "begins with its speaker's label"


def _of_whole(conversation: Conversation) -> Iterator[str]:
    where, whole = conversation.file, _whole(conversation)
    words = [word for (word,) in runs_of_words(whole, 1)]
    share = sum(word in ENGLISH for word in words) / max(1, len(words))
    foreign = sum(char.isalpha() and not _is_latin(char) for char in whole)
    if foreign or (len(words) >= _ENGLISH_FROM_WORDS and share < _LEAST_ENGLISH):
        yield f"{where}: the file is not in English."
    if judge([whole], []).rating != "everyone":
        yield f"{where}: the file is not for everyone."
    often = [run for run, number in Counter(_runs(conversation)).items() if number > MOST_REFRAINS]
    if often:
        yield f"{where}: the file says more than twice {_quoted(often)}."


def _held_out(conversation: Conversation) -> Iterator[str]:
    """What models are measured on must not be what they were trained on."""
    where = conversation.file
    for name in (conversation.character.name, conversation.player.name):
        if name.casefold() in _HELD_OUT_NAMES:
            yield f"{where}: names has {name}, who plays in a scene that models are measured on."
    shared = _HELD_OUT_RUNS.intersection(_runs(conversation))
    if shared:
        said = _quoted(sorted(shared))
        yield f"{where}: the file says {said}, as a scene does that models are measured on."


def _is_latin(char: str) -> bool:
    return char < "\u0250" or "\u1e00" <= char < "\u1f00"


def _shared(runs: Mapping[tuple[str, ...], Iterable[str]]) -> Iterator[str]:
    """What files share, told once for the same files."""
    by_files: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
    for run, files in runs.items():
        if len(shared := tuple(sorted(files))) > 1:
            by_files[shared].append(run)
    for files, shared_runs in by_files.items():
        yield f"{files[-1]}: the file says {_quoted(shared_runs)}, as {files[0]} does."


def _quoted(runs: Sequence[tuple[str, ...]]) -> str:
    """The first of *runs*: the others overlap it, mostly."""
    more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
    return f"“{' '.join(runs[0])}”{more}"
