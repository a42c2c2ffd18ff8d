"""Nothing that a client gets wrong looks like the server's failure.

A 5xx answer is an ambiguous one: a bot would believe that its message may
have been stored.
"""

import logging
from collections.abc import Sequence
from typing import Any

import pytest

from bot.playground.rights import Right
from bot.playground.world import BOT_ID, BOT_ROLE_ID, MARA_ID, TAVERN_ID
from tests.playground.driver import Playground, Refused, playground

VALUES: tuple[Any, ...] = (
    *(None, 1, -1, 1.5, True, "", "x"),
    *([], [1], ["x"], [[]], [None], {}, {"a": 1}, [{"a": 1}]),
)
MESSAGES = f"/channels/{TAVERN_ID}/messages"
COMMAND = {"name": "a", "description": "b"}
ROUTES: tuple[tuple[str, dict[str, Any], Sequence[str]], ...] = (
    (MESSAGES, {"content": "a"}, ("content", "embeds", "nonce", "flags", "attachments")),
    (MESSAGES, {"content": "a"}, ("allowed_mentions", "message_reference", "components")),
    (f"/channels/{TAVERN_ID}/threads", {"name": "a"}, ("name", "type", "auto_archive_duration")),
    (f"/channels/{TAVERN_ID}/webhooks", {"name": "a"}, ("name", "avatar")),
    (f"{MESSAGES}/bulk-delete", {}, ("messages",)),
    ("/users/@me/channels", {}, ("recipient_id",)),
    (f"/applications/{BOT_ID}/commands", COMMAND, ("name", "description", "options", "type")),
)
HERE = {"as": str(MARA_ID), "channel_id": str(TAVERN_ID)}
ACTS = (
    ("/page/messages", {**HERE, "content": "a"}, ("as", "channel_id", "content", "reply_to")),
    ("/page/threads", {**HERE, "name": "a"}, ("name", "message_id", "content")),
    ("/page/interactions/component", HERE, ("message_id", "custom_id", "component_type")),
    ("/page/interactions/modal", {"as": str(MARA_ID)}, ("interaction_id", "components")),
    ("/page/interactions/command", HERE, ("command_id", "options")),
)


@pytest.mark.parametrize(("path", "body", "fields"), [*ROUTES, *ACTS])
async def test_every_malformed_value_is_answered(
    path: str, body: dict[str, Any], fields: Sequence[str]
) -> None:
    async with playground() as world:
        await world.overwrite(TAVERN_ID, BOT_ROLE_ID, allow=Right.MANAGE_MESSAGES)
        statuses = {
            (field, repr(value)): await _status(world, path, {**body, field: value})
            for field in fields
            for value in VALUES
        }

    assert {case: status for case, status in statuses.items() if status >= 500} == {}
    assert sum(status == 400 for status in statuses.values()) >= len(statuses) // 4


async def _status(world: Playground, path: str, body: dict[str, Any]) -> int:
    try:
        if path.startswith("/page/"):
            await world.act(path, body)
        else:
            await world.rest("POST", path, json=body)
    except Refused as refusal:
        return refusal.status
    return 200


@pytest.mark.parametrize(
    "embed",
    [{"fields": 1}, {"fields": [1]}, {"footer": "x"}, {"title": 1}, {"author": {"name": 1}}],
)
async def test_an_embed_of_another_shape_is_refused(embed: dict[str, object]) -> None:
    async with playground() as world:
        with pytest.raises(Refused) as refused:
            await world.rest("POST", MESSAGES, json={"embeds": [embed]})

        assert refused.value.status == 400


async def test_no_token_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "bot.playground")
    async with playground() as world:
        path = f"/channels/{TAVERN_ID}/webhooks"
        hook = await world.rest("POST", path, json={"name": "Stage"})
        execute = f"/webhooks/{hook['id']}/{hook['token']}"

        for wrong in (execute, f"{execute}/nowhere"):
            with pytest.raises(Refused):
                await world.rest("POST", wrong, json={"content": "a secret", "surprise": 1})

    assert "surprise" in caplog.text
    assert "nowhere" in caplog.text
    assert hook["token"] not in caplog.text
    assert "a secret" not in caplog.text
