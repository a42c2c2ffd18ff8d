"""Follow-ups to interactions: messages written with an interaction's token."""

from aiohttp import web

from bot.playground.bodies import Body, read_body
from bot.playground.interactions import Interaction
from bot.playground.messages import EPHEMERAL, LOADING, Message
from bot.playground.payloads import is_thinking
from bot.playground.postings import EDIT_FIELDS, MESSAGE_FIELDS, require_visible
from bot.playground.refusals import unknown
from bot.playground.rest import answer, nothing, number
from bot.playground.site import Site, site_of

_ORIGINAL = "@original"
_FIELDS = (*MESSAGE_FIELDS, "username", "avatar_url")
_PINGS = ("users",)
"""What an answer pings when nothing is said."""


async def send_followup(request: web.Request) -> web.Response:
    """Post a follow-up; the first one after a deferral becomes the answer itself."""
    site, interaction = _interaction(request)
    body = await read_body(request, _FIELDS)
    original = _original(site, interaction)
    if original is not None and is_thinking(original):
        # Ephemeral or not was decided by the deferral.
        flags = int(body.fields.pop("flags", 0) or 0)
        body.fields["flags"] = flags & ~EPHEMERAL
        message = site.postings.edit(original, body, pings=_PINGS)
    else:
        message = post_answer(site, interaction, body)
    return answer(site.payloads.message(message))


def post_answer(site: Site, interaction: Interaction, body: Body) -> Message:
    """Post in an interaction's channel, for everybody or for its member alone."""
    channel = site.world.channel(interaction.channel_id)
    flags = int(body.fields.get("flags") or 0)
    draft = answer_draft(site, interaction, is_ephemeral=bool(flags & EPHEMERAL))
    return site.postings.post(channel, body, draft, pings=_PINGS)


def answer_draft(site: Site, interaction: Interaction, *, is_ephemeral: bool) -> Message:
    """Begin a message that answers an interaction."""
    me = site.world.bot_id
    return Message(
        0,
        interaction.channel_id,
        me,
        webhook_id=me,
        application_id=me,
        interaction={
            "id": str(interaction.id),
            "type": int(interaction.kind),
            "user": site.payloads.user(interaction.user_id),
            "authorizing_integration_owners": {"0": str(site.world.guild_id)},
            **({"name": interaction.name} if interaction.name else {}),
        },
        flags=EPHEMERAL if is_ephemeral else 0,
        ephemeral_to=interaction.user_id if is_ephemeral else 0,
    )


async def get_followup(request: web.Request) -> web.Response:
    """Return an answer."""
    site, message = _message(request)
    return answer(site.payloads.message(message))


async def edit_followup(request: web.Request) -> web.Response:
    """Change an answer; one that was thinking has its text then."""
    site, message = _message(request)
    body = await read_body(request, EDIT_FIELDS)
    site.postings.edit(message, body, pings=_PINGS)
    return answer(site.payloads.message(message))


async def delete_followup(request: web.Request) -> web.Response:
    """Take an answer away."""
    site, message = _message(request)
    site.postings.delete(message)
    return nothing()


def _interaction(request: web.Request) -> tuple[Site, Interaction]:
    site = site_of(request)
    return site, site.interactions.by_token(request.match_info["token"])


def _original(site: Site, interaction: Interaction) -> Message | None:
    if interaction.original_id is None:
        return None
    return site.messages.find(interaction.channel_id, interaction.original_id)


def _message(request: web.Request) -> tuple[Site, Message]:
    site, interaction = _interaction(request)
    if request.match_info["message_id"] == _ORIGINAL:
        return site, require_visible(_original(site, interaction))
    found = site.messages.find(interaction.channel_id, number(request, "message_id"))
    message = require_visible(found)
    if message.application_id != site.world.bot_id:
        raise unknown("Message")
    return site, message


def thinking(site: Site, interaction: Interaction, *, is_ephemeral: bool) -> Message:
    """Post the placeholder of a deferred answer."""
    draft = answer_draft(site, interaction, is_ephemeral=is_ephemeral)
    draft.flags |= LOADING
    return site.postings.note(site.world.channel(interaction.channel_id), draft)
