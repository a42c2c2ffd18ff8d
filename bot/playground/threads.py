"""Starting threads and forum posts, by the bot or by members."""

from dataclasses import dataclass

from bot.playground.bodies import Body
from bot.playground.messages import HAS_THREAD, Message
from bot.playground.refusals import Refusal, invalid
from bot.playground.site import Site
from bot.playground.world import FORUM, PRIVATE_THREAD, PUBLIC_THREAD, TEXT, Channel

_NAME_CHARS = 100
_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
_CREATED, _STARTER = 18, 21


@dataclass(frozen=True, slots=True)
class ThreadPlan:
    """What a thread is to be."""

    name: str
    owner_id: int
    from_message: int | None = None
    opening: Body | None = None
    """The first message; a forum post needs one."""
    kind: int = PUBLIC_THREAD
    archive_minutes: int = 4320


def start_thread(
    site: Site, parent: Channel, plan: ThreadPlan, opener: Message | None = None
) -> tuple[Channel, Message | None]:
    """Start a thread; returns it with its opening message, if it has one.

    *opener* is the draft of that message, for one that a webhook posts.

    Raises:
        Refusal: the name, the place or the opening message breaks a rule.
    """
    _check(site, parent, plan)
    thread = Channel(
        plan.from_message or site.snowflakes.mint(),
        plan.kind,
        plan.name.strip(),
        parent_id=parent.id,
        owner_id=plan.owner_id,
        member_ids=[plan.owner_id],
        auto_archive_minutes=plan.archive_minutes,
    )
    site.world.keep(thread)
    site.broadcast.channel("THREAD_CREATE", thread, is_new=True)
    if plan.from_message is not None:
        _hang_on(site, parent, thread)
    elif parent.type == TEXT and plan.kind == PUBLIC_THREAD:
        _announce(site, parent, thread)
    if plan.opening is None:
        return thread, None
    draft = opener or Message(0, thread.id, plan.owner_id)
    try:
        first = site.postings.post(thread, plan.opening, draft)
    except Refusal:
        site.world.drop(thread)
        site.broadcast.channel("THREAD_DELETE", thread)
        raise
    return thread, first


def _check(site: Site, parent: Channel, plan: ThreadPlan) -> None:
    if parent.type not in (TEXT, FORUM):
        raise Refusal(400, 50024, "Cannot execute action on this channel type")
    if not 0 < len(plan.name.strip()) <= _NAME_CHARS:
        raise invalid(name=f"Must be between 1 and {_NAME_CHARS} in length.")
    if plan.archive_minutes not in _ARCHIVE_MINUTES:
        raise invalid(auto_archive_duration=f"Value must be one of {_ARCHIVE_MINUTES}.")
    if parent.type == FORUM and plan.opening is None:
        raise invalid(message="This field is required")
    if parent.type == FORUM and plan.kind == PRIVATE_THREAD:
        raise invalid(type="A post in a forum is public.")
    if plan.from_message is not None:
        site.messages.get(parent.id, plan.from_message)
        if plan.from_message in site.world.channels:
            raise Refusal(400, 160004, "A thread has already been created for this message")


def _hang_on(site: Site, parent: Channel, thread: Channel) -> None:
    start = site.messages.get(parent.id, thread.id)
    start.flags |= HAS_THREAD
    site.postings.touch(start)
    site.postings.note(
        thread,
        Message(
            0,
            thread.id,
            thread.owner_id,
            type=_STARTER,
            reference={
                "guild_id": str(site.world.guild_id),
                "channel_id": str(parent.id),
                "message_id": str(start.id),
            },
        ),
    )


def _announce(site: Site, parent: Channel, thread: Channel) -> None:
    note = Message(
        0,
        parent.id,
        thread.owner_id,
        thread.name,
        _CREATED,
        reference={"guild_id": str(site.world.guild_id), "channel_id": str(thread.id)},
    )
    site.postings.note(parent, note)
