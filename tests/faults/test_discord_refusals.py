"""Rows D6 to D10: messages, webhooks, places, rights and words that Discord has taken away."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, Refused, WebhookDirectory
from bot.adapters.discord_rest.places import (
    CLOSED_FOR_S,
    FORBIDDEN_FOR_S,
    PLACES_KEPT,
    Kind,
    Places,
)
from bot.core.errors import (
    MessageGone,
    NotAllowedHere,
    PlaceClosed,
    PlaceGone,
    PostError,
    PostRefused,
    TextRefused,
)
from bot.core.scene import ChannelId, GuildId, MessageId, Place
from bot.playground.rights import Right
from bot.playground.world import GUILD_ID, HARBOUR_ID, TAVERN_ID
from bot.services.notices import Notices
from tests.fakes.scripted_discord import Fault, refusal
from tests.faults.discord_desk import (
    EDIT,
    EXECUTE,
    HARBOUR,
    HOOKS,
    MIRA,
    TAVERN,
    Desk,
    discord_desk,
)
from tests.services.growing import until

LETTERS = Place(TAVERN.channel, None, None)  # as in a direct message: no webhook
DELETE = "DELETE /webhooks/"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with discord_desk() as desk:
        yield desk


async def ended_by(desk: Desk, *faults: Fault, place: Place = TAVERN) -> PostRefused:
    """The error of a reply whose next edits meet *faults*, and the calls that it costs."""
    refused: list[PostRefused] = []
    with pytest.raises(PostRefused) as raised:
        async with desk.live(place=place, on_refused=refused.append) as reply:
            reply.show("Ahoy")
            await until(lambda: reply.shown)
            desk.faults.script("PATCH", *faults)
            desk.faults.asked.clear()
            reply.show("Ahoy, you")
            await until(lambda: bool(refused))
            reply.show("Ahoy, you two")
            await reply.finish("Ahoy, you two!")
    assert refused == [raised.value]
    return raised.value


async def test_d6_a_reply_that_is_deleted_while_it_grows_is_not_written_on(desk: Desk) -> None:
    refused: list[PostRefused] = []

    with pytest.raises(MessageGone):
        async with desk.live(on_refused=refused.append) as reply:
            reply.show("Ahoy")
            await until(lambda: reply.shown)
            [hook] = await desk.world.rest("GET", HOOKS)
            [message] = await desk.world.mara.messages("tavern")
            await desk.world.rest(
                "DELETE", f"/webhooks/{hook['id']}/{hook['token']}/messages/{message.id}"
            )
            desk.faults.asked.clear()
            reply.show("Ahoy, you")
            await until(lambda: bool(refused))
            await reply.finish("Ahoy, you!")

    assert desk.times(EDIT) == len(desk.faults.asked) == 1
    assert await desk.screen() == []


async def test_d6_what_is_left_of_a_reply_after_one_part_is_deleted_can_be_taken_back(
    desk: Desk,
) -> None:
    async with desk.live() as reply:
        reply.show("a" * 1_900 + "b")
        await until(lambda: desk.times(EXECUTE) == 2)
        desk.faults.script("PATCH", refusal(404, 10008))
        reply.show("a" * 1_900 + "bb")
        await until(lambda: any(each.call.startswith("PATCH") for each in desk.faults.struck))
        await reply.discard()

    assert await desk.screen() == []


@pytest.mark.parametrize("way", ["deleted", "10015", "50027"])
async def test_d7_a_webhook_that_is_gone_is_replaced_once(desk: Desk, way: str) -> None:
    await desk.voice.say(TAVERN, MIRA, "one")
    await desk.world.delete_webhooks(TAVERN_ID)
    match way:
        case "10015":
            desk.faults.script(EXECUTE, refusal(404, 10015))
        case "50027":
            desk.faults.script(EXECUTE, refusal(401, 50027))
    desk.faults.asked.clear()

    await desk.voice.say(TAVERN, MIRA, "two")

    assert await desk.screen() == ["one", "two"]
    assert desk.times(EXECUTE) == 2
    assert desk.times("POST /channels/") == 1


async def test_d7_a_webhook_that_is_gone_is_never_asked_again(desk: Desk) -> None:
    messages = [await desk.voice.say(TAVERN, MIRA, text) for text in ("one", "two")]
    [gone] = await desk.world.rest("GET", HOOKS)
    await desk.world.delete_webhooks(TAVERN_ID)

    for message in messages * 2:
        with pytest.raises(PostRefused):
            await desk.voice.edit(TAVERN, message, MIRA, "changed")
        with pytest.raises(PostError):
            await desk.voice.delete(TAVERN, message)

    assert sum(str(gone["id"]) in call for call in desk.faults.asked) == 2 + 1
    assert await desk.screen() == ["one", "two"]


async def test_d7_a_reply_whose_webhook_is_gone_goes_on_in_a_new_message(desk: Desk) -> None:
    async with desk.live() as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        await desk.world.delete_webhooks(TAVERN_ID)
        desk.faults.asked.clear()
        reply.show("Ahoy, you")
        await until(lambda: desk.times(EXECUTE) == 1)
        await reply.finish("Ahoy, you!")

    assert (await desk.screen())[-1] == "Ahoy, you!"
    assert desk.times(EXECUTE) == desk.times(f"POST {HOOKS}") == 1


async def test_d7_a_reply_whose_webhooks_are_removed_as_they_are_made_goes_on_plainly(
    desk: Desk,
) -> None:
    async with desk.live() as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        desk.faults.script(EDIT, refusal(404, 10015))
        desk.faults.script(EXECUTE, refusal(404, 10015), refusal(404, 10015))
        await desk.world.delete_webhooks(TAVERN_ID)
        await reply.finish("Ahoy, you!")

    assert (await desk.screen())[-1] == "**Mira**\nAhoy, you!"


async def test_d7_where_fifteen_others_are_the_bot_speaks_itself(desk: Desk) -> None:
    desk.faults.script(f"POST {HOOKS}", refusal(400, 30007))

    async with desk.live() as reply:
        reply.show("Ahoy")
        await until(lambda: reply.shown)
        await reply.finish("Ahoy, you!")
    await desk.voice.say(TAVERN, MIRA, "And you?")

    assert await desk.screen() == ["**Mira**\nAhoy, you!", "**Mira**\nAnd you?"]
    assert desk.times(f"POST {HOOKS}") == 1


async def test_d7_a_webhook_that_was_moved_to_another_channel_is_replaced(desk: Desk) -> None:
    await desk.voice.say(TAVERN, MIRA, "one")
    [hook] = await desk.world.rest("GET", HOOKS)
    moved = {"channel_id": str(HARBOUR_ID)}
    await desk.world.rest("PATCH", f"/webhooks/{hook['id']}", json=moved)

    await desk.voice.say(TAVERN, MIRA, "two")

    assert await desk.screen("tavern") == ["one", "two"]
    assert await desk.screen("harbour") == []


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(404, 10003, PlaceGone), (400, 50083, PlaceClosed), (403, 160005, PlaceClosed)],
)
@pytest.mark.parametrize("place", [TAVERN, LETTERS])
async def test_d8_a_place_that_is_gone_or_closed_costs_one_call(
    desk: Desk, status: int, code: int, kind: type[PostRefused], place: Place
) -> None:
    error = await ended_by(desk, refusal(status, code), place=place)
    told = await Notices(desk.voice).say(place, "That is not possible.")
    for _ in range(3):
        with pytest.raises(kind):
            await desk.voice.typing(place)
        with pytest.raises(kind):
            await desk.post("Ahoy?", place=place)

    assert isinstance(error, kind)
    assert told is None
    assert len(desk.faults.asked) == 1


async def test_d8_a_channel_that_is_gone_with_its_webhook_costs_two_calls(desk: Desk) -> None:
    await desk.voice.say(TAVERN, MIRA, "one")
    desk.faults.asked.clear()
    desk.faults.script(EXECUTE, refusal(404, 10015))
    desk.faults.script(f"GET {HOOKS}", refusal(404, 10003))
    thread = Place(ChannelId(4_711), GuildId(GUILD_ID), TAVERN.channel)

    for place in (TAVERN, TAVERN, thread):
        with pytest.raises(PlaceGone):
            await desk.voice.say(place, MIRA, "two")

    assert len(desk.faults.asked) == 2


async def test_d8_in_a_place_that_is_gone_nothing_is_left_to_delete(desk: Desk) -> None:
    message = await desk.voice.say(TAVERN, MIRA, "one")
    desk.faults.script("PATCH", refusal(404, 10003))
    with pytest.raises(PlaceGone):
        await desk.voice.edit(TAVERN, message, MIRA, "two")
    desk.faults.asked.clear()

    await desk.voice.delete(TAVERN, message)

    assert desk.faults.asked == []


async def test_d8_a_thread_that_was_opened_again_is_written_in(desk: Desk) -> None:
    message = await desk.voice.say(TAVERN, MIRA, "one")
    desk.faults.script("PATCH", refusal(400, 50083))
    with pytest.raises(PlaceClosed):
        await desk.voice.edit(TAVERN, message, MIRA, "two")

    desk.clock.ahead_s = CLOSED_FOR_S
    await desk.voice.edit(TAVERN, message, MIRA, "two")

    assert await desk.screen() == ["two"]


async def without_right(desk: Desk, right: Right, channel: int = TAVERN_ID) -> None:
    """Take one right from the bot in a channel."""
    me = await desk.world.rest("GET", "/users/@me")
    await desk.world.overwrite(channel, int(me["id"]), deny=int(right))


@pytest.mark.parametrize("right", [Right.SEND_MESSAGES, Right.VIEW_CHANNEL])
async def test_d9_rights_that_are_taken_in_the_middle_end_the_reply_and_mute_the_channel(
    desk: Desk, right: Right
) -> None:
    desk.faults.script(f"GET {HOOKS}", refusal(403, 50013))  # no webhooks from the start
    before = desk.invalid

    with pytest.raises(PostRefused):
        async with desk.live() as reply:
            await desk.voice.typing(TAVERN)
            reply.show("Ahoy")
            await until(lambda: reply.shown)
            await without_right(desk, right)
            desk.faults.script("PATCH", refusal(403, 50001))
            for length in range(20):
                reply.show("Ahoy" + "!" * length)
            await reply.finish("Ahoy, you!")
    for _ in range(20):
        assert await Notices(desk.voice).say(TAVERN, "I may not write here.") is None
        with pytest.raises(NotAllowedHere):
            await desk.voice.typing(TAVERN)
        with pytest.raises(NotAllowedHere):
            await desk.voice.react(TAVERN, MessageId(5), "💭")

    assert before == 0
    assert desk.invalid <= 3


async def test_d9_another_channel_is_not_muted_and_after_ten_minutes_none_is(desk: Desk) -> None:
    desk.faults.script("POST /channels/", refusal(403, 50013))
    with pytest.raises(NotAllowedHere):
        await desk.voice.notice(TAVERN, "one")

    await desk.voice.notice(HARBOUR, "two")
    desk.clock.ahead_s = FORBIDDEN_FOR_S
    await desk.voice.notice(TAVERN, "three")

    assert await desk.screen("tavern") == ["three"]
    assert await desk.screen("harbour") == ["two"]


@pytest.mark.parametrize("optional", ["typing", "reaction"])
async def test_d9_who_may_not_type_or_react_may_still_post(desk: Desk, optional: str) -> None:
    desk.faults.script("typing|reactions", *[refusal(403, 50013)] * 9)

    for _ in range(3):
        with pytest.raises(NotAllowedHere):
            if optional == "typing":
                await desk.voice.typing(TAVERN)
            else:
                await desk.voice.react(TAVERN, MessageId(5), "💭")
    await desk.voice.say(TAVERN, MIRA, "Ahoy!")
    await desk.voice.notice(TAVERN, "Hello!")

    assert desk.invalid == 1
    assert await desk.screen() == ["Ahoy!", "Hello!"]


def test_only_so_many_places_are_remembered() -> None:
    places = Places()

    for number in range(PLACES_KEPT + 5):
        with pytest.raises(PlaceGone), places.ask(ChannelId(number), Kind.POST):
            raise PlaceGone("10003")

    assert len(places._noes) == PLACES_KEPT


REFUSED_WORDS = [(400, 50035), (400, 200000), (400, 200001), (400, 240000)]


@pytest.mark.parametrize(("status", "code"), REFUSED_WORDS)
@pytest.mark.parametrize("verb", ["POST", "PATCH"])
async def test_d10_refused_words_are_tried_once_without_what_filters_stop(
    desk: Desk, status: int, code: int, verb: str
) -> None:
    desk.faults.script(f"{verb} /webhooks/", refusal(status, code))

    async with desk.live() as reply:
        await reply.finish("Come to discord.gg/abc, Tom!")

    assert await desk.screen() == ["Come to (a link) Tom!"]
    assert reply.text == "Come to (a link) Tom!"
    assert len(desk.faults.struck) == 1


@pytest.mark.parametrize(("status", "code"), REFUSED_WORDS)
async def test_d10_words_that_stay_refused_are_not_tried_a_third_time(
    desk: Desk, status: int, code: int
) -> None:
    desk.faults.script(EXECUTE, *[refusal(status, code)] * 9)

    with pytest.raises(TextRefused):
        async with desk.live() as reply:
            await reply.finish("Come to discord.gg/abc, Tom!")

    assert desk.times(EXECUTE) == 2
    assert await desk.screen() == []


async def test_one_refused_token_ends_all_calls(desk: Desk) -> None:
    told: list[str] = []
    async with aiohttp.ClientSession() as session:
        rest = DiscordRest(
            session,
            api_url=desk.world.address.api_url,
            token="revoked",
            on_unauthorized=lambda: told.append("unauthorized"),
        )
        directory = WebhookDirectory(rest)

        for _ in range(3):
            with pytest.raises(Refused):
                await directory.find(TAVERN.channel)

    assert told == ["unauthorized"]
    assert len(desk.faults.asked) == 1


async def test_a_webhooks_refused_key_is_not_the_bots(desk: Desk) -> None:
    await desk.voice.say(TAVERN, MIRA, "one")
    desk.faults.script(EXECUTE, refusal(401, 50027))

    await desk.voice.say(TAVERN, MIRA, "two")

    assert await desk.screen() == ["one", "two"]
