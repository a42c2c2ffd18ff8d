"""Who plays, and who answers: casts, banter, reply modes, talk, proxied lines, files."""

import json
from collections.abc import Mapping
from contextlib import suppress

from tests.faults.lab.hands import Spot
from tests.faults.lab.retelling import Retelling
from tests.playground.driver import Shown
from tests.playground.shown import Refused

_CAST = ("clover", "hollis", "hesper-quill", "dov-kettlewick")
_MODES = ("auto", "always", "mention", "name", "turns")
_PROXIES = ("Lyra", "Kay")
_CHAT: Mapping[str, object] = {"user_name": "Anon", "character_name": "Clover", "chat_metadata": {}}


class Company(Retelling):
    """Lets several play, and chooses when they answer."""

    async def adds_a_character(self, spot: Spot) -> None:
        await self._use("roleplay add", spot, character=self._chance.choice(_CAST))

    async def removes_a_character(self, spot: Spot) -> None:
        await self._use("roleplay remove", spot, character=self._chance.choice(_CAST))

    async def lets_them_banter(self, spot: Spot) -> None:
        """Whoever is there, and one more; a line makes them begin sometimes."""
        await self.adds_a_character(spot)
        await self._use("scene banter", spot, max=self._chance.choice([0, 1, 2, 3]))
        if self._chance.random() < 0.7:
            await self._say(spot)

    async def chooses_a_reply_mode(self, spot: Spot) -> None:
        # Most of the time there is to be something that is answered.
        mode = self._chance.choice([*_MODES, "auto", "auto"])
        await self._use("scene reply", spot, mode=mode)

    async def has_somebody_talk(self, spot: Spot) -> None:
        options = {"as": self._chance.choice(_CAST)} if self._chance.random() < 0.5 else {}
        await self._use("talk", spot, **options)

    async def proxies_a_line(self, spot: Spot) -> None:
        """A member writes, and another bot posts it anew and deletes the member's message."""
        self._lines += 1
        name = self._chance.choice(_PROXIES)
        said = f"{self._chance.choice(['Clover, ', ''])}line {self._lines}."
        original = await self._say(spot, f"{name}: {said}")
        if self._chance.random() < 0.3:
            await self._theatre.quiet()
        if self._chance.random() < 0.3:
            await self._world.ann.delete(original)
            await self._post_for_a_member(spot, name, said)
        else:
            posted = await self._post_for_a_member(spot, name, said)
            if self._chance.random() < 0.2:
                await self._edit_proxied(posted)
            await self._world.ann.delete(original)
        self._theatre.tell_what_is_late()

    async def edits_a_proxied_line(self, spot: Spot) -> None:
        if ours := [seen.id for seen in self._shown(spot) if seen.id in self.proxied]:
            await self._edit_proxied(self._chance.choice(ours))

    async def has_another_bot_write(self, spot: Spot) -> None:
        """That replaces nothing."""
        self._lines += 1
        path = await self._webhook(spot)
        said = _as("Builds", f"Clover, build {self._lines} passed.")
        await self._world.rest("POST", path, json=said)

    async def imports_a_chat(self, spot: Spot) -> None:
        """And brings the old story back sometimes."""
        self._want_no_more(spot)
        self._theatre.tell_what_is_late()
        told = await self._use("roleplay import", spot, file=("tale.jsonl", self._chat()))
        spot.is_live, spot.undone = True, None
        if told.labels and self._chance.random() < 0.5:
            await self._theatre.quiet()
            if self._chance.random() < 0.5:
                await self._say(spot)
                await self._theatre.quiet()
            self._want_no_more(spot)
            self._theatre.tell_what_is_late()
            await self._world.mara.click(told, "Undo")

    def _chat(self) -> bytes:
        rows: list[Mapping[str, object]] = [_CHAT]
        for _ in range(self._chance.randint(1, 6)):
            self._lines += 1
            is_user = self._chance.random() < 0.5
            name = "Anon" if is_user else "Clover"
            rows.append({"name": name, "is_user": is_user, "mes": f"Told {self._lines}."})
        return "\n".join(map(json.dumps, map(dict, rows))).encode()

    async def _post_for_a_member(self, spot: Spot, name: str, text: str) -> int:
        path = await self._webhook(spot)
        said = _as(name, text)
        separator = "&" if "?" in path else "?"
        posted = Shown(await self._world.rest("POST", f"{path}{separator}wait=true", json=said))
        if spot.is_live:
            base, _, place = path.partition("?")
            self.proxied[posted.id] = f"{base}/messages/{posted.id}" + (
                f"?{place}" if place else ""
            )
        return posted.id

    async def _edit_proxied(self, message: int) -> None:
        self._lines += 1
        if message not in self.proxied:
            return
        with suppress(Refused):  # its webhook may be gone
            text = f"Clover, changed {self._lines}."
            await self._world.rest("PATCH", self.proxied[message], json=_as("", text))

    async def _webhook(self, spot: Spot) -> str:
        """Where another bot posts; anew where it was taken away."""
        channel = self._theatre.site.world.channel(spot.channel)
        home = channel.parent_id if spot.is_thread else channel.id
        assert home is not None
        known = self._theatre.site.webhooks.of(home)
        ours = next((each for each in known if each.name == "Proxy"), None)
        path = (
            f"/webhooks/{ours.id}/{ours.token}"
            if ours is not None
            else await self._world.foreign_webhook(home)
        )
        return f"{path}?thread_id={spot.channel}" if spot.is_thread else path


def _as(name: str, text: str) -> dict[str, object]:
    """What another bot posts under *name*; it pings nobody, either."""
    named = {"username": name} if name else {}
    return {"content": text, "allowed_mentions": {"parse": []}, **named}
