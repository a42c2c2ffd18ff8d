"""A voice that asks the host's filter before anything stands on the screen, edits included."""

from collections.abc import Sequence

from bot.core.ports import Button, Speaker, Voice
from bot.core.scene import MessageId, Place
from bot.services.content_guard import ContentGuard


class FilteredVoice:
    """Borrows both. What it says in the bot's own name is the bot's own words."""

    def __init__(self, voice: Voice, guard: ContentGuard) -> None:
        self._voice = voice
        self._guard = guard
        self.find = voice.find
        self.put_buttons = voice.put_buttons
        self.look = voice.look
        self.delete = voice.delete
        self.notice = voice.notice
        self.typing = voice.typing
        self.react = voice.react
        self.unreact = voice.unreact

    async def say(
        self,
        place: Place,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
        *,
        mark: str = "",
    ) -> MessageId:
        """As `Voice.say`; raises TextBlocked, too."""
        fit = await self._guard.show(place, text)
        return await self._voice.say(place, speaker, fit, buttons, mark=mark)

    async def edit(
        self,
        place: Place,
        message: MessageId,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
    ) -> int:
        """As `Voice.edit`; raises TextBlocked, too."""
        fit = await self._guard.show(place, text)
        return await self._voice.edit(place, message, speaker, fit, buttons)
