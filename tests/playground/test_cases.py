"""The same cases in the local Discord and in an independent simulation.

Where both agree, a rule is not merely what we believe about it.
"""

from collections.abc import Sequence
from typing import Any

import pytest
import simcord
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.results import InteractionResult

from tests.playground.cases import CASES, Case, CaseBot, Outcome
from tests.playground.client import online
from tests.playground.driver import Member, Shown, Use, eventually, playground

SHORT_PATIENCE_S = 0.4
UNKNOWN_INTERACTION = 10062


class LocalStage:
    """The local Discord, on a real socket."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._last: Use | None = None

    async def slash(self, command: str, **options: Any) -> Outcome:
        return await self._outcome(await self._member.slash(command, **options))

    async def autocomplete(self, command: str, option: str, typed: str) -> Sequence[str]:
        return [name for name, _ in await self._member.autocomplete(command, option, typed)]

    async def click(self, label: str) -> Outcome:
        return await self._outcome(await self._member.click(await self._newest(), label))

    async def choose(self, value: str) -> Outcome:
        return await self._outcome(await self._member.choose(await self._newest(), value))

    async def submit(self, **texts: str) -> Outcome:
        assert self._last is not None
        return await self._outcome(await self._member.submit(self._last, texts))

    async def context(self, command: str) -> Outcome:
        return await self._outcome(await self._member.context(command, await self._newest()))

    async def newest(self) -> str | None:
        shown = await self._member.messages()
        return shown[-1].content if shown else None

    async def _newest(self) -> Shown:
        return (await self._member.messages())[-1]

    async def _outcome(self, use: Use) -> Outcome:
        self._last = use
        if not use.is_acknowledged:
            return Outcome([], [], is_acknowledged=False)
        if use.modal is not None:
            return Outcome(modal=use.modal["title"])
        await self._settle()
        shown = [m for m in await self._member.messages() if m.interaction_id == use.id]
        return Outcome([m.content for m in shown], [m.is_ephemeral for m in shown])

    async def _settle(self) -> None:
        """Wait until nothing has changed on the screen for a moment."""
        seen: list[tuple[int, str]] = []
        calm = 0

        async def is_calm() -> bool:
            nonlocal seen, calm
            now = [(m.id, m.content) for m in await self._member.messages() if not m.is_thinking]
            calm = calm + 1 if now == seen else 0
            seen = now
            return calm >= 8

        await eventually(is_calm)


class SimulatedStage:
    """simcord, without any socket."""

    def __init__(self, member: MemberActor, channel: ChannelHandle) -> None:
        self._member = member
        self._channel = channel
        self._last: InteractionResult | None = None

    async def slash(self, command: str, **options: Any) -> Outcome:
        return self._outcome(await self._member.slash(self._channel, command, **options))

    async def autocomplete(self, command: str, option: str, typed: str) -> Sequence[str]:
        found = await self._member.autocomplete(self._channel, command, option, typed)
        return [choice["name"] for choice in found]

    async def click(self, label: str) -> Outcome:
        message = self._channel.last_message
        assert message is not None
        return self._outcome(await self._member.click(message, label=label))

    async def choose(self, value: str) -> Outcome:
        message = self._channel.last_message
        assert message is not None
        return self._outcome(await self._member.select(message, [value]))

    async def submit(self, **texts: str) -> Outcome:
        assert self._last is not None
        return self._outcome(await self._member.submit_modal(self._last, dict(texts)))

    async def context(self, command: str) -> Outcome:
        message = self._channel.last_message
        assert message is not None
        return self._outcome(await self._member.context_menu(self._channel, command, message))

    async def newest(self) -> str | None:
        message = self._channel.last_message
        return None if message is None else message.content

    def _outcome(self, result: InteractionResult) -> Outcome:
        self._last = result
        if result.modal is not None:
            return Outcome(modal=result.modal["title"])
        shown = [result.response] if result.response is not None else []
        shown += result.followups
        return Outcome(
            [m.content for m in shown],
            [m.ephemeral for m in shown],
            is_acknowledged=result.acknowledged,
        )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_in_the_local_discord(case: Case) -> None:
    # Discord's own patience, but where it is to run out.
    patience_s = SHORT_PATIENCE_S if UNKNOWN_INTERACTION in case.codes else 3.0
    bot = CaseBot(late_s=SHORT_PATIENCE_S + 0.2)
    async with playground(ack_within_s=patience_s) as world, online(world, bot):
        await case.play(LocalStage(world.mara))

        await eventually(lambda: bot.codes == list(case.codes))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_in_the_simulation(case: Case) -> None:
    bot = CaseBot(late_s=3.5)
    async with simcord.run(bot, shard_count=1) as env:
        # The world's own members and channel have no counterpart before this.
        guild = env.create_guild()
        await bot.tree.sync()
        channel = guild.create_text_channel("tavern")
        member = guild.add_member(env.create_user("mara"))

        await case.play(SimulatedStage(member, channel))

        assert bot.codes == list(case.codes)
