"""Whom players play: what `/persona` does, and who somebody is when they say something."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from bot.core.errors import UserError
from bot.core.lookalikes import KnownName, fit_name
from bot.core.personas import PlayerPersona, Scope, Wardrobe, persona_text, told_apart
from bot.core.phrases import phrase
from bot.core.ports import PersonaStore
from bot.core.scene import Place, UserId
from bot.services.incoming import Asked
from bot.services.staff import Staff

CHANGE_TRIES = 5
"""So often is planned anew what has changed meanwhile."""


class Personas:
    """Borrows all it is given. Every method may raise StoreUnavailable."""

    def __init__(self, store: PersonaStore, staff: Staff) -> None:
        self._store = store
        self.staff = staff

    async def all_of(self, user: UserId) -> Wardrobe:
        """All that a player has."""
        return await self._store.wardrobe(user)

    async def as_played(self, asked: Asked, others: Iterable[str] = ()) -> Asked:
        """*asked* as the persona that the member plays there.

        Args:
            others: who the other players are.
        """
        worn = (await self._store.wardrobe(asked.user)).worn(asked.place)
        if worn is None:
            return asked
        persona, _ = worn
        face = persona.face or asked.face
        return replace(
            asked, name=told_apart(persona.name, others), persona=persona.text, face=face
        )

    async def name_of(self, user: UserId, place: Place, name: str) -> str:
        """What a member, who is called *name*, is called in a story at *place*."""
        worn = (await self._store.wardrobe(user)).worn(place)
        return name if worn is None else worn[0].name

    async def opened(self, asked: Asked, name: str) -> tuple[str, str]:
        """The name and the text of a persona that is about to be written.

        Raises:
            UserError: the name is somebody else's.
        """
        called = self._fit(asked, name)
        old = (await self._store.wardrobe(asked.user)).find(called)
        return (called, "") if old is None else (old.name, old.text)

    async def put(
        self,
        asked: Asked,
        name: str,
        scope: Scope,
        *,
        text: str | None = None,
        face: str | None = None,
    ) -> Wardrobe:
        """Have a persona of that name, and play it; returns all that there are then.

        Args:
            text: what the model is told; None leaves it as it is.
            face: checked address of a picture, or empty for the player's own; as *text*.

        Raises:
            UserError: the name is somebody else's, or something is too long or too many.
        """
        called = self._fit(asked, name)
        told = None if text is None else persona_text(text)

        def wish(wardrobe: Wardrobe) -> Wardrobe:
            old = wardrobe.find(called) or PlayerPersona(called)
            persona = PlayerPersona(
                called,
                old.text if told is None else told,
                old.face if face is None else face,
            )
            return wardrobe.with_persona(persona).playing(called, scope, asked.place)

        return await self._change(asked.user, wish)

    async def use(self, asked: Asked, name: str, scope: Scope) -> Wardrobe:
        """Play the persona of that name from now on; returns as `put`.

        Raises:
            UserError: there is none, or its name is somebody else's there.
        """
        wardrobe = await self._store.wardrobe(asked.user)
        self._fit(asked, wardrobe.named(name).name)
        return await self._change(
            asked.user, lambda wardrobe: wardrobe.playing(name, scope, asked.place)
        )

    async def put_off(self, asked: Asked, scope: Scope | None = None) -> Wardrobe:
        """Choose nobody for *scope*, or for what counts there; returns as `put`.

        Raises:
            UserError: nobody is chosen.
        """

        def wish(wardrobe: Wardrobe) -> Wardrobe:
            worn = wardrobe.worn(asked.place)
            if worn is None and scope is None:
                raise UserError(phrase("You play yourself here already."))
            counts = worn[1] if worn is not None else Scope.EVERYWHERE
            return wardrobe.without_choice(scope or counts, asked.place)

        return await self._change(asked.user, wish)

    async def forget(self, asked: Asked, name: str) -> Wardrobe:
        """Forget the persona of that name; what it has said stays its own; returns as `put`.

        Raises:
            UserError: there is none.
        """
        return await self._change(asked.user, lambda wardrobe: wardrobe.without(name))

    def check_name(self, asked: Asked, known: Iterable[KnownName] = ()) -> None:
        """Raise NameTaken where a line under the name of *asked* could pass for somebody else's.

        Args:
            known: names that are taken in the scene.
        """
        is_staff = not asked.persona and self.staff.moderates(asked.place.guild, asked.user)
        if not is_staff:  # a moderator may be called one
            self._fit(asked, asked.name, known)

    def _fit(self, asked: Asked, name: str, known: Iterable[KnownName] = ()) -> str:
        taken = self.staff.names(asked.place.guild, but=asked.user)
        return fit_name(name, (*taken, *known))

    async def _change(self, user: UserId, wish: Callable[[Wardrobe], Wardrobe]) -> Wardrobe:
        for _ in range(CHANGE_TRIES):
            old = await self._store.wardrobe(user)
            new = wish(old)
            if new == old or await self._store.keep_wardrobe(user, new):
                return new
        raise UserError(
            phrase("Too much is going on with your personas just now. Please try again.")
        )
