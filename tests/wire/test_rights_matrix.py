"""Who may do what, from where: every command, menu, button, select and form that there is."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import discord

from bot.adapters.redis_store import RedisSceneStore
from bot.core.change import Change
from bot.core.guild_rules import ChannelRule, GuildRules, RoleId
from bot.core.rights import FOR_ADMINS, FOR_ALL_PLAYERS, FOR_THE_ANSWERED, Action
from bot.core.scene import ChannelId, CharacterKey, GuildId, Place, SceneHead, UserId
from bot.core.story_acts import undo
from bot.discord_ui.error_replies import FOR_EVERYBODY
from bot.discord_ui.story_buttons import ACTS, EDIT
from bot.services.guild_desk import KEPT_OUT, SWITCHED_OFF
from tests.scenes import line, reply
from tests.wire.interactions import GUILD, InProcess, Person, in_process
from tests.wire.surface_rows import (
    COMMANDS,
    EVERYBODY,
    FORMS,
    ITEMS,
    LINE,
    MENUS,
    REPLY,
    SAID,
    UNDONE,
    Row,
    Story,
)

CHANNELS = TAVERN, TAKEN_BACK, MARKED, DENIED, UNSETTLED = (
    *(6_000_000_000_000_000_000 + number for number in range(5)),
)
ELSEWHERE = {Story.TAKEN_BACK: TAKEN_BACK, Story.MARKED: MARKED}
MANAGER_ROLE, KEPT_OUT_ROLE = 5_000_000_000_000_000_001, 5_000_000_000_000_000_002
FAR_FUTURE = "2099-01-01T00:00:00+00:00"
HAS_RIGHTS = discord.Permissions(view_channel=True, read_message_history=True, send_messages=True)
READS = discord.Permissions(view_channel=True, read_message_history=True)
MODERATES = HAS_RIGHTS | discord.Permissions(manage_messages=True)
MANAGES = HAS_RIGHTS | discord.Permissions(manage_guild=True)

PLAYER = Person(11, HAS_RIGHTS.value)
ANSWERED = Person(12, HAS_RIGHTS.value)
OWNER = Person(13, HAS_RIGHTS.value)
MODERATOR = Person(14, MODERATES.value)
ADMIN = Person(15, MANAGES.value)
MANAGER = Person(16, HAS_RIGHTS.value, (MANAGER_ROLE,))
BLOCKED = Person(17, MODERATES.value)
OF_A_DENIED_ROLE = Person(18, MODERATES.value, (KEPT_OUT_ROLE,))
TIMED_OUT = replace(OWNER, silent_until=FAR_FUTURE)
MUTE = replace(OWNER, permissions=READS.value)

PLAYERS = (PLAYER, ANSWERED, OWNER, MODERATOR, ADMIN, MANAGER)
LOOK_AFTER_IT = (OWNER, MODERATOR, ADMIN, MANAGER)
SILENT = (TIMED_OUT, MUTE)
BARRED = (BLOCKED, OF_A_DENIED_ROLE)

REFUSALS = (
    "Only who may manage the server may ",
    "Only the one who started the scene and moderators may ",
    "Only the player who was answered, the one who started the scene and moderators may ",
    "Only moderators may ",
    "You need the right to write here to ",
    "Nobody has allowed scenes",
)
ALL = [*COMMANDS, *MENUS, *ITEMS, *FORMS]


def allowed(action: Action) -> Sequence[Person]:
    """The table of rights, as docs and commands tell it; `core.rights` has to agree."""
    if action in FOR_ADMINS:
        return (ADMIN, MANAGER)
    if action is Action.EDIT_SERVER_LORE:
        return (MODERATOR, ADMIN, MANAGER)
    if action in FOR_ALL_PLAYERS:
        return PLAYERS
    return (ANSWERED, *LOOK_AFTER_IT) if action in FOR_THE_ANSWERED else LOOK_AFTER_IT


@asynccontextmanager
async def told_to(url: str, store: RedisSceneStore) -> AsyncGenerator[InProcess, None]:
    """A bot with a scene in the tavern, and one of which something was taken back."""
    async with in_process(url, (MANAGER_ROLE, KEPT_OUT_ROLE), CHANNELS) as world:
        rules = GuildRules(
            channels={
                **dict.fromkeys(map(ChannelId, (TAVERN, TAKEN_BACK, MARKED)), ChannelRule.ALLOWED),
                ChannelId(DENIED): ChannelRule.DENIED,
            },
            roles={RoleId(KEPT_OUT_ROLE): False},
            manager_role=RoleId(MANAGER_ROLE),
            blocked=frozenset({UserId(BLOCKED.user)}),
        )
        await world.bot.actions.guild_desk.change(GuildId(GUILD), lambda _: rules)
        for channel in (TAVERN, TAKEN_BACK, DENIED):
            await tell_a_story(store, channel)
        await tell_a_story(store, MARKED, pinned=True, hidden=True)
        scene = await store.read(ChannelId(TAKEN_BACK))
        assert scene is not None
        taken = undo(scene, 1, name=UNDONE, now_ms=1, until_ms=2**53)
        assert await store.apply(ChannelId(TAKEN_BACK), taken, version=scene.head.version)
        yield world


async def tell_a_story(store: RedisSceneStore, channel: int, **marks: Any) -> None:
    key = ChannelId(channel)
    place, owner = Place(key, GuildId(GUILD), key), UserId(OWNER.user)
    head = SceneHead(place, owner, CharacterKey("clover"), "Clover", players={owner: "Olga"})
    await store.start(head, None)
    told = await store.ingest(key, line(LINE, "Ahoy", author=UserId(ANSWERED.user)))
    assert told.head is not None
    told_thrice = replace(reply(LINE, SAID, REPLY), swipes=("Who is it?", SAID, "Hm."), current=1)
    answer = Change(put=(replace(told_thrice, **marks),))
    assert await store.apply(key, answer, version=told.head.version)


async def use(world: InProcess, row: Row, who: Person, channel: int | None) -> str:
    """What *who* is told who uses what the row is about."""
    if channel == TAVERN:
        channel = ELSEWHERE.get(row.story, TAVERN)
    if row in COMMANDS:
        return await world.slash(who, channel, row.name, **row.options)
    if row in MENUS:
        return await world.menu(who, channel, row.name, LINE if "Rewind" in row.name else REPLY)
    if row in ITEMS:
        return await world.press(who, channel, row.custom_id, *row.values)
    return await world.submit(who, channel, row.custom_id, row.values[0])


async def versions(store: RedisSceneStore) -> list[object]:
    """All that can be changed of the stories."""
    return [
        (await store.read(ChannelId(each)), await store.work(ChannelId(each))) for each in CHANNELS
    ]


async def test_s27_all_that_members_can_use_has_its_row(
    clean_redis_url: str, scene_store: RedisSceneStore
) -> None:
    async with told_to(clean_redis_url, scene_store) as world:
        commands, menus, items = world.commands(), world.menus(), world.items()

    assert {row.name for row in COMMANDS} == set(commands)
    assert {row.name for row in MENUS} == set(menus)
    assert {row.name for row in ITEMS} == {item.__name__ for item in items}
    for item in items:
        template = item.__discord_ui_compiled_template__
        mine = [row for row in ITEMS if row.name == item.__name__]
        assert all(template.fullmatch(row.custom_id) for row in mine), item
    assert {row.values[0] for row in ITEMS if row.name == "ActSelect"} == {*ACTS, EDIT}
    opened = {cls for cls in _subclasses(discord.ui.Modal) if cls.__module__.startswith("bot.")}
    assert {row.name for row in FORMS} == {cls.__name__ for cls in opened}
    assert all(row.why for row in ALL if row.needs is None)


async def test_s27_nobody_does_what_they_may_not(
    clean_redis_url: str, scene_store: RedisSceneStore
) -> None:
    async with told_to(clean_redis_url, scene_store) as world:
        before = await versions(scene_store)
        for row in ALL:
            if row.needs is None:
                continue
            may = allowed(row.needs)
            for who in (*PLAYERS, *SILENT):
                if who in may:
                    continue
                told = await use(world, row, who, TAVERN)
                assert told.startswith(REFUSALS), (str(row), who, told)
                if row.needs is not Action.IMPORT:  # which is asked for in a second step
                    assert row.needs.value in told, (str(row), told)
        assert await versions(scene_store) == before


async def test_s27_who_is_kept_out_reaches_nothing(
    clean_redis_url: str, scene_store: RedisSceneStore
) -> None:
    async with told_to(clean_redis_url, scene_store) as world:
        before = await versions(scene_store)
        for row in ALL:
            if row.name.split()[0] in FOR_EVERYBODY or row.why == EVERYBODY:
                continue
            for who, channel, why in (
                (BLOCKED, TAVERN, KEPT_OUT),
                (OF_A_DENIED_ROLE, TAVERN, KEPT_OUT),
                (ADMIN, DENIED, SWITCHED_OFF),
            ):
                assert await use(world, row, who, channel) == why, (str(row), who)
        for name, command in world.commands().items():
            for each in (p.display_name for p in command.parameters if p.autocomplete):
                assert await world.suggestions(BLOCKED, TAVERN, name, each) == [], (name, each)
                assert await world.suggestions(ADMIN, DENIED, name, each) == [], (name, each)
        assert await versions(scene_store) == before


async def test_s27_settings_are_for_admins_also_where_the_bot_is_switched_off(
    clean_redis_url: str, scene_store: RedisSceneStore
) -> None:
    async with told_to(clean_redis_url, scene_store) as world:
        for who in (ADMIN, MANAGER):
            assert "is switched off" in await world.slash(who, DENIED, "settings show")
        for who in (PLAYER, OWNER, MODERATOR, *BARRED, replace(ADMIN, silent_until=FAR_FUTURE)):
            told = await world.slash(who, DENIED, "settings show")
            assert told.startswith("Only who may manage the server"), who


async def test_s27_who_may_is_not_refused(
    clean_redis_url: str, scene_store: RedisSceneStore
) -> None:
    """Each row once that always has an answer, by who needs it most."""
    async with told_to(clean_redis_url, scene_store) as world:
        for row in (*COMMANDS, *MENUS):
            if row.needs is None or row.name in ("roleplay stop", "settings channels deny"):
                continue
            told = await use(world, row, allowed(row.needs)[0], TAVERN)
            assert not told.startswith(REFUSALS), (str(row), told)


async def test_s27_scenes_begin_where_an_admin_lets_them(
    clean_redis_url: str, scene_store: RedisSceneStore
) -> None:
    starts = [row for row in ALL if row.needs in (Action.START_SCENE, Action.IMPORT)]
    async with told_to(clean_redis_url, scene_store) as world:
        for row in starts:
            told = await use(world, row, PLAYER, UNSETTLED)
            assert told.startswith("Nobody has allowed scenes"), str(row)
        assert await scene_store.head(ChannelId(UNSETTLED)) is None


async def test_s27_in_direct_messages_a_server_has_nothing_to_settle(
    clean_redis_url: str, scene_store: RedisSceneStore
) -> None:
    async with told_to(clean_redis_url, scene_store) as world:
        for row in COMMANDS:
            if row.needs in FOR_ADMINS:
                told = await use(world, row, ADMIN, None)
                assert told.startswith("Only "), str(row)
        told = await world.slash(PLAYER, None, "roleplay status")
        assert told.startswith("There is no scene here")


def _subclasses(kind: type[Any]) -> set[type[Any]]:
    found = {kind}
    for each in kind.__subclasses__():
        found |= _subclasses(each)
    return found
