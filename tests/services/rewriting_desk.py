"""A stage with what members ask of a story."""

from dataclasses import dataclass

import pytest

from bot.core.change import Change
from bot.core.errors import UserError
from bot.core.ports import Speaker
from bot.core.rights import Member
from bot.core.scene import MessageId, TurnId
from bot.core.story_acts import text_stamp
from bot.services.debts import TAKEN_BACK, Debts
from bot.services.doubts import Doubts
from bot.services.rewriting import Rewriting
from tests.services.stage import HARBOUR, MARA, MIRA, TOM, Stage

OWNER = Member(MARA, can_write=True, can_moderate=False)


STRANGER = Member(TOM, can_write=True, can_moderate=False)


CHANNEL = HARBOUR.channel


MIRROR = Speaker("Mira", MIRA)


@dataclass
class Desk:
    stage: Stage
    rewriting: Rewriting
    debts: Debts
    doubts: Doubts
    forgotten: list[int]

    async def tell(self, *answers: str) -> None:
        """Say a line for each of *answers*, and have it answered so."""
        for number, answer in enumerate(answers, 1):
            self.stage.tgi.reply = lambda _, answer=answer: f" {answer}"  # type: ignore[misc]
            await self.stage.say(f"line {number}")
            await self.stage.quiet()

    async def texts(self) -> list[str]:
        return [text for _, text in await self.stage.memory()]

    async def reply(self) -> TurnId:
        return (await self.stage.last_turn()).id

    async def edit(self, text: str, *, who: Member = OWNER) -> None:
        turn = await self.stage.last_turn()
        stamp = text_stamp(turn.text)
        await self.rewriting.edit(CHANNEL, who, turn.id, text, stamp=stamp, by="Mara")

    def marked(self) -> set[MessageId | None]:
        found: set[MessageId | None] = set()
        for act in self.stage.voice.did("react", "unreact"):
            assert act.text == TAKEN_BACK
            (found.add if act.verb == "react" else found.discard)(act.message)
        return found


def desk_on(stage: Stage) -> Desk:
    doubts, forgotten = Doubts(), list[int]()
    debts = Debts(stage.store, stage.voice)

    class Prompting:
        def forget(self, channel: int) -> None:
            forgotten.append(channel)

    rewriting = Rewriting(
        store=stage.store,
        pipeline=stage.pipeline,
        prompting=Prompting(),
        debts=debts,
        doubts=doubts,
        now_ms=lambda: stage.clock_ms[0],
    )
    return Desk(stage, rewriting, debts, doubts, forgotten)


async def _planned_edit(desk: Desk, text: str) -> Change:
    """The change that an edit makes, without what follows it."""
    kept: list[Change] = []
    apply = desk.stage.store.apply

    async def note(_: object, change: Change, **__: object) -> bool:
        kept.append(change)
        return False

    desk.stage.store.apply = note  # type: ignore[assignment, method-assign]
    with pytest.raises(UserError):
        await desk.edit(text)
    desk.stage.store.apply = apply  # type: ignore[method-assign]
    return kept[0]
