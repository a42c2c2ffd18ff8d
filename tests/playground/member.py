"""A member of the local Discord, as tests act through the page's API."""

import asyncio
import io
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Self

import aiohttp

from tests import canaries
from tests.playground.shown import BUTTON, JSON, SELECTS, Page, Shown, Use

_POLL_S = 0.02
_LOOK_ANYWAY_S = 0.1
_EVENTS_KEPT = 5_000


class Member:
    """Acts as one member, through the page's API."""

    def __init__(self, world: Page, user_id: int) -> None:
        self.id = user_id
        self.events: list[JSON] = []
        self._world = world
        self._channels: dict[str, int] = {}
        self._heard = asyncio.Condition()
        self._heard_so_far = 0
        self._connected = asyncio.Event()

    async def state(self) -> JSON:
        """What the page shows first."""
        return dict(await self._world.page("GET", f"/page/state?as={self.id}"))

    async def channel_id(self, channel: str | int) -> int:
        """The id of a channel, thread or post by its name."""
        if isinstance(channel, int):
            return channel
        if channel not in self._channels:
            # Of two with one name the first is meant; the whole state is long, so it is kept.
            known = reversed((await self.state())["channels"])
            self._channels = {each["name"]: int(each["id"]) for each in known}
        assert channel in self._channels, f"no channel {channel!r}"
        return self._channels[channel]

    async def send(
        self,
        content: str,
        channel: str | int = "tavern",
        *,
        reply_to: Shown | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> Shown:
        """Write a message."""
        canaries.note_text(content)
        body: JSON = {**await self._at(channel), "content": content}
        if reply_to is not None:
            body["reply_to"] = str(reply_to.id)
        return Shown(await self._act("/page/messages", body, files or {}))

    async def edit(self, message: Shown, content: str) -> Shown:
        """Change what one wrote."""
        canaries.note_text(content)
        body = {**self._of(message), "content": content}
        return Shown(await self._world.act("/page/messages/edit", body))

    async def delete(self, message: Shown) -> None:
        """Take a message away."""
        await self._world.act("/page/messages/delete", self._of(message))

    async def dismiss(self, message: Shown) -> None:
        """Close a message that only oneself sees."""
        await self._world.act("/page/messages/dismiss", self._of(message))

    async def react(self, message: Shown, emoji: str, *, on: bool = True) -> None:
        """Put a reaction under a message, or take it back."""
        await self._world.act("/page/reactions", {**self._of(message), "emoji": emoji, "on": on})

    async def type(self, channel: str | int = "tavern") -> None:
        """Show that one is writing."""
        await self._world.act("/page/typing", await self._at(channel))

    async def thread(
        self,
        name: str,
        channel: str | int = "tavern",
        *,
        content: str | None = None,
        start: Shown | None = None,
    ) -> int:
        """Start a thread or a forum post; returns its id."""
        body: JSON = {**await self._at(channel), "name": name}
        if content is not None:
            body["content"] = content
        if start is not None:
            body["message_id"] = str(start.id)
        return int((await self._world.act("/page/threads", body))["id"])

    async def dm(self) -> int:
        """Open direct messages with the bot; returns the channel's id."""
        return int((await self._world.act("/page/dm", {"as": str(self.id)}))["id"])

    async def messages(self, channel: str | int = "tavern", limit: int = 100) -> list[Shown]:
        """What is on the screen, newest last."""
        key = await self.channel_id(channel)
        path = f"/page/channels/{key}/messages?as={self.id}&limit={limit}"
        return [Shown(raw) for raw in await self._world.page("GET", path)]

    async def see(self, message: Shown) -> Shown | None:
        """The message as it is now; None when it is gone."""
        found = await self.messages(message.channel_id)
        return next((shown for shown in found if shown.id == message.id), None)

    async def wait_for_message(
        self,
        predicate: Callable[[Shown], bool],
        within_s: float = 10.0,
        *,
        channel: str | int = "tavern",
    ) -> Shown:
        """Wait until a message on the screen fulfils *predicate*; the newest one wins."""
        key = await self.channel_id(channel)
        deadline = time.monotonic() + within_s
        while True:
            so_far = self._heard_so_far
            shown = await self.messages(key)
            for message in reversed(shown):
                if predicate(message):
                    return message
            if time.monotonic() > deadline:
                seen = [(m.author, m.content, m.labels) for m in shown[-10:]]
                raise AssertionError(f"no such message within {within_s} s, but {seen}")
            await self._more_than(so_far)

    async def slash(
        self,
        command: str,
        *,
        channel: str | int = "tavern",
        within_s: float = 5.0,
        named: Mapping[str, Any] = MappingProxyType({}),
        **options: Any,
    ) -> Use:
        """Use a command, e.g. `slash("roleplay start", character="Vane")`; waits for the ack.

        A file is given as its name and bytes: `card=("vane.png", data)`. Options that
        are called as one of ours go into *named*.
        """
        options = {**options, **named}
        for value in options.values():
            if isinstance(value, str):
                canaries.note_text(value)
        found, path = await self._command(command)
        files: dict[str, bytes] = dict(
            value for value in options.values() if isinstance(value, tuple)
        )
        numbers = {name: str(index) for index, name in enumerate(files)}
        given = {k: numbers[v[0]] if isinstance(v, tuple) else v for k, v in options.items()}
        filled = _nested(found, path, given)
        body = {**await self._at(channel), "command_id": found["id"], "options": filled}
        return await self._use(
            "/page/interactions/command", body, int(body["channel_id"]), within_s, files
        )

    async def context(self, command: str, target: Shown | int, within_s: float = 5.0) -> Use:
        """Use a command from the menu of a message, or of a member given by id."""
        found, _ = await self._command(command)
        is_message = isinstance(target, Shown)
        place = target.channel_id if isinstance(target, Shown) else "tavern"
        key = target.id if isinstance(target, Shown) else target
        assert found["type"] == (3 if is_message else 2)
        body = {**await self._at(place), "command_id": found["id"], "target_id": str(key)}
        return await self._use(
            "/page/interactions/command", body, int(body["channel_id"]), within_s
        )

    async def autocomplete(
        self,
        command: str,
        option: str,
        typed: str = "",
        *,
        channel: str | int = "tavern",
        **others: Any,
    ) -> list[tuple[str, Any]]:
        """What is suggested for *option* after *typed*, as (name, value)."""
        found, path = await self._command(command)
        filled = _nested(found, path, {**others, option: typed}, focused=option)
        body = {**await self._at(channel), "command_id": found["id"], "options": filled}
        answer = await self._world.act("/page/interactions/autocomplete", body)
        return [(choice["name"], choice["value"]) for choice in answer["choices"]]

    async def click(self, message: Shown, which: str | None = None, within_s: float = 5.0) -> Use:
        """Press the button with this label or beginning of custom_id."""
        component = message.component(which, (BUTTON,))
        body = {**self._of(message), "custom_id": component["custom_id"], "component_type": BUTTON}
        return await self._use("/page/interactions/component", body, message.channel_id, within_s)

    async def choose(
        self, message: Shown, *choices: str, which: str | None = None, within_s: float = 5.0
    ) -> Use:
        """Choose in a menu, by label or value."""
        component = message.component(which, SELECTS)
        values = {o["label"]: o["value"] for o in component.get("options", ())}
        body = {
            **self._of(message),
            "custom_id": component["custom_id"],
            "component_type": component["type"],
            "values": [values.get(choice, choice) for choice in choices],
        }
        return await self._use("/page/interactions/component", body, message.channel_id, within_s)

    async def submit(self, use: Use, texts: Mapping[str, str], within_s: float = 5.0) -> Use:
        """Fill in the form that *use* opened, by custom_id or label, and send it off.

        A field that is not named keeps its prepared value.
        """
        assert use.modal is not None, "no form was opened"
        components = [_filled(component, texts) for component in use.modal["components"]]
        body = {
            "as": str(self.id),
            "interaction_id": str(use.id),
            "custom_id": use.modal["custom_id"],
            "components": components,
        }
        return await self._use("/page/interactions/modal", body, use.channel_id, within_s)

    async def answer(self, use: Use, within_s: float = 10.0) -> Shown:
        """What the bot answered to *use*, once it is there."""
        return await self.wait_for_message(
            lambda m: m.interaction_id == use.id and not m.is_thinking,
            within_s,
            channel=use.channel_id,
        )

    async def wait_for_event(
        self, predicate: Callable[[JSON], bool], within_s: float = 10.0
    ) -> JSON:
        """Wait for an event of the page, earlier ones included."""
        try:
            async with asyncio.timeout(within_s), self._heard:
                while True:
                    for event in self.events:
                        if predicate(event):
                            return event
                    await self._heard.wait()
        except TimeoutError:
            names = [event["t"] for event in self.events[-20:]]
            raise AssertionError(f"no such event within {within_s} s, but {names}") from None

    async def listen(self) -> None:
        """Collect events for as long as the server sends any."""
        url = f"{self._world.address.base_url}/page/events?as={self.id}"
        forever = aiohttp.ClientTimeout(total=None)
        async with self._world.session.get(url, timeout=forever) as response:
            async for line in response.content:
                if not line.startswith(b"data: "):
                    continue
                self._connected.set()
                async with self._heard:
                    self._heard_so_far += 1
                    self.events.append(json.loads(line[6:]))
                    del self.events[:-_EVENTS_KEPT]
                    self._heard.notify_all()

    async def _more_than(self, so_far: int) -> None:
        """Wait until more events were heard, but not long: who is away hears of none."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_ANYWAY_S), self._heard:
                await self._heard.wait_for(lambda: self._heard_so_far > so_far)

    async def connected(self) -> Self:
        """Wait until events arrive."""
        async with asyncio.timeout(10):
            await self._connected.wait()
        return self

    async def _act(self, path: str, body: JSON, files: Mapping[str, bytes]) -> Any:
        if not files:
            return await self._world.act(path, body)
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps(body), content_type="application/json")
        for index, (name, data) in enumerate(files.items()):
            form.add_field(f"files[{index}]", io.BytesIO(data), filename=name)
        return await self._world.page("POST", path, data=form)

    async def _use(
        self,
        path: str,
        body: JSON,
        channel: int,
        within_s: float,
        files: Mapping[str, bytes] | None = None,
    ) -> Use:
        key = (await self._act(path, body, files or {}))["interaction_id"]
        ends = ("INTERACTION_ACK", "INTERACTION_FAILED")
        event = await self.wait_for_event(
            lambda e: e["t"] in ends and e["d"]["interaction_id"] == key, within_s
        )
        modals = [
            e["d"]
            for e in self.events
            if e["t"] == "INTERACTION_MODAL" and e["d"]["interaction_id"] == key
        ]
        return Use(
            int(key),
            channel,
            event["t"] == "INTERACTION_ACK",
            event["d"].get("reason"),
            modals[0] if modals else None,
        )

    async def _command(self, command: str) -> tuple[JSON, list[str]]:
        commands = (await self.state())["commands"]
        for found in commands:
            if command == found["name"]:
                return found, []
        name, *path = command.split()
        for found in commands:
            if name == found["name"]:
                return found, path
        raise AssertionError(f"no command {name!r} among {[c['name'] for c in commands]}")

    async def _at(self, channel: str | int) -> JSON:
        return {"as": str(self.id), "channel_id": str(await self.channel_id(channel))}

    def _of(self, message: Shown) -> JSON:
        place = {"as": str(self.id), "channel_id": str(message.channel_id)}
        return {**place, "message_id": str(message.id)}


async def eventually(condition: Callable[[], Any], within_s: float = 10.0) -> None:
    """Wait until *condition*, which may be a coroutine function, is true."""
    deadline = time.monotonic() + within_s
    while True:
        outcome = condition()
        if asyncio.iscoroutine(outcome):
            outcome = await outcome
        if outcome:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {condition}")
        await asyncio.sleep(_POLL_S)


def _nested(
    command: JSON, path: Sequence[str], values: Mapping[str, Any], *, focused: str | None = None
) -> list[JSON]:
    """Wrap the values of options in their subcommands, as Discord does."""
    known = command.get("options") or []
    if path:
        inner = next((option for option in known if option["name"] == path[0]), None)
        assert inner is not None, f"{command['name']} has no subcommand {path[0]!r}"
        options = _nested(inner, path[1:], values, focused=focused)
        return [{"name": inner["name"], "type": inner["type"], "options": options}]
    types = {option["name"]: option["type"] for option in known}
    unknown = set(values) - set(types)
    assert not unknown, f"{command['name']} has no option {unknown}, but {list(types)}"
    return [
        {"name": n, "type": types[n], "value": v, **({"focused": True} if n == focused else {})}
        for n, v in values.items()
    ]


def _filled(component: JSON, texts: Mapping[str, str]) -> JSON:
    if component["type"] == 1:
        inner = [_filled(child, texts) for child in component["components"]]
        return {"type": 1, "components": inner}
    if component["type"] == 18:
        label = component.get("label")
        child = component["component"]
        return {"type": 18, "component": _filled({"label": label, **child}, texts)}
    key = component.get("custom_id", "")
    if component["type"] == 3:
        prepared = [each["value"] for each in component["options"] if each.get("default")]
        chosen = texts[key].split() if key in texts else prepared
        return {"type": 3, "custom_id": key, "values": chosen}
    text = texts.get(key, texts.get(component.get("label", ""), component.get("value") or ""))
    if component["type"] == 4:
        return {"type": 4, "custom_id": key, "value": text}
    return {"type": component["type"], "custom_id": key, "values": [text] if text else []}
