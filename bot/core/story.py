"""What a stored scene gives to a prompt: its script, and which of its lines matter how."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.core.boundaries import for_the_model
from bot.core.chance import seeded
from bot.core.characters import Character
from bot.core.lengths import Length
from bot.core.macros import Macros
from bot.core.personas import PERSONA, persona_of
from bot.core.scene import ChannelId, Role, Scene, SceneHead, Turn, TurnId, UserId, reply_turn_id
from bot.core.script import Line, Lore, Note, Persona, Position, Script

NEUTRAL_USER = "User"
PERSONAS_CHARACTERS = 3_000
"""Of all players' personas together: they are never cut, so they must leave room for the story."""


@dataclass(frozen=True, slots=True)
class Story:
    """A scene up to a reply, before it is cut to fit.

    Attributes:
        script: with a line for each of the turns; without examples once a cut
            has been made, for they are the first to go.
        fill: fills in the macros of the character's texts.
        stays: indexes of the lines that outlive a cut: the greeting, which is
            all before a player's first line, and what is pinned.
        cut: index of the first line that goes into the prompt as a matter of
            course; None if nothing has been cut.
    """

    script: Script
    turns: tuple[Turn, ...]
    fill: Macros
    stays: frozenset[int]
    cut: int | None


def story_of(
    scene: Scene,
    character: Character,
    length: Length,
    *,
    trigger: TurnId,
    reply: TurnId | None = None,
    is_begun: bool = False,
    cast: Sequence[Character] = (),
) -> Story:
    """Tell the scene for a reply to *trigger*; a reply that it has already is left out.

    The reply's author reads what other characters say as it reads the players:
    then it does not write their lines either.

    Args:
        reply: the turn that is written, if that is not the usual reply to *trigger*.
        is_begun: a part of the reply is written: what was said since does not
            belong before it.
        cast: who plays beside *character*.
    """
    head = scene.head
    replaced = reply_turn_id(trigger) if reply is None else reply
    turns = tuple(
        turn
        for turn in scene.turns
        if turn.id != replaced and not turn.hidden and not (is_begun and turn.id > replaced)
    )
    opening = next((at for at, turn in enumerate(turns) if turn.role is Role.PLAYER), len(turns))
    user = turns[opening].name if opening < len(turns) else NEUTRAL_USER
    group = (character.name, *(other.name for other in cast)) if cast else ()
    players = players_of(scene) or (Persona(user),)
    fill = macros_of(
        character,
        user,
        channel=head.place.channel,
        started_ms=head.started_ms,
        group=group,
        persona=next((player.text for player in players if player.name == user), ""),
    )
    script = script_of(
        character,
        user=user,
        players=(*players, *(Persona(each.name) for each in cast)),
        scenario=head.scenario,
        length=length,
        fill=fill,
    )
    others = _others(scene, character, cast)
    return Story(
        script=replace(
            script,
            examples=script.examples if head.cut is None else (),
            lines=tuple(_line(turn, others) for turn in turns),
            note=Note(head.note, head.note_depth) if head.note else None,
            lore=(*script.lore, *_bounds(head), *_asked(head.instruction)),
        ),
        turns=turns,
        fill=fill,
        stays=frozenset(at for at, turn in enumerate(turns) if at < opening or turn.pinned),
        # By order, not by equality: that very turn may have been deleted.
        cut=None if head.cut is None else bisect_left(turns, head.cut, key=lambda turn: turn.id),
    )


def players_of(scene: Scene) -> tuple[Persona, ...]:
    """Who plays, each as they have written last.

    That is another than their own name where they play a persona, or where another
    bot posts for them. Where there is no room for all texts, whoever wrote last has theirs.
    """
    players = {user: Persona(name) for user, name in scene.head.players.items()}
    left = PERSONAS_CHARACTERS
    seen: set[UserId] = set()
    for turn in reversed(scene.turns):
        if turn.role is not Role.PLAYER or turn.author not in players or turn.author in seen:
            continue
        seen.add(turn.author)
        text = persona_of(turn)
        is_told = len(text) <= left
        left -= len(text) if is_told else 0
        players[turn.author] = Persona(turn.name, text if is_told else "")
    return tuple(players.values())


def player_names(scene: Scene) -> tuple[str, ...]:
    """Who plays, each by the name that they have written under last."""
    return tuple(player.name for player in players_of(scene))


def about_to_say(scene: Scene, user: UserId, persona: Persona) -> Scene:
    """*scene* with *user*, as *persona*, among those who play, before they say anything."""
    last = max((turn.id for turn in scene.turns), default=TurnId(""))
    unsaid = Turn(
        id=TurnId(f"{last}~"),
        role=Role.PLAYER,
        name=persona.name,
        swipes=("",),
        author=user,
        hidden=True,
        facts={PERSONA: persona.text},
    )
    players = {**scene.head.players, user: persona.name}
    return Scene(replace(scene.head, players=players), (*scene.turns, unsaid))


def without_personas(story: Story) -> Story:
    """*story* with its players by name only, for where there is no room for more."""
    players = tuple(replace(player, text="") for player in story.script.players)
    return replace(story, script=replace(story.script, players=players))


def _others(scene: Scene, character: Character, cast: Sequence[Character]) -> frozenset[str]:
    """Names of characters but the one that speaks, those who were let go included.

    What stands under the name that the scene's own character had at the start is
    its own, also if its file has another name by now.
    """
    said = {turn.name for turn in scene.turns if turn.role is Role.CHARACTER}
    own = {character.name}
    if character.key == scene.head.character:
        own.add(scene.head.character_name)
    return frozenset((said | {other.name for other in cast}) - own)


def _line(turn: Turn, others: Collection[str]) -> Line:
    role = turn.role
    if role is Role.CHARACTER and turn.name in others:
        role = Role.PLAYER
    text = f"[In answer to {turn.quoted}] {turn.text}" if turn.quoted else turn.text
    return Line(role, turn.name, text)


def _bounds(head: SceneHead) -> tuple[Lore, ...]:
    """The scene's lines and veils, behind the scenario."""
    told = for_the_model(head)
    return (Lore(told, Position.AFTER),) if told else ()


def _asked(instruction: str) -> tuple[Lore, ...]:
    """What a player asks of the next reply: the last thing before it."""
    if not instruction:
        return ()
    return (Lore(f"[{instruction}]", Position.DEPTH, 0),)


def macros_of(
    character: Character,
    user: str,
    *,
    channel: ChannelId | None = None,
    started_ms: int = 0,
    group: tuple[str, ...] = (),
    persona: str = "",
) -> Macros:
    """What the macros of *character*'s texts stand for, in the scene that began then."""
    char = character.nickname or character.name
    began = datetime.fromtimestamp(started_ms / 1000, UTC) if started_ms else None
    bare = Macros(char, user, group, at=began, chance=seeded(channel or 0, started_ms))
    texts = {
        "description": bare(character.persona),
        "scenario": bare(character.scenario),
        "persona": persona,
    }
    return replace(bare, texts=texts)


def script_of(
    character: Character,
    *,
    user: str,
    players: Sequence[Persona] = (),
    scenario: str = "",
    length: Length,
    fill: Macros | None = None,
) -> Script:
    """The script of a scene in which nothing has been said yet.

    Args:
        user: whom the character's texts call `{{user}}`.
        scenario: the scene's own, which a player wrote; else the character's counts.
        fill: fills in the macros of the scene that it is.
    """
    fill = fill or macros_of(character, user)
    return Script(
        character=Persona(character.name, fill(character.persona)),
        players=tuple(players) or (Persona(user),),
        scenario=scenario or fill(character.scenario),
        lore=tuple(_told_by_author(character, fill)),
        # Without names: the script's own character, and whoever plays first.
        examples=tuple(Line(line.role, "", fill(line.text)) for line in character.examples),
        length=length,
    )


def _told_by_author(character: Character, fill: Macros) -> Iterator[Lore]:
    """What a card's author tells the model.

    `{{original}}` is empty there: the profile's own instruction stands in every prompt,
    for the model knows no other.
    """
    fill = replace(fill, original="")
    if told := fill(character.system_prompt).strip():
        yield Lore(told, Position.BEFORE)
    if character.depth_prompt is not None:
        note = character.depth_prompt
        yield Lore(fill(note.text), Position.DEPTH, note.depth)
    if told := fill(character.post_history).strip():
        yield Lore(told if told.startswith("[") else f"[{told}]", Position.DEPTH, 0)
