"""The keys of the store. Every key begins with `rp:`.

`{C}` is a channel's id in braces: a hash tag, which keeps all keys of one
channel on one node of a Redis Cluster, as a script that touches them needs.
A change of a channel sets the expiry of all its keys anew (one that every turn
makes, once a tenth of it is over), so they vanish together once the channel has
been silent for the store's *ttl*, or for what its guild has chosen.

A scene of an earlier schema is read as it is; the first change makes it one of
this schema, and a process of the earlier version then reads it, but refuses to
change it, as this one does with later schemas. Since

    1  the first
    2  `seen`, what was written of a reply and the post under way, parts of
       replies, messages deleted early, `in_guild`; work and lease stand in
       {C}:meta

    key             type    content                                       expires
    --------------  ------  --------------------------------------------  -------
    rp:{C}:meta     HASH    the scene's head, and:                        ttl
                              `sv`     version of this schema
                              `ver`    grows with every change
                              `wide`   keeps Redis from packing the hash
                              `floor`  highest turn id ever trimmed
                              `keep_ms` instead of ttl, where its
                                       guild has chosen that
                              `seen`   up to here all was taken notice of
                              `tag`    another after every change of the
                                       turns, or none
                              `holder`, `until_ms` of the lease, by
                                       Redis' clock, and
                              `fence`, which is higher for every new
                                       holder and stays when it is over
                              `reply`, `trigger`, `claimed_ms`,
                                       `continues` (its kind),
                                       `speaker`, `shown_in` (message
                                       ids, comma separated), `written`,
                                       `tokens` and `posting` (a mark) of
                                       the reply in the making
                              `revives` 1 if that was deleted before and
                                       may be stored again
                              `early`  1 if {C}:gone may have anything
                              `deletion` name of the last deletion and
                                       what it answered
                              `applied` name of the last `apply`
                              `listed` users whose index names this
                                       channel (ids, comma separated);
                                       not there in scenes that an
                                       earlier version began
                              `in_guild` 1 if its guild's index names
                                       this channel; as above
    rp:{C}:turns    HASH    turn id -> record (JSON, see records.py);     ttl
                            "" is a tombstone of a deleted turn
    rp:{C}:order    LIST    turn ids ascending, tombstones included;      ttl
                            never longer than the store's *keep*
    rp:{C}:shown    HASH    Discord message id -> id of the turn it       ttl
                            shows a part of; not those of members, whose
                            message names the turn
    rp:{C}:work     HASH    of the first schema: the reply in the making  ttl
    rp:{C}:players  HASH    user id -> name they wrote under last         ttl
    rp:{C}:gone     LIST    messages deleted while they showed no stored  ttl
                            turn, the newest 256: what they show may
                            still come, and stays away then
    rp:{C}:owed     SET     messages that have to leave the screen        ttl
    rp:{C}:saves    HASH    name -> a copy of the story (JSON): `head`,   ttl
                            `players`, `turns` (records), `at_ms`
    rp:{C}:undo     STRING  what takes the last change back (JSON):       10 min
                            `name`, `head`, `players`, `put` (records),
                            `drop`, `owed`, `until_ms`, `back`
    rp:{C}:lore     HASH    name -> a lorebook of the channel (JSON, as   ttl, also
                            V2's `character_book`)                        when read
    rp:{C}:lease    HASH    `owner`, `until_ms` and `fence`, where no     the lease,
                            scene is; and of the first schema             at least
                                                                          60 s
    rp:live         HASH    channel id -> random token: every channel     never
                            with a live scene, and maybe more; a reader
                            drops what is not live
    rp:c:{K}        HASH    character ~K of a member (see characters.py): a year
                              `owner`, `guild`, `name`, `tagline`,        after its
                              `rating`, `minor`, `at_ms`, `ver`,          last use;
                              `retired`, and in base64 `raw` (the card,   retired:
                              packed), `picture`, `face`; `file`          ttl
    rp:reloads      STRING  how often the host's files were read again;   never
                            who knows another number reads them, too
    rp:u:{U}:characters                                                   never
                    HASH    K -> when it was written here: every
                            character of user {U}, and maybe more
    rp:g:{G}:characters                                                   never
                    HASH    the same of those that play for guild {G}
    rp:u:{U}:draft  HASH    a character that {U} has not saved yet        1 hour
    rp:g:{G}        HASH    `character`: who plays where none is named    never
    rp:u:{U}        HASH    `length`, `character`: what user {U} chose    never
    rp:u:{U}:personas                                                     never
                    HASH    `personas` and `chosen` of user {U} (JSON),
                            `ver`, which grows with every change, and
                            `write`, the name of the last
    rp:u:{U}:channels                                                     never
                    HASH    channel id -> when it was written here, by
                            Redis' clock in ms: every channel that holds
                            anything of user {U}, and maybe more; a reader
                            drops old ones that hold nothing
    rp:g:{G}:channels                                                     never
                    HASH    channel id -> when it was written here:
                            every channel with a scene in guild {G}, and
                            maybe more, as above
    rp:g:{G}:lore   HASH    the same of guild {G}                         never
    rp:g:{G}:rules  HASH    `rules`: what its admins have settled (JSON)  never
    rp:g:{G}:welcomed                                                     400 days
                    STRING  "1": guild {G} was told what this bot is
    rp:g:{G}:told                                                         400 days
                    HASH    user id -> when (Unix ms) they were told that
                            stories of guild {G} are stored
    rp:guilds       HASH    guild id -> when it was written here: every   never
                            guild with any of these, and maybe more
    rp:left         HASH    guild id -> when (Unix ms) what is stored of  never
                            a guild that we have left is due to be
                            forgotten; not there once that was done
    rp:refusals     HASH    user id, or user@guild for one guild only ->    never
                            when (Unix ms) they asked not to be stored;
                            `ver`, which grows with every change
    rp:sealing      HASH    `g:` and a guild, `u:` and a user, or `direct`  never
                            -> the key that seals their texts, wrapped
                            under the host's (see sealing.py)
    rp:sealing:dropped:S                                                  1 hour
                    STRING  "1": the key of S, as above, was dropped
    rp:note:NAME    STRING  a note of `NoteStore`                         never
    rp:probe        STRING  "1", written to see whether Redis takes it    60 s
    rp:shard:F:I    STRING  owner of shard I of the bot whose token has   the lease
                            the fingerprint F
    rp:gw:F:I/N     HASH    `id`, `seq` and `url` of the session of shard   180 s
                            I of N with Discord: `seq` is the last event
                            that was dealt with; `owner` may save it
    rp:starts:F:I   HASH    `starts`: sessions of that shard that ended     1 hour
                            soon, in a row; `last_ms`: when the last
                            began, by Redis' clock
"""

from bot.core.scene import ChannelId, GuildId, UserId

SCHEMA_VERSION = 2

LIVE = "rp:live"
GUILDS = "rp:guilds"
LEFT = "rp:left"
REFUSALS = "rp:refusals"
SEALING = "rp:sealing"
PROBE = "rp:probe"
HOST_RELOADS = "rp:reloads"


EVERY_META = "rp:{*}:meta"
EVERY_TOLD = "rp:g:{*}:told"
EVERY_LORE = "rp:*{*}:lore"
EVERY_PERSONAS = "rp:u:{*}:personas"
EVERY_CHARACTER = "rp:c:{*}"


def channel_named(meta: str) -> str:
    """Undo `meta_key`, as far as to the text that should be the channel's id."""
    return meta[len("rp:{") : -len("}:meta")]


def number_in(key: str) -> int | None:
    """The number between a key's braces, whatever it stands for; None if none is there."""
    number = key.partition("{")[2].partition("}")[0]
    return int(number) if number.isascii() and number.isdecimal() else None


def channel_keys(channel: ChannelId) -> tuple[str, ...]:
    """All keys of *channel*, in the order that every script expects."""
    tag = f"rp:{{{channel}}}"
    return (
        f"{tag}:meta",
        f"{tag}:turns",
        f"{tag}:order",
        f"{tag}:shown",
        f"{tag}:work",
        f"{tag}:players",
        f"{tag}:gone",
        f"{tag}:lease",
        f"{tag}:owed",
        f"{tag}:saves",
        f"{tag}:undo",
    )


def meta_key(channel: ChannelId) -> str:
    """Where the head of *channel*'s scene is."""
    return channel_keys(channel)[0]


def turns_key(channel: ChannelId) -> str:
    """Where the turns of *channel*'s scene are."""
    return channel_keys(channel)[1]


def work_key(channel: ChannelId) -> str:
    """Where *channel*'s reply in the making is."""
    return channel_keys(channel)[4]


def lease_key(channel: ChannelId) -> str:
    """Where *channel*'s lease is while no scene of this schema is there."""
    return channel_keys(channel)[7]


def owed_key(channel: ChannelId) -> str:
    """Where it is kept which messages of *channel* have to leave the screen."""
    return channel_keys(channel)[8]


def saves_key(channel: ChannelId) -> str:
    """Where the copies of *channel*'s stories are."""
    return channel_keys(channel)[9]


def undo_key(channel: ChannelId) -> str:
    """Where it is kept how *channel*'s last change is taken back."""
    return channel_keys(channel)[10]


def user_key(user: UserId) -> str:
    """Where the choices of *user* are."""
    return f"rp:u:{{{user}}}"


def personas_key(user: UserId) -> str:
    """Where the personas of *user* are."""
    return f"{user_key(user)}:personas"


def user_channels_key(user: UserId) -> str:
    """Where it is kept which channels hold anything of *user*."""
    return f"{user_key(user)}:channels"


def character_key(number: int) -> str:
    """Where the character of a member with that number is."""
    return f"rp:c:{{{number}}}"


def user_characters_key(user: UserId) -> str:
    """Where it is kept which characters are *user*'s."""
    return f"{user_key(user)}:characters"


def guild_characters_key(guild: GuildId) -> str:
    """Where it is kept which characters play for everybody in *guild*."""
    return f"{guild_key(guild)}:characters"


def draft_key(user: UserId) -> str:
    """Where the character is that *user* has not saved yet."""
    return f"{user_key(user)}:draft"


def guild_key(guild: GuildId) -> str:
    """Where the choices of *guild* are."""
    return f"rp:g:{{{guild}}}"


def guild_channels_key(guild: GuildId) -> str:
    """Where it is kept in which channels of *guild* scenes play."""
    return f"rp:g:{{{guild}}}:channels"


def channel_lore_key(channel: ChannelId) -> str:
    """Where the lorebooks of *channel* are."""
    return f"rp:{{{channel}}}:lore"


def guild_lore_key(guild: GuildId) -> str:
    """Where the lorebooks of *guild* are."""
    return f"rp:g:{{{guild}}}:lore"


def guild_told_key(guild: GuildId) -> str:
    """Where it is kept who was told that stories of *guild* are stored."""
    return f"{guild_key(guild)}:told"


def guild_welcomed_key(guild: GuildId) -> str:
    """Where it is kept that *guild* was welcomed."""
    return f"{guild_key(guild)}:welcomed"


def guild_rules_key(guild: GuildId) -> str:
    """Where it is what the admins of *guild* have settled."""
    return f"rp:g:{{{guild}}}:rules"


def shard_key(token_fingerprint: str, shard: int) -> str:
    """Where the owner of *shard* is."""
    return f"rp:shard:{token_fingerprint}:{shard}"


def session_key(token_fingerprint: str, shard: int, of: int) -> str:
    """Where it is kept how far *shard*, one *of* so many, has heard Discord."""
    return f"rp:gw:{token_fingerprint}:{shard}/{of}"


def starts_key(token_fingerprint: str, shard: int) -> str:
    """Where it is counted how often *shard* began a session in vain."""
    return f"rp:starts:{token_fingerprint}:{shard}"


def dropped_key(scope: str) -> str:
    """Where it is kept that the key of *scope* was dropped."""
    return f"{SEALING}:dropped:{scope}"


def note_key(name: str) -> str:
    """Where the note called *name* is."""
    return f"rp:note:{name}"
