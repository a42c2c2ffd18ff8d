"""The local guild: who lives there and which channels it has.

Ids are fixed, so that links, settings and saved stories outlive a restart.
The standing world is built by `found`; threads, direct messages and changes
to channels are kept in the journal on top of it.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bot.playground.journal import Journal
from bot.playground.refusals import unknown
from bot.playground.rights import Right

_BASE = 1_200_000_000_000_000_000
GUILD_ID = _BASE + 1
BOT_ID = _BASE + 2
"""The application's id as well."""
MARA_ID, TOM_ID, ANN_ID = _BASE + 11, _BASE + 12, _BASE + 13
PLAYER_ROLE_ID, KEEPER_ROLE_ID, BOT_ROLE_ID = _BASE + 21, _BASE + 22, _BASE + 23
TAVERN_ID, HARBOUR_ID, ADULTS_ID = _BASE + 31, _BASE + 32, _BASE + 33
STORIES_ID, ASSETS_ID = _BASE + 34, _BASE + 35

TEXT, DIRECT, PUBLIC_THREAD, PRIVATE_THREAD, FORUM = 0, 1, 11, 12, 15
THREAD_TYPES = (10, PUBLIC_THREAD, PRIVATE_THREAD)

_EVERYONE = (
    Right.VIEW_CHANNEL
    | Right.SEND_MESSAGES
    | Right.SEND_MESSAGES_IN_THREADS
    | Right.CREATE_PUBLIC_THREADS
    | Right.EMBED_LINKS
    | Right.ATTACH_FILES
    | Right.READ_MESSAGE_HISTORY
    | Right.ADD_REACTIONS
    | Right.EXTERNAL_EMOJIS
    | Right.CHANGE_NICKNAME
    | Right.USE_APPLICATION_COMMANDS
)
_KEEPER = (
    Right.MANAGE_MESSAGES
    | Right.MANAGE_GUILD
    | Right.MANAGE_CHANNELS
    | Right.MANAGE_ROLES
    | Right.MANAGE_WEBHOOKS
    | Right.MANAGE_THREADS
    | Right.PIN_MESSAGES
    | Right.MENTION_EVERYONE
)
_BOT = 309_774_896_192
"""What the invitation link of a roleplay bot asks for."""


@dataclass(frozen=True, slots=True)
class User:
    """An account."""

    id: int
    username: str
    global_name: str | None
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the guild; the one with the guild's id is @everyone."""

    id: int
    name: str
    permissions: int
    position: int
    color: int = 0
    bot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A user in the guild."""

    user_id: int
    role_ids: tuple[int, ...] = ()
    silent_until: str | None = None
    """The end of a time-out, as Discord writes times."""


@dataclass(frozen=True, slots=True)
class Overwrite:
    """A channel's exception for a role (kind 0) or a member (kind 1)."""

    id: int
    kind: int
    allow: int
    deny: int


@dataclass(slots=True)
class Channel:
    """A channel of any type, threads and direct messages included."""

    id: int
    type: int
    name: str
    position: int = 0
    topic: str | None = None
    nsfw: bool = False
    parent_id: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    recipients: tuple[int, ...] = ()
    owner_id: int = 0
    last_message_id: int = 0
    message_count: int = 0
    member_ids: list[int] = field(default_factory=list)
    archived: bool = False
    locked: bool = False
    auto_archive_minutes: int = 4320
    slowmode_s: int = 0

    @property
    def is_thread(self) -> bool:
        return self.type in THREAD_TYPES

    @property
    def is_direct(self) -> bool:
        return self.type == DIRECT


ENGLISH = "en-US"


class World:
    """Users, roles, members and channels; keeps what changes in the journal."""

    guild_id = GUILD_ID
    guild_name = "The Green Lantern"
    owner_id = ANN_ID
    bot_id = BOT_ID

    def __init__(self, journal: Journal, *, bot_name: str = "ZephRP") -> None:
        self._journal = journal
        self.users = {user.id: user for user in _users(bot_name)}
        self.roles = {role.id: role for role in _roles(bot_name)}
        self.members = {member.user_id: member for member in _members()}
        self.channels = {channel.id: channel for channel in _channels()}
        self.languages: dict[int, str] = {}
        self.language = ENGLISH
        for key, body in journal.all("channel"):
            if body is None:
                self.channels.pop(key, None)
            else:
                self.channels[key] = _channel_from(body)

    def channel(self, channel_id: int) -> Channel:
        """Find a channel.

        Raises:
            Refusal: there is none with this id.
        """
        found = self.channels.get(channel_id)
        if found is None:
            raise unknown("Channel")
        return found

    def user(self, user_id: int) -> User:
        """Find a user.

        Raises:
            Refusal: there is none with this id.
        """
        found = self.users.get(user_id)
        if found is None:
            raise unknown("User")
        return found

    def keep(self, channel: Channel) -> None:
        """Add a channel, or remember what changed in one."""
        self.channels[channel.id] = channel
        self._journal.put("channel", channel.id, asdict(channel))

    def drop(self, channel: Channel) -> None:
        """Take a channel away for good, together with its threads."""
        for thread in list(self.threads(channel.id)):
            self.drop(thread)
        self.channels.pop(channel.id, None)
        # A channel of the standing world must stay away after a restart.
        self._journal.put("channel", channel.id, None)

    def threads(self, parent_id: int | None = None) -> Iterator[Channel]:
        """Every thread, or those of one channel."""
        for channel in self.channels.values():
            if channel.is_thread and parent_id in (None, channel.parent_id):
                yield channel

    def direct(self, user_id: int, channel_id: int) -> Channel:
        """Find the direct messages between a member and the bot, or open them as *channel_id*."""
        for channel in self.channels.values():
            if channel.is_direct and user_id in channel.recipients:
                return channel
        self.user(user_id)
        opened = Channel(channel_id, DIRECT, "", recipients=(self.bot_id, user_id))
        self.keep(opened)
        return opened

    def set_roles(self, user_id: int, role_ids: tuple[int, ...]) -> None:
        """Give a member other roles, for as long as the process lives."""
        self.members[user_id] = replace(self.members[user_id], role_ids=role_ids)

    def time_out(self, user_id: int, until: str | None) -> None:
        """Put a member under time-out, or end it, for as long as the process lives."""
        self.members[user_id] = replace(self.members[user_id], silent_until=until)

    def language_of(self, user_id: int) -> str:
        """The locale that a member's client is set to."""
        return self.languages.get(user_id, ENGLISH)

    def is_adult(self, channel: Channel) -> bool:
        """Whether the channel is age-restricted; a thread takes its parent's mark."""
        home = self.channels[channel.parent_id] if channel.is_thread else channel
        return home.nsfw


def _users(bot_name: str) -> tuple[User, ...]:
    return (
        User(BOT_ID, bot_name, None, bot=True),
        User(MARA_ID, "mara", "Mara"),
        User(TOM_ID, "tom", "Tom"),
        User(ANN_ID, "ann", "Ann"),
    )


def _roles(bot_name: str) -> tuple[Role, ...]:
    return (
        Role(GUILD_ID, "@everyone", _EVERYONE, 0),
        Role(PLAYER_ROLE_ID, "Player", 0, 1, 0x4FA37A),
        Role(BOT_ROLE_ID, bot_name, _BOT, 2, bot_id=BOT_ID),
        Role(KEEPER_ROLE_ID, "Keeper", _KEEPER, 3, 0xD9A441),
    )


def _members() -> tuple[Member, ...]:
    return (
        Member(BOT_ID, (BOT_ROLE_ID,)),
        Member(MARA_ID, (PLAYER_ROLE_ID,)),
        Member(TOM_ID, (PLAYER_ROLE_ID,)),
        Member(ANN_ID, (KEEPER_ROLE_ID,)),
    )


def _channels() -> tuple[Channel, ...]:
    hidden = {
        GUILD_ID: Overwrite(GUILD_ID, 0, 0, Right.VIEW_CHANNEL),
        BOT_ROLE_ID: Overwrite(BOT_ROLE_ID, 0, Right.VIEW_CHANNEL, 0),
    }
    return (
        Channel(TAVERN_ID, TEXT, "tavern", 0, "Stories by the fire"),
        Channel(HARBOUR_ID, TEXT, "harbour", 1, "Ships, fog and rumours"),
        Channel(ADULTS_ID, TEXT, "adults-only", 2, "Age-restricted", nsfw=True),
        Channel(STORIES_ID, FORUM, "stories", 3, "One post, one story"),
        Channel(ASSETS_ID, TEXT, "bot-assets", 4, "Portraits", overwrites=hidden),
    )


def _channel_from(body: dict[str, Any]) -> Channel:
    overwrites = {int(key): Overwrite(**value) for key, value in body.pop("overwrites").items()}
    return Channel(
        **{**body, "overwrites": overwrites, "recipients": tuple(body["recipients"])},
    )
