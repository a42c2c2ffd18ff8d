"""Who may do what: a row for every command, menu, button, select and form that there is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from bot.core.rights import Action
from bot.core.scene import MessageId, player_turn_id, reply_turn_id
from bot.core.story_acts import text_stamp

LINE, REPLY = 3_000_000_000_000_000_001, 3_000_000_000_000_000_002
"""The messages of the scene's only line and its reply."""
SAID = "Welcome aboard."
UNDONE = "777"
"""Under which something was taken back in the channel of that name."""
_TURN = reply_turn_id(player_turn_id(MessageId(LINE)))
_STAMP = text_stamp(SAID)

OWN = "it is a member's own, and nothing of a story"
SHOWS = "it shows what everybody in the channel sees, or changes nothing"
EVERYBODY = "it is for everybody, kept out or not"
OFFERS = "it offers what asks for rights of its own"


class Story(Enum):
    """What has happened to it."""

    USUAL = auto()
    TAKEN_BACK = auto()
    MARKED = auto()


@dataclass(frozen=True, slots=True)
class Row:
    """Something that members use.

    Attributes:
        name: of a command or menu; of a button, select or form its class.
        needs: the right to it; None where none is needed, and `why` says why.
        options: of a command.
        custom_id: of a button, select or form, as one stands under a message.
        values: what is chosen in a select.
        story: as it has to be for that.
    """

    name: str
    needs: Action | None
    why: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    custom_id: str = ""
    values: tuple[str, ...] = ()
    story: Story = Story.USUAL

    def __str__(self) -> str:
        more = [*map(str, self.options.values()), *self.values]
        return " ".join([self.name, self.custom_id, *more]).strip()


COMMANDS = (
    Row("roleplay start", Action.START_SCENE),
    Row("roleplay stop", Action.END_SCENE),
    Row("roleplay resume", Action.END_SCENE),
    Row("roleplay status", None, SHOWS),
    Row("roleplay restart", Action.RESTART),
    Row("roleplay branch", Action.BRANCH),
    Row("roleplay save", Action.SAVE),
    Row("roleplay load", Action.LOAD),
    Row("roleplay delete-save", Action.SAVE),
    Row("roleplay scenes", None, SHOWS),
    Row("roleplay export", Action.EXPORT),
    Row("roleplay import", Action.IMPORT),
    Row("roleplay add", Action.SET_CAST),
    Row("roleplay remove", Action.SET_CAST),
    Row("roleplay cast", None, SHOWS),
    Row("length", None, SHOWS),
    Row("length", Action.SET_SCENE_LENGTH, options={"step": "long"}),
    Row("length", Action.RETRY_REPLY, options={"step": "long", "for": "next"}),
    Row("length", None, OWN, options={"step": "long", "for": "me"}),
    Row("scene guard", Action.SET_GUARD),
    Row("scene reply", Action.SET_REPLY_MODE),
    Row("scene banter", Action.SET_BANTER),
    Row("scene verify", Action.VERIFY),
    Row("context", Action.LOOK_INSIDE),
    Row("narrate", Action.NARRATE),
    Row("time", Action.NARRATE),
    Row("roll", Action.NARRATE, options={"dice": "1d6"}),
    Row("note", Action.SET_NOTE),
    Row("note", Action.SET_NOTE, options={"text": "Rain"}),
    Row("scenario", None, SHOWS),
    Row("scenario", Action.SET_SCENARIO, options={"text": "Rain"}),
    Row("ooc", Action.INSTRUCT),
    Row("ooc", Action.INSTRUCT, options={"text": "Short"}),
    Row("impersonate", Action.DRAFT_LINE),
    Row("suggest", Action.DRAFT_LINE),
    Row("undo", Action.UNDO),
    Row("continue", Action.CONTINUE_REPLY),
    Row("talk", Action.TALK),
    Row("persona set", None, OWN, options={"description": "A sailor"}),
    Row("persona set", None, OWN),
    Row("persona use", None, OWN),
    Row("persona show", None, OWN),
    Row("persona list", None, OWN),
    Row("persona clear", None, OWN),
    Row("character import", None, OWN),
    Row("character create", None, OWN),
    Row("character edit", None, OWN),
    Row("character edit", None, OWN, options={"rating": "adult"}),
    Row("character list", None, SHOWS),
    Row("character show", None, SHOWS),
    Row("character export", None, SHOWS),
    Row("character delete", None, OWN),
    Row("character default", None, OWN),
    Row("character default", Action.SHARE_CHARACTERS, options={"for": "server"}),
    Row("character reload", Action.RELOAD_CHARACTERS),
    Row("lore add", Action.EDIT_LORE, options={"text": "Rain"}),
    Row("lore add", Action.EDIT_SERVER_LORE, options={"where": "server"}),
    Row("lore list", Action.EDIT_LORE),
    Row("lore edit", Action.EDIT_LORE),
    Row("lore remove", Action.EDIT_LORE),
    Row("lore remove", Action.EDIT_SERVER_LORE, options={"what": "book:server:Lore"}),
    Row("lore import", Action.EDIT_LORE),
    Row("lore import", Action.EDIT_SERVER_LORE, options={"where": "server"}),
    Row("lore test", Action.EDIT_LORE),
    *(
        Row(f"privacy {each}", None, EVERYBODY)
        for each in ("show", "export", "forget", "optout", "optin")
    ),
    *(Row(f"safety {each}", None, EVERYBODY) for each in ("x", "line", "veil", "list", "remove")),
    Row("help", None, EVERYBODY),
    Row("report", None, EVERYBODY),
    Row("doctor", Action.EXAMINE),
    Row("settings show", Action.SEE_SETTINGS),
    *(
        Row(f"settings {each}", Action.CHANGE_SETTINGS)
        for each in (
            "channels allow",
            "channels deny",
            "channels clear",
            "roles allow",
            "roles deny",
            "roles clear",
            "members block",
            "members unblock",
            "manager",
            "retention",
            "links",
        )
    ),
)

MENUS = (
    Row("Edit reply", Action.EDIT_REPLY),
    Row("Continue", Action.CONTINUE_REPLY),
    Row("Rewind to here", Action.UNDO),
    Row("More…", None, OFFERS),
    Row("Why?", Action.ASK_WHY),
)

ITEMS = (
    Row("StopButton", Action.STOP_REPLY, custom_id=f"stop:1:{_TURN}.0"),
    Row("RetryButton", Action.RETRY_REPLY, custom_id=f"retry:{player_turn_id(MessageId(LINE))}"),
    Row("LengthSelect", Action.SET_SCENE_LENGTH, custom_id="length:scene", values=("long",)),
    Row("LengthSelect", Action.RETRY_REPLY, custom_id="length:next", values=("long",)),
    Row("LengthSelect", None, OWN, custom_id="length:me", values=("long",)),
    Row("PreviousButton", Action.SWIPE, custom_id=f"swipe:prev:{_TURN}"),
    Row("NextButton", Action.SWIPE, custom_id=f"swipe:next:{_TURN}"),
    Row("NewSwipeButton", Action.SWIPE, custom_id=f"swipe:new:{_TURN}"),
    Row("ContinueButton", Action.CONTINUE_REPLY, custom_id=f"continue:{_TURN}"),
    Row("MoreButton", None, OFFERS, custom_id=f"more:{_TURN}"),
    Row("RedoButton", Action.UNDO, custom_id=f"redo:{UNDONE}", story=Story.TAKEN_BACK),
    *(
        Row("ActSelect", needs, custom_id=f"act:{_TURN}", values=(act,), story=story)
        for act, needs, story in (
            ("Shorter", Action.SWIPE, Story.USUAL),
            ("Longer", Action.SWIPE, Story.USUAL),
            ("Edit", Action.EDIT_REPLY, Story.USUAL),
            ("Branch", Action.BRANCH, Story.USUAL),
            ("Pin", Action.PIN, Story.USUAL),
            ("Unpin", Action.PIN, Story.MARKED),
            ("Hide", Action.HIDE, Story.USUAL),
            ("Unhide", Action.HIDE, Story.MARKED),
            ("Delete", Action.DELETE, Story.USUAL),
            ("Why?", Action.ASK_WHY, Story.USUAL),
        )
    ),
    Row("ActSelect", None, SHOWS, custom_id=f"act:{_TURN}", values=("Report",)),
    Row("ClearButton", Action.SET_NOTE, custom_id="clear:note"),
    Row("ClearButton", Action.INSTRUCT, custom_id="clear:instruction"),
    Row("SendButton", Action.DRAFT_LINE, custom_id="draft:send"),
    Row("EditButton", None, OWN, custom_id="draft:edit"),
    Row("AgainButton", Action.DRAFT_LINE, custom_id="draft:again"),
    Row("SuggestionButton", Action.DRAFT_LINE, custom_id="suggest:0"),
    Row("UndoButton", Action.RESTART, custom_id="back:restart 5"),
    Row("KeepButton", None, SHOWS, custom_id="start:resume"),
    Row("KeepButton", None, SHOWS, custom_id="start:cancel"),
    Row("StartOverButton", Action.RESTART, custom_id="start:anew:1:0::clover"),
    Row("ShelfSelect", Action.LOAD, custom_id="shelf:pick", values=("load:dawn",)),
    Row("ShelfSelect", None, SHOWS, custom_id="shelf:pick", values=("go:5",)),
    Row("WhoSelect", Action.IMPORT, custom_id="import:who", values=("clover",)),
    Row("WhoPlaysSelect", Action.START_SCENE, custom_id="start:who:here:0:", values=("clover",)),
    Row("ImportButton", None, OWN, custom_id="character:save:5"),
    Row("ImportButton", None, OWN, custom_id="character:cancel:5"),
    Row("DeleteButton", None, OWN, custom_id="character:delete:5"),
    Row("DeleteButton", None, OWN, custom_id="character:keep:5"),
    Row("ForgetButton", None, EVERYBODY, custom_id="forget:no"),
    Row("ConsentButton", None, EVERYBODY, custom_id="consent:read:9"),
    Row("WelcomeButton", Action.EXAMINE, custom_id="welcome:check"),
    Row("WelcomeButton", Action.START_SCENE, custom_id="welcome:start"),
    Row("PageButton", None, OWN, custom_id="character:page:5:0"),
)

FORMS = (
    Row("EditForm", Action.EDIT_REPLY, custom_id=f"edit:{_TURN}:{_STAMP}", values=("text",)),
    Row("LoreForm", Action.EDIT_LORE, custom_id="lore:edit:channel:0:abc:Lore", values=("text",)),
    Row("DraftForm", None, OWN, custom_id="draft:edited:5", values=("text",)),
    Row("PersonaForm", None, OWN, custom_id="persona:server:Vane", values=("text",)),
    Row("CharacterForm", None, OWN, custom_id="character:new:me:everyone", values=("name",)),
    Row("CharacterForm", None, OWN, custom_id="character:edit:5:1", values=("name",)),
)
