"""Every form that members fill in, in every language that the bot speaks."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.adapters.word_files import LANGUAGES, words_in
from bot.core.lorebook import LoreEntry
from bot.core.personas import Scope
from bot.core.phrases import ENGLISH
from bot.core.scene import MessageId, Role, Turn, player_turn_id
from bot.discord_ui.character_forms import CharacterForm
from bot.discord_ui.edit_form import EditForm
from bot.discord_ui.lore_form import LoreForm
from bot.discord_ui.persona import PersonaForm
from bot.discord_ui.player_lines import DraftForm
from bot.discord_ui.wording import FORM_CHARACTERS, open_form
from bot.services.lorebooks import EntryRef, Where

LABEL = 18
SAME_ANYWHERE = {"Name"}
"""What German, too, calls so."""
FORMS = ("character", "more of a character", "reply", "lore", "persona", "draft")


def form_of(name: str) -> discord.ui.Modal:
    match name:
        case "character":
            return CharacterForm("character:new:me:everyone", "A form", 0)
        case "more of a character":
            return CharacterForm("character:new:me:everyone", "A form", 1)
        case "reply":
            return EditForm(Turn(player_turn_id(MessageId(1)), Role.CHARACTER, "Mira", ("Hello.",)))
        case "lore":
            return LoreForm(EntryRef(Where.CHANNEL, "", 0, "0"), LoreEntry(("kettle",), "It is."))
        case "persona":
            return PersonaForm("Ada", Scope.SERVER, "She hums.")
        case _:
            return DraftForm(MessageId(1), "I bow.")


@dataclass
class Asking:
    """As much of an interaction as a form needs; keeps what it is answered with."""

    locale: str
    sent: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def client(self) -> Any:
        return SimpleNamespace(words_in=words_in)

    @property
    def response(self) -> "Asking":
        return self

    async def send_modal(self, form: discord.ui.Modal) -> None:
        self.sent.append(form.to_dict())


async def fields_in(locale: str, name: str) -> Sequence[Mapping[str, Any]]:
    """The fields of a form, as Discord is sent them."""
    asking = Asking(locale)
    await open_form(cast("discord.Interaction[Any]", asking), form_of(name))
    fields: Sequence[Mapping[str, Any]] = asking.sent[0]["components"]
    return fields


@pytest.mark.parametrize("locale", sorted(LANGUAGES))
@pytest.mark.parametrize("name", FORMS)
async def test_a_form_is_in_the_language_of_its_member(name: str, locale: str) -> None:
    english, there = await fields_in("en-US", name), await fields_in(locale, name)

    words = words_in(locale)
    assert words != ENGLISH
    assert len(there) == len(english) > 0
    for here, meant in zip(there, english, strict=True):
        assert (here["type"], meant["type"]) == (LABEL, LABEL)
        assert here["label"] != meant["label"] or meant["label"] in SAME_ANYWHERE
        assert len(here["label"]) <= FORM_CHARACTERS
        assert here["component"]["custom_id"] == meant["component"]["custom_id"]
        assert not here["component"].get("label")


@pytest.mark.parametrize("name", FORMS)
async def test_a_form_is_made_of_nothing_that_discord_py_is_about_to_drop(name: str) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        await fields_in("de", name)

    assert [str(each.message) for each in told] == []
