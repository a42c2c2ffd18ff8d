"""Who may do what in a channel, by Discord's rules."""

from collections.abc import Sequence

from bot.playground.refusals import Refusal, missing_access, missing_permissions
from bot.playground.rights import Right
from bot.playground.world import Channel, World

EVERYTHING = (1 << 53) - 1
_DIRECT = (
    Right.VIEW_CHANNEL
    | Right.SEND_MESSAGES
    | Right.READ_MESSAGE_HISTORY
    | Right.ADD_REACTIONS
    | Right.EMBED_LINKS
    | Right.ATTACH_FILES
    | Right.PIN_MESSAGES
    | Right.USE_APPLICATION_COMMANDS
)
_IN_TIME_OUT = Right.VIEW_CHANNEL | Right.READ_MESSAGE_HISTORY


def rights(world: World, user_id: int, channel: Channel) -> int:
    """Compute the permission bits of *user_id* in *channel*; a thread takes its parent's."""
    if channel.is_direct:
        return _DIRECT if user_id in channel.recipients else 0
    member = world.members.get(user_id)
    if member is None:
        return 0
    home = world.channels[channel.parent_id] if channel.is_thread else channel
    base = guild_rights(world, user_id)
    if base == EVERYTHING:
        return base
    allowed = _overwritten(base, home, [world.guild_id], [*member.role_ids], user_id)
    if member.silent_until is not None:
        allowed &= _IN_TIME_OUT
    if not allowed & Right.VIEW_CHANNEL:
        return 0
    send = Right.SEND_MESSAGES_IN_THREADS if channel.is_thread else Right.SEND_MESSAGES
    if not allowed & send:
        allowed &= ~(Right.EMBED_LINKS | Right.ATTACH_FILES | Right.MENTION_EVERYONE)
    return allowed


def guild_rights(world: World, user_id: int) -> int:
    """Compute the permission bits that a member's roles give, before any channel."""
    member = world.members.get(user_id)
    if member is None:
        return 0
    if user_id == world.owner_id:
        return EVERYTHING
    base = world.roles[world.guild_id].permissions
    for role_id in member.role_ids:
        base |= world.roles[role_id].permissions
    if base & Right.ADMINISTRATOR:
        return EVERYTHING
    return base & _IN_TIME_OUT if member.silent_until is not None else base


def _overwritten(
    base: int, channel: Channel, everyone: Sequence[int], roles: Sequence[int], user_id: int
) -> int:
    # Discord's order: @everyone, then all roles together, then the member.
    for targets in (everyone, roles, [user_id]):
        found = [channel.overwrites[target] for target in targets if target in channel.overwrites]
        for overwrite in found:
            base &= ~overwrite.deny
        for overwrite in found:
            base |= overwrite.allow
    return base


def may_send(world: World, user_id: int, channel: Channel) -> bool:
    """Whether *user_id* may write in *channel*."""
    return _refusal(world, user_id, channel, send_right(channel)) is None


def send_right(channel: Channel) -> Right:
    """The right that writing in *channel* takes."""
    return Right.SEND_MESSAGES_IN_THREADS if channel.is_thread else Right.SEND_MESSAGES


def require(world: World, user_id: int, channel: Channel, *needed: Right) -> None:
    """Refuse unless *user_id* has every right needed in *channel*.

    Raises:
        Refusal: 50001 when the channel cannot be seen, else 50013.
    """
    for right in (Right.VIEW_CHANNEL, *needed):
        refusal = _refusal(world, user_id, channel, right)
        if refusal is not None:
            raise refusal


def _refusal(world: World, user_id: int, channel: Channel, right: Right) -> Refusal | None:
    held = rights(world, user_id, channel)
    if not held & Right.VIEW_CHANNEL:
        return missing_access()
    return None if held & right else missing_permissions()
