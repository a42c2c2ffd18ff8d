"""What players do to what was said: undo, rewind, edit, swipe, delete, hide and pin."""

from contextlib import suppress

from tests.faults.lab.hands import Hands, Spot, handle
from tests.faults.lab.watching import Kind
from tests.playground.shown import Refused

_BACK = 8
"""So far back somebody changes what was said, or takes it back."""
_FOR_A_TURN = ("Delete", "Hide", "Unhide", "Pin", "Unpin", "Shorter", "Longer")


class Retelling(Hands):
    """Changes stories."""

    async def undoes(self, spot: Spot) -> None:
        self._want_no_more(spot)
        spot.undone = await self._use("undo", spot, turns=self._chance.choice([1, 1, 1, 2, 3]))

    async def undoes_and_redoes(self, spot: Spot) -> None:
        """At once, later than something else, or a second time."""
        if spot.undone is None or self._chance.random() < 0.7:
            await self.undoes(spot)
            await self._theatre.quiet()
        if spot.undone is not None and spot.undone.components:
            self._want_no_more(spot)
            with suppress(Refused):  # once everything is brought back, it is gone
                await self._world.mara.click(spot.undone, "redo:")

    async def begins_the_story_anew(self, spot: Spot) -> None:
        """And brings the old one back sometimes."""
        self._want_no_more(spot)
        is_taken_back = self._chance.random() < 0.5
        if is_taken_back:  # what nobody had heard of by then does not come back
            self._theatre.tell_what_is_late()
        told = await self._use("roleplay restart", spot)
        if told.labels and is_taken_back:
            await self._theatre.quiet()
            await self._world.mara.click(told, "Undo")

    async def rewinds(self, spot: Spot) -> None:
        if shown := self._shown(spot)[-_BACK:]:
            self._want_no_more(spot)
            message = handle(self._chance.choice(shown))
            use = await self._world.mara.context("Rewind to here", message)
            spot.undone = await self._world.mara.answer(use)

    async def edits_a_reply(self, spot: Spot) -> None:
        """In a form that may stay open while the story goes on."""
        replies = [seen for seen in self._shown(spot) if seen.kind is Kind.CHARACTER][-_BACK:]
        if not replies:
            return
        use = await self._world.mara.context("Edit reply", handle(self._chance.choice(replies)))
        if self._chance.random() < 0.2:
            await self._say(spot)
        if use.modal is not None:
            self._lines += 1
            text = f"Edited {self._lines}. " * self._chance.choice([1, 1, 200])
            await self._world.mara.submit(use, {"text": text})

    async def presses_in_the_row(self, spot: Spot) -> None:
        """Back, on, anew, further; twice at once sometimes."""
        rows = [seen for seen in self._shown(spot) if any(map(_is_of_row, seen.buttons))]
        if rows:
            seen = rows[-1]
            button = self._chance.choice([each for each in seen.buttons if _is_of_row(each)])
            await self._click(seen, button)
            if self._chance.random() < 0.2:
                with suppress(Refused):  # it may be switched off, or gone
                    await self._click(seen, button)

    async def chooses_for_a_turn(self, spot: Spot) -> None:
        """What the menu of a message has for any turn."""
        shown = self._shown(spot)[-_BACK:]
        if not shown:
            return
        use = await self._world.mara.context("More…", handle(self._chance.choice(shown)))
        offered = await self._world.mara.answer(use)
        labels = [
            option["label"]
            for component in offered.components
            for option in component.get("options", ())
            if option["label"] in _FOR_A_TURN
        ]
        if labels:
            self._want_no_more(spot)
            await self._world.mara.choose(offered, self._chance.choice(labels))


def _is_of_row(custom_id: str) -> bool:
    return custom_id.startswith(("swipe:", "continue:"))
