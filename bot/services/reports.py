"""What members report reaches whoever hosts the bot: by ids, never with what was written."""

import re
from enum import StrEnum

from bot.core.errors import PostError, UserError
from bot.core.links import link_to
from bot.core.phrases import phrase
from bot.core.ports import Voice
from bot.core.scene import ChannelId, GuildId, MessageId, Place, UserId
from bot.services.limits import Limits

NOWHERE = phrase(
    "Whoever hosts me has set no place for reports. *Report Message* in the menu of a message "
    "reaches Discord itself."
)
_LINK = re.compile(
    r"<?https?://(?:\w+\.)?discord(?:app)?\.com/channels/(?P<guild>\d{1,20}|@me)/"
    r"(?P<channel>\d{1,20})/(?P<message>\d{1,20})>?"
)
_NUMBER = re.compile(r"\d{1,20}")


class Reason(StrEnum):
    """Why something is reported."""

    UNSAID = "not said"
    MINORS = "sexual content with minors"
    HATE = "hate or harassment"
    VIOLENCE = "violence or self-harm"
    PERSON = "a real person, or private data"
    ELSE = "something else"


class Reports:
    """Borrows all it is given.

    Args:
        channel: of whoever hosts the bot; None where there is none.
    """

    def __init__(self, voice: Voice, limits: Limits, channel: ChannelId | None) -> None:
        self._voice = voice
        self._limits = limits
        self._channel = channel

    async def report(
        self, place: Place, message: MessageId, by: UserId, reason: Reason = Reason.UNSAID
    ) -> None:
        """Tell the host of *message*.

        Raises:
            UserError: there is nobody to tell, or the member has told much of late.
            PostError: it does not reach them.
        """
        if self._channel is None:
            raise UserError(NOWHERE)
        self._limits.admit_report(by)
        told = (
            f"Report ({reason}): message {message}, channel {place.channel}, "
            f"server {place.guild or 'none'}, by member {by}. {link_to(place, message)}"
        )
        try:
            await self._voice.notice(Place(self._channel, None, self._channel), told)
        except PostError as error:
            raise UserError(
                phrase("The report did not reach whoever hosts me. Please try again later.")
            ) from error


def named(place: Place, text: str) -> tuple[Place, MessageId]:
    """Which message a link, or a number in the channel at *place*, names.

    Raises:
        UserError: none of this server.
    """
    said = text.strip()
    if _NUMBER.fullmatch(said):
        return place, MessageId(int(said))
    found = _LINK.fullmatch(said)
    if found is None or found["guild"] != str(place.guild or "@me"):
        raise UserError(
            phrase("Give the link of a message here: *Copy Message Link* in its menu has it.")
        )
    channel = ChannelId(int(found["channel"]))
    guild: GuildId | None = place.guild
    return Place(channel, guild, channel), MessageId(int(found["message"]))
