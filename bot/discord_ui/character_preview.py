"""A character as a member is shown it, before or after it is kept."""

from collections.abc import Sequence
from io import BytesIO

import discord
from discord.utils import escape_markdown

from bot.core.cards.card import Card
from bot.core.characters import Character, Rating
from bot.core.macros import Macros
from bot.core.plain_text import plain, shortened
from bot.core.roster import Choice, Viewer, Visibility
from bot.services.card_desk import Preview

ABOUT_CHARACTERS = 300
NOTES_CHARACTERS = 1_000
LIST_CHARACTERS = 1_900
PORTRAIT_NAME = "portrait.png"

FOR_WHOM = {Rating.EVERYONE: "everyone", Rating.ADULT: "adults"}
SEEN_BY = {Visibility.ME: "you alone", Visibility.SERVER: "this server"}
ADULTS_ONLY = "In age-restricted channels only."
NEVER_ADULT = "Never in an age-restricted channel: it is described as under 18."


def shown_preview(preview: Preview) -> discord.Embed:
    """What is known of a member's character."""
    card, entry = preview.card, preview.entry
    embed = _titled(card.name, card.creator_notes or card.description)
    about = "" if preview.is_exact else "about "
    embed.add_field(name="For", value=FOR_WHOM[entry.rating])
    embed.add_field(name="Seen by", value=SEEN_BY[entry.visibility])
    embed.add_field(name="Size", value=f"{about}{preview.tokens:,} tokens of every prompt")
    embed.add_field(name="Brings", value=_brings(card))
    _tell_where(embed, entry.rating, is_minor=entry.is_minor)
    if preview.notes:
        embed.add_field(name="Mended, or left out", value=_noted(preview.notes), inline=False)
    return embed


def shown_character(character: Character) -> discord.Embed:
    """What is known of one of the host's."""
    embed = _titled(character.name, character.tagline or character.persona)
    embed.add_field(name="For", value=FOR_WHOM[character.rating])
    embed.add_field(name="Seen by", value="everybody")
    embed.add_field(name="Greetings", value=str(len(character.greetings)))
    _tell_where(embed, character.rating, is_minor=character.is_minor)
    return embed


def portrait_of(picture: bytes | None) -> Sequence[discord.File]:
    """The portrait as a file beside the embed, if there is one."""
    return [discord.File(BytesIO(picture), PORTRAIT_NAME)] if picture else []


def listed(choices: Sequence[Choice], viewer: Viewer) -> str:
    """Everybody whom *viewer* may choose, by whose they are, as far as a message goes."""
    groups = (
        ("Yours", [each for each in choices if each.owner == viewer.user]),
        ("This server's", [each for each in choices if each.owner not in (None, viewer.user)]),
        ("The host's", [each for each in choices if each.owner is None]),
    )
    lines: list[str] = []
    left = 0
    for title, members in groups:
        for number, choice in enumerate(members):
            head = [f"**{title}**"] if number == 0 else []
            if len("\n".join([*lines, *head, _line(choice)])) > LIST_CHARACTERS:
                left += 1
            else:
                lines += [*head, _line(choice)]
    if left:
        lines.append(f"… and {left} more. Type a part of a name at `/character show`.")
    return "\n".join(lines) or "There are no characters."


def _line(choice: Choice) -> str:
    marks = " · adults" if choice.rating is Rating.ADULT else ""
    about = f": {escape_markdown(shortened(choice.tagline, 80))}" if choice.tagline else ""
    return f"- {escape_markdown(plain(choice.name))}{marks}{about}"


def _titled(name: str, about: str) -> discord.Embed:
    about = Macros(name, "you")(about)
    text = escape_markdown(shortened(about, ABOUT_CHARACTERS))
    return discord.Embed(title=escape_markdown(shortened(name, 80)), description=text or None)


def _tell_where(embed: discord.Embed, rating: Rating, *, is_minor: bool) -> None:
    if rating is Rating.ADULT or is_minor:
        where = NEVER_ADULT if is_minor else ADULTS_ONLY
        embed.add_field(name="Plays", value=where, inline=False)


def _brings(card: Card) -> str:
    book = card.character_book
    counted = (
        (len(card.greetings), "greeting", "greetings"),
        (len(book.entries) if book else 0, "lore entry", "lore entries"),
    )
    return ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in counted)


def _noted(notes: Sequence[str]) -> str:
    lines = [f"- {shortened(note, 200)}" for note in notes]
    while len("\n".join(lines)) > NOTES_CHARACTERS - 20:
        lines.pop()
    if more := len(notes) - len(lines):
        lines.append(f"- … and {more} more")
    return "\n".join(lines)
