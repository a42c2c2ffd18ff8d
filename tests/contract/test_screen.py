"""What every `Screen` keeps to, so that tests against the scripted one mean something."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from bot.adapters.discord_rest.bodies import new_message
from bot.core.errors import ChannelGone, ScreenRefused
from bot.core.scene import ChannelId, GuildId, MessageId, Place, TurnId, player_turn_id
from bot.discord_ui.screen import DiscordScreen
from bot.playground.rights import Right
from bot.playground.world import BOT_ROLE_ID, GUILD_ID, TAVERN_ID
from bot.services.incoming import Proxied
from bot.services.reply_buttons import retry_button
from bot.services.screen import Screen
from tests.fakes.scripted_screen import ScriptedScreen
from tests.playground.client import new_bot, online
from tests.playground.driver import Playground, Shown, eventually, playground

HERE = Place(ChannelId(TAVERN_ID), GuildId(GUILD_ID), ChannelId(TAVERN_ID))
NOWHERE = Place(ChannelId(TAVERN_ID + 999), GuildId(GUILD_ID), ChannelId(TAVERN_ID))


class Stage(Protocol):
    """A screen, and people who do something in the channel that it shows."""

    @property
    def screen(self) -> Screen: ...

    async def write(self, text: str) -> MessageId: ...

    async def speak(self, text: str) -> MessageId:
        """As a character of ours."""
        ...

    async def post(self, text: str, name: str) -> MessageId:
        """As another application's webhook."""
        ...

    async def offer(self, line: TurnId) -> MessageId:
        """As the bot itself: another try at *line*."""
        ...

    async def edit(self, message: MessageId, text: str) -> None: ...

    async def delete(self, message: MessageId) -> None: ...

    async def hide(self) -> None:
        """Take the right to read away from us."""
        ...


class Scripted:
    def __init__(self) -> None:
        self.screen = ScriptedScreen()
        self._screen = self.screen
        self._screen.missing.add(NOWHERE.channel)
        self._ids = itertools.count(10)

    async def write(self, text: str) -> MessageId:
        return self._screen.write(HERE, next(self._ids), text).message

    async def speak(self, text: str) -> MessageId:
        return self._screen.show(HERE, next(self._ids), text)

    async def post(self, text: str, name: str) -> MessageId:
        return self._screen.post(HERE, next(self._ids), text, name=name).message

    async def offer(self, line: TurnId) -> MessageId:
        return self._screen.show(HERE, next(self._ids), "Sorry.", offers=line)

    async def edit(self, message: MessageId, text: str) -> None:
        self._screen.edit(HERE, message, text)

    async def delete(self, message: MessageId) -> None:
        self._screen.delete(HERE, message)

    async def hide(self) -> None:
        self._screen.blind.add(HERE.channel)


@dataclass
class Real:
    """discord.py in a local Discord."""

    world: Playground
    screen: DiscordScreen
    _written: dict[MessageId, Shown] = field(default_factory=dict)
    _webhook: dict[str, Any] | None = None

    async def write(self, text: str) -> MessageId:
        shown = await self.world.mara.send(text)
        self._written[MessageId(shown.id)] = shown
        return MessageId(shown.id)

    async def speak(self, text: str) -> MessageId:
        if self._webhook is None:
            path = f"/channels/{TAVERN_ID}/webhooks"
            self._webhook = await self.world.rest("POST", path, json={"name": "Mira"})
        path = f"/webhooks/{self._webhook['id']}/{self._webhook['token']}?wait=true"
        posted = await self.world.rest("POST", path, json={"content": text})
        return MessageId(int(posted["id"]))

    async def post(self, text: str, name: str) -> MessageId:
        path = f"{await self.world.foreign_webhook(TAVERN_ID)}?wait=true"
        body = {"content": text, "username": name}
        return MessageId(int((await self.world.rest("POST", path, json=body))["id"]))

    async def offer(self, line: TurnId) -> MessageId:
        body = new_message("Sorry.", [retry_button(line)])
        posted = await self.world.rest("POST", f"/channels/{TAVERN_ID}/messages", json=body)
        return MessageId(int(posted["id"]))

    async def edit(self, message: MessageId, text: str) -> None:
        if message in self._written:
            await self.world.mara.edit(self._written[message], text)
            return
        assert self._webhook is not None
        path = f"/webhooks/{self._webhook['id']}/{self._webhook['token']}/messages/{message}"
        await self.world.rest("PATCH", path, json={"content": text})

    async def delete(self, message: MessageId) -> None:
        await self.world.mara.delete(self._written[message])

    async def hide(self) -> None:
        await self.world.overwrite(TAVERN_ID, BOT_ROLE_ID, deny=int(Right.READ_MESSAGE_HISTORY))


@pytest.fixture(params=["scripted", "discord"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    if request.param == "scripted":
        yield Scripted()
        return
    async with playground() as world, online(world, new_bot()) as bot:
        screen = DiscordScreen(requests_per_s=1_000)
        screen.use(bot)
        yield Real(world, screen)


async def test_a_page_shows_what_stands_there_oldest_first(stage: Stage) -> None:
    first = await stage.write("One.")
    second = await stage.speak("Two.")
    third = await stage.write("Three.")

    page = await stage.screen.page(HERE)

    assert [(each.message, each.text, each.is_ours) for each in page] == [
        (first, "One.", False),
        (second, "Two.", True),
        (third, "Three.", False),
    ]
    assert [each.at_ms for each in page] == sorted(each.at_ms for each in page)
    lines = [(each.line.text, each.line.message) for each in page if each.line is not None]
    assert lines == [("One.", first), ("Three.", third)]
    assert page[0].line is not None
    assert page[0].line.name == "Mara"
    assert page[0].line.place == HERE


async def test_a_page_shows_which_notice_offers_another_try(stage: Stage) -> None:
    line = player_turn_id(await stage.write("One."))
    await stage.speak("Two.")
    notice = await stage.offer(line)

    page = await stage.screen.page(HERE)

    assert [(each.message, each.offers) for each in page if each.offers] == [(notice, line)]


async def test_pages_follow_one_another_backwards(stage: Stage) -> None:
    written = [await stage.write(f"{number}") for number in range(5)]

    last = await stage.screen.page(HERE, most=2)
    before = await stage.screen.page(HERE, before=last[0].message, most=2)
    first = await stage.screen.page(HERE, before=before[0].message, most=2)

    assert [each.message for page in (first, before, last) for each in page] == written


async def test_an_edited_message_has_its_new_text_and_the_time_of_that(stage: Stage) -> None:
    line, reply = await stage.write("One."), await stage.speak("Two.")
    assert [each.edited_ms for each in await stage.screen.page(HERE)] == [0, 0]

    await stage.edit(line, "First.")
    await stage.edit(reply, "Second.")

    page = await stage.screen.page(HERE)
    assert [each.text for each in page] == ["First.", "Second."]
    assert all(each.edited_ms > 0 for each in page)
    assert page[0].line is not None
    assert (page[0].line.text, page[0].line.edited_ms) == ("First.", page[0].edited_ms)


async def test_what_is_deleted_is_not_shown(stage: Stage) -> None:
    gone, left = await stage.write("One."), await stage.write("Two.")
    assert await stage.screen.shows(HERE, gone)

    await stage.delete(gone)

    assert [each.message for each in await stage.screen.page(HERE)] == [left]
    assert not await stage.screen.shows(HERE, gone)
    assert await stage.screen.shows(HERE, left)


async def test_the_newest_message_is_told_without_asking(stage: Stage) -> None:
    message = await stage.write("One.")

    await eventually(lambda: stage.screen.newest(HERE) == message)
    assert stage.screen.is_in_reach(HERE)


async def test_where_we_may_not_read_no_message_is_said_to_be_gone(stage: Stage) -> None:
    message = await stage.write("One.")
    await stage.hide()

    async def is_refused() -> bool:
        try:
            await stage.screen.shows(HERE, message)
        except ScreenRefused:
            return True
        return False

    await eventually(is_refused)


async def test_a_channel_that_is_not_there_is_gone(stage: Stage) -> None:
    with pytest.raises(ChannelGone):
        await stage.screen.page(NOWHERE)
    with pytest.raises(ChannelGone):
        await stage.screen.shows(NOWHERE, MessageId(5))


async def test_what_another_webhook_posts_is_told_from_what_members_and_we_say(
    stage: Stage,
) -> None:
    await stage.write("L: I knock.")
    await stage.speak("Come in.")
    message = await stage.post("I knock.", "Lyra")

    *others, shown = await stage.screen.page(HERE)

    assert [each.posted for each in others] == [None, None]
    assert shown.posted == Proxied(HERE, message, "Lyra", "I knock.")
    assert (shown.line, shown.is_ours) == (None, False)
