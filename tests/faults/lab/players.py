"""Players, moderators and mishaps: what happens in two channels by chance, again by its seed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tests.fakes.scripted_tgi import Fault
from tests.faults.lab.company import Company
from tests.faults.lab.hands import Spot, handle
from tests.faults.lab.watching import Kind

_LONG = 520
"""Tokens of a reply that takes two messages."""
_CUTS = 4
"""The bot waits longer before each."""
_SLOW = 250
"""Tokens a second at which something can happen to a reply while it grows."""


class Players(Company):
    """Does one thing after the other; `steps` says which."""

    async def begin(self) -> None:
        """Start a scene in a channel and in a thread."""
        harbour = await self._world.mara.channel_id("harbour")
        self._spots = [Spot(harbour, is_thread=False), Spot(await self._thread(), is_thread=True)]
        for spot in self._spots:
            await self._start(spot)

    async def step(self) -> None:
        """Do something, and note what."""
        self._tokens = _LONG if self._chance.random() < 0.06 else self._chance.randint(5, 40)
        spot = self._chance.choice(self._spots)
        if not spot.is_live and self._chance.random() < 0.5:
            act = self.resumes
        else:
            acts, weights = zip(*self._acts(), strict=True)
            act = self._chance.choices(acts, weights)[0]
        self.steps.append(f"{act.__name__} {spot.channel}")
        await act(spot)

    def _acts(self) -> Sequence[tuple[Callable[[Spot], Awaitable[None]], int]]:
        return (
            (self.says_a_line, 24),
            (self.says_two_lines, 8),
            (self.remarks, 3),
            (self.edits_a_line, 8),
            (self.deletes_a_line, 5),
            (self.moderator_deletes_something, 7),
            (self.moderator_deletes_many, 2),
            (self.moderator_deletes_a_part, 4),
            (self.stops_a_reply, 4),
            (self.disturbs_a_reply, 8),
            (self.presses_a_button, 6),
            (self.says_a_line_to_a_failing_model, 2),
            (self.repeats_the_story, 2),
            (self.undoes, 4),
            (self.undoes_and_redoes, 4),
            (self.rewinds, 2),
            (self.begins_the_story_anew, 3),
            (self.edits_a_reply, 5),
            (self.presses_in_the_row, 8),
            (self.chooses_for_a_turn, 5),
            (self.adds_a_character, 4),
            (self.removes_a_character, 2),
            (self.lets_them_banter, 4),
            (self.disturbs_a_banter, 3),
            (self.chooses_a_reply_mode, 3),
            (self.has_somebody_talk, 4),
            (self.proxies_a_line, 6),
            (self.edits_a_proxied_line, 2),
            (self.has_another_bot_write, 1),
            (self.imports_a_chat, 2),
            (self.chooses_a_length, 3),
            (self.stops_the_scene, 3),
            (self.begins_anew, 2),
            (self.takes_the_webhooks_away, 1),
            (self.cuts_the_gateway, 2),
            (self.restarts_the_bot, 2),
        )

    async def says_a_line(self, spot: Spot) -> None:
        await self._say(spot)

    async def says_two_lines(self, spot: Spot) -> None:
        await self._say(spot)
        await self._say(spot)

    async def remarks(self, spot: Spot) -> None:
        await self._say(spot, "((back in a minute))")

    async def edits_a_line(self, spot: Spot) -> None:
        if lines := self._story_lines(spot):
            await self._edit(self._chance.choice(lines))

    async def deletes_a_line(self, spot: Spot) -> None:
        if lines := self._lines_of_members(spot):
            line = self._chance.choice(lines)
            await self._author(line).delete(handle(line))

    async def moderator_deletes_something(self, spot: Spot) -> None:
        if shown := self._shown(spot):
            self._want_no_more(spot)
            await self._world.ann.delete(handle(self._chance.choice(shown)))

    async def moderator_deletes_many(self, spot: Spot) -> None:
        shown = self._shown(spot)
        if len(shown) > 1:
            self._want_no_more(spot)
            some = self._chance.sample(shown, min(len(shown), self._chance.randint(2, 6)))
            channel = self._theatre.site.world.channel(spot.channel)
            self._theatre.site.postings.delete_many(channel, [seen.id for seen in some])

    async def moderator_deletes_a_part(self, spot: Spot) -> None:
        self._tokens = _LONG
        await self._say(spot)
        await self._theatre.quiet()
        self._want_no_more(spot)
        parts = [seen for seen in self._shown(spot) if seen.kind is Kind.CHARACTER][-2:]
        if parts:
            await self._world.ann.delete(handle(self._chance.choice(parts)))

    async def stops_a_reply(self, spot: Spot) -> None:
        async with self._theatre.slowly(_SLOW):
            if await self._reply_grows(spot):
                await self.stops_what_is_said(spot)
            await self._theatre.quiet()

    async def stops_what_is_said(self, spot: Spot) -> None:
        self._want_no_more(spot)
        await self._press(spot, "stop:")

    async def disturbs_a_reply(self, spot: Spot) -> None:
        """Do something else while a reply is asked for, or grows."""
        acts = (
            self.deletes_the_newest_line,
            self.edits_the_newest_line,
            self.moderator_deletes_the_growing_reply,
            self.says_a_line,
            self.proxies_a_line,
            self.has_somebody_talk,
            self.cuts_the_gateway,
            self.stops_the_scene,
        )
        act = self._chance.choice(acts)
        self.steps.append(f"  {act.__name__}")
        async with self._theatre.slowly(_SLOW, first_token_s=self._chance.choice([0, 0.05])):
            if self._chance.random() < 0.5:
                await self._reply_grows(spot)
            else:
                await self._say(spot)
            await act(spot)
        await self._theatre.quiet()

    async def disturbs_a_banter(self, spot: Spot) -> None:
        """Say, stop or take back something while characters answer each other."""
        acts = (
            self.says_a_line,
            self.stops_what_is_said,
            self.deletes_the_newest_line,
            self.undoes,
            self.stops_the_scene,
            self.restarts_the_bot,
        )
        act = self._chance.choice(acts)
        self.steps.append(f"  {act.__name__}")
        await self._use("roleplay add", spot, character="hollis")
        await self._use("scene banter", spot, max=3)
        async with self._theatre.slowly(_SLOW):
            if await self._reply_grows(spot):
                # By now the first speaks, or one who answers.
                await asyncio.sleep(self._chance.choice([0, 0.3, 0.5, 0.8]))
            self._want_no_more(spot)
            await act(spot)
        await self._theatre.quiet()

    async def deletes_the_newest_line(self, spot: Spot) -> None:
        if lines := self._lines_of_members(spot):
            await self._author(lines[-1]).delete(handle(lines[-1]))

    async def edits_the_newest_line(self, spot: Spot) -> None:
        if lines := self._story_lines(spot):
            await self._edit(lines[-1])

    async def moderator_deletes_the_growing_reply(self, spot: Spot) -> None:
        shown = self._shown(spot)
        if shown and shown[-1].kind is Kind.CHARACTER:
            self._want_no_more(spot)
            await self._world.ann.delete(handle(shown[-1]))

    async def presses_a_button(self, spot: Spot) -> None:
        """Continue, write it anew, try again: whichever there is, however old."""
        for seen in self._chance.sample(self._shown(spot), len(self._shown(spot))):
            if seen.buttons:
                if seen.buttons[0].startswith("retry:"):  # it may be too late for that line
                    self._want_no_more(spot)
                await self._click(seen, seen.buttons[0])
                return

    async def says_a_line_to_a_failing_model(self, spot: Spot) -> None:
        kind = self._chance.choice(["cut", "reset", "garbage", "no end", "validation"])
        # Lost before the first token, it is waited for: that takes a second.
        after = self._chance.choice([0, 1, 1, 3, 5, 12])
        self.steps.append(f"  {kind} after {after}")
        self._theatre.tgi.fault = Fault(kind, after=after, times=1)
        await self._say(spot)
        await self._theatre.quiet()
        self._theatre.tgi.fault = None

    async def repeats_the_story(self, spot: Spot) -> None:
        """The model says what it said last, which it is not to do, or nothing at all."""
        self._tokens = self._chance.choice([0, -1])
        await self._say(spot)

    async def chooses_a_length(self, spot: Spot) -> None:
        step = self._chance.choice(["micro", "medium", "unlimited"])
        await self._use("length", spot, step=step)

    async def stops_the_scene(self, spot: Spot) -> None:
        self._want_no_more(spot)
        self._theatre.tell_what_is_late()
        await self._use("roleplay stop", spot)
        spot.is_live = False

    async def resumes(self, spot: Spot) -> None:
        await self._use("roleplay resume", spot)
        spot.is_live = True

    async def begins_anew(self, spot: Spot) -> None:
        if spot.is_thread:
            gone = {"channel_id": str(spot.channel), "delete": True}
            await self._world.act("/page/controls/channel", gone)
            spot.channel = await self._thread()
        else:
            self._theatre.tell_what_is_late()
            await self._use("roleplay stop", spot)
        await self._theatre.quiet()
        await self._start(spot)

    async def takes_the_webhooks_away(self, spot: Spot) -> None:
        channel = self._theatre.site.world.channel(spot.channel)
        await self._world.delete_webhooks(channel.parent_id or channel.id)

    async def cuts_the_gateway(self, spot: Spot) -> None:
        how = self._chance.choice(["cut", "reconnect"])
        self._cuts += 1
        if self._cuts <= _CUTS:
            await self._world.gateway(how)
        await self._say(spot)

    async def restarts_the_bot(self, spot: Spot) -> None:
        """Things happen meanwhile; half of the time Discord has forgotten who listened.

        Then a channel is looked at where something newer stands, a hundred messages back.
        """
        acts = (
            self.says_a_line,
            self.edits_a_line,
            self.deletes_a_line,
            self.moderator_deletes_something,
            self.moderator_deletes_many,
        )
        if self._chance.random() < 0.5:
            await self._say(spot)
        is_untold = self._theatre.is_telling_late
        await self._theatre.stop()
        is_forgotten = self._chance.random() < 0.5
        touched = []
        for _ in range(self._chance.randint(0, 4)):
            act, where = self._chance.choice(acts), self._chance.choice(self._spots)
            if where.is_live or not is_forgotten:
                self.steps.append(f"  away: {act.__name__} {where.channel}")
                await act(where)
                touched.append(where)
        if is_forgotten:
            self.steps.append("  forgotten")
            await self._world.gateway("invalidate", resumable=False)
            # Channels without a newer message are not looked at.
            for where in self._spots if is_untold else touched:
                await self._say(where)
        await self._theatre.start()
