"""`/help`: what can be done, by topic; of each topic what the member who asks may do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.core.phrases import Paragraphs, phrase
from bot.core.rights import FOR_ADMINS, Action, Member, may
from bot.core.scene import SceneHead

ALL_OF = " *"
"""Behind a group's name: every command of the group."""

MENUS = {
    "Edit reply": phrase("changes any reply of the story"),
    "Continue": phrase("has a reply written on"),
    "Rewind to here": phrase("takes back what stands behind a message"),
    "More…": phrase("branches, pins, hides and deletes a turn"),
    "Why?": phrase("how a reply came about, or why a line got none"),
}
"""Commands in the menu of a message. Discord knows no descriptions of these."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What belongs together.

    Attributes:
        commands: each with what one must be allowed to do for it; None is for everybody.
    """

    name: str
    title: str
    intro: str
    commands: Sequence[tuple[str, Action | None]]


TOPICS = (
    Topic(
        "start",
        phrase("Starting a scene"),
        phrase(
            "`/roleplay start` brings a character into the channel. Then just write what you say "
            "or do, and it answers. A line in ((double brackets)) stays out of the story."
        ),
        (
            ("roleplay start", Action.START_SCENE),
            ("roleplay stop", Action.END_SCENE),
            ("roleplay resume", Action.END_SCENE),
            ("roleplay status", None),
            ("roleplay restart", Action.RESTART),
            ("help", None),
        ),
    ),
    Topic(
        "lengths",
        phrase("How long replies are"),
        phrase(
            "A length is for the next reply, for every reply to you, or for the whole scene. "
            "⋯ under a reply has it written *Shorter* or *Longer*."
        ),
        (("length", None),),
    ),
    Topic(
        "replies",
        phrase("Changing replies"),
        phrase(
            "Under the newest reply ◀ and ▶ show other versions, 🔁 asks for another, and ▶▶ has "
            "it written on. What shows is what the character remembers, also when you edit or "
            "delete a message of yours."
        ),
        (
            ("undo", Action.UNDO),
            ("continue", Action.CONTINUE_REPLY),
            ("talk", Action.TALK),
            ("Edit reply", Action.EDIT_REPLY),
            ("Continue", Action.CONTINUE_REPLY),
            ("Rewind to here", Action.UNDO),
            ("More…", Action.PIN),
            ("Why?", Action.ASK_WHY),
            ("context", Action.LOOK_INSIDE),
            ("scene verify", Action.VERIFY),
        ),
    ),
    Topic(
        "story",
        phrase("Telling the story"),
        phrase("What is told beside the lines that people and characters say."),
        (
            ("narrate", Action.NARRATE),
            ("time", Action.NARRATE),
            ("roll", Action.NARRATE),
            ("impersonate", Action.DRAFT_LINE),
            ("suggest", Action.DRAFT_LINE),
            ("ooc", Action.INSTRUCT),
            ("note", Action.SET_NOTE),
            ("scenario", Action.SET_SCENARIO),
        ),
    ),
    Topic(
        "stories",
        phrase("Keeping stories"),
        phrase("Copies to go back to, threads that tell it another way, and files."),
        (
            ("roleplay branch", Action.BRANCH),
            ("roleplay save", Action.SAVE),
            ("roleplay load", Action.LOAD),
            ("roleplay delete-save", Action.SAVE),
            ("roleplay scenes", None),
            ("roleplay export", Action.EXPORT),
            ("roleplay import", Action.IMPORT),
        ),
    ),
    Topic(
        "characters",
        phrase("Who plays"),
        phrase(
            "Up to six characters play in one scene. Bring your own along as a card of another "
            "program, or make one up."
        ),
        (
            ("roleplay add", Action.SET_CAST),
            ("roleplay remove", Action.SET_CAST),
            ("roleplay cast", None),
            ("scene reply", Action.SET_REPLY_MODE),
            ("scene banter", Action.SET_BANTER),
            ("scene guard", Action.SET_GUARD),
            ("character" + ALL_OF, None),
        ),
    ),
    Topic(
        "lore",
        phrase("What characters know"),
        phrase("An entry of lore is told to the character when one of its words comes up."),
        (("lore" + ALL_OF, Action.EDIT_LORE),),
    ),
    Topic(
        "personas",
        phrase("Whom you play"),
        phrase("A persona has a name, a description that characters know, and a picture."),
        (("persona" + ALL_OF, None),),
    ),
    Topic(
        "privacy",
        phrase("What is stored, and staying safe"),
        phrase(
            "Only channels with a scene are stored, on this bot's own server. Nothing is used for "
            "training. What you delete is deleted there, too."
        ),
        (("privacy" + ALL_OF, None), ("safety" + ALL_OF, None), ("report", None)),
    ),
    Topic(
        "settings",
        phrase("Managing the bot here"),
        phrase("Where I may be played with, and by whom; for those who may manage the server."),
        (("settings" + ALL_OF, Action.CHANGE_SETTINGS), ("doctor", Action.EXAMINE)),
    ),
)


def overview(member: Member) -> Paragraphs:
    """What there is to be asked about."""
    lines: list[str] = [
        phrase("I play characters: start a scene, write, and the character answers."),
        *(f"`/help {topic.name}` · {topic.title}" for topic in _for(member)),
    ]
    return Paragraphs(_beginning_with_why_not(member, lines))


def page(
    topic: Topic, described: Mapping[str, str], member: Member, scene: SceneHead | None
) -> Paragraphs:
    """All about a topic that *member* may do; the rest is only named.

    Args:
        described: what each command does, by its whole name; others are left out.
    """
    lines: list[str] = [phrase("**{title}**", title=topic.title), topic.intro]
    others = []
    for name, action in _rows(topic, described):
        if action is None or _may(action, member, scene):
            does = MENUS.get(name) or described[name]
            lines.append(phrase("{command}: {does}", command=_shown(name), does=does))
        else:
            others.append(_shown(name))
    if others:
        lines.append(phrase("-# Not for you here: {commands}", commands=", ".join(others)))
    return Paragraphs(_beginning_with_why_not(member, lines))


def find_topic(name: str) -> Topic | None:
    """The topic called *name*, or one with a command of that name."""
    wanted = name.strip().removeprefix("/").lower()
    for topic in TOPICS:
        if topic.name == wanted:
            return topic
    for topic in TOPICS:
        for command, _ in topic.commands:
            if wanted and command.lower().removesuffix(ALL_OF) in (wanted, wanted.split()[0]):
                return topic
    return None


def covers(pattern: str, command: str) -> bool:
    """Whether a row of a topic is about *command*."""
    group = pattern.removesuffix(ALL_OF)
    return command == group or (group != pattern and command.startswith(f"{group} "))


def _rows(topic: Topic, described: Mapping[str, str]) -> Iterator[tuple[str, Action | None]]:
    for pattern, action in topic.commands:
        for name in described:
            if covers(pattern, name):
                yield name, action


def _may(action: Action, member: Member, scene: SceneHead | None) -> bool:
    """As `may`, of replies to the member; where no scene is, of one that they would start."""
    if may(action, member, scene, (member.user,)):
        return True
    would_own = scene is None and may(Action.START_SCENE, member, None)
    return would_own and action not in FOR_ADMINS | {Action.EDIT_SERVER_LORE}


def _for(member: Member) -> Iterator[Topic]:
    for topic in TOPICS:
        if any(action not in FOR_ADMINS for _, action in topic.commands) or member.can_administer:
            yield topic


def _beginning_with_why_not(member: Member, lines: Sequence[str]) -> Sequence[str]:
    return [member.barred, *lines] if member.barred else lines


def _shown(name: str) -> str:
    return f"*Apps → {name}*" if name in MENUS else f"`/{name}`"
