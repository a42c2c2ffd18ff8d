"""Random stories, told to a store on Redis and to the one in memory alike."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from hypothesis import strategies as st

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.adapters.redis_store.seals import NO_SEALS
from bot.core.change import Change, Undo
from bot.core.errors import LeaseLost, SceneAlreadyLive
from bot.core.lengths import Length
from bot.core.scene import MessageId, Role, Turn, TurnId, Work, WorkKind, mark_of
from bot.core.store_answers import Taken
from bot.core.store_ports import NOTHING_COUNTED
from tests.contract.stores import Store
from tests.fakes.memory_store import MemorySceneStore
from tests.scenes import ANN, BOB, HARBOUR, line, reply, scene
from tests.sealing import sealed_on

KEEP = 3
SPELL = 4
"""One process makes so many steps less one, then the other makes one."""
NUMBERS = st.integers(1, 6)
MESSAGES = NUMBERS | st.integers(21, 23)
OWNERS = ["one", "two"]
HOLDERS = st.sampled_from([None, None, None, *OWNERS])
"""Whose fence goes with a change: mostly nobody's, as otherwise little would happen."""
TEXTS = st.sampled_from(["a", "b", "", 'é "\n'])
SHOWN = st.lists(
    st.tuples(st.integers(21, 23), TEXTS), max_size=3, unique_by=lambda shown: shown[0]
)
KNOWN = st.sampled_from([True, True, True, False])
"""Whether the store is told which message shows which part."""
LENT_S = st.sampled_from([0, 1000])
ONE_OF = st.sampled_from(OWNERS)
WRITTEN_MS = st.sampled_from([9] * 8 + [1, 2])
"""Of lines: mostly after any scene has begun, as otherwise few would be stored."""
RELEASES = st.sampled_from([None, None, *OWNERS])

Step = tuple[str, tuple[object, ...]]


def kinds(**args: tuple[st.SearchStrategy[object], ...]) -> dict[str, st.SearchStrategy[Step]]:
    return {name: st.tuples(st.just(name), st.tuples(*each)) for name, each in args.items()}


OFTEN = kinds(
    ingest=(
        NUMBERS,
        TEXTS,
        st.sampled_from([ANN, BOB]),
        st.sampled_from(Role),
        st.tuples(st.none() | MESSAGES, WRITTEN_MS),
    ),
    commit=(NUMBERS, SHOWN, KNOWN, st.integers(0, 1), HOLDERS),
    end=(
        NUMBERS,
        RELEASES,
        st.lists(NUMBERS, max_size=2),
        st.tuples(st.none() | MESSAGES, st.none() | NUMBERS, st.none() | MESSAGES),
        HOLDERS,
    ),
    edit=(MESSAGES, TEXTS, st.integers(0, 4)),
    delete=(st.lists(MESSAGES, max_size=2),),
    take=(
        NUMBERS,
        st.lists(MESSAGES, max_size=1),
        st.integers(0, 1),
        ONE_OF,
        st.tuples(LENT_S, st.sampled_from(WorkKind)),
    ),
)
SELDOM = kinds(
    start=(st.integers(1, 3),),
    begin=(st.integers(1, 3), st.booleans()),
    set_live=(st.sampled_from([True, True, False]),),
    set_resumed=(st.integers(1, 3),),
    again=(),
    anew=(NUMBERS, ONE_OF),
    first=(NUMBERS, st.sampled_from(WorkKind), ONE_OF, LENT_S),
    take_again=(NUMBERS, ONE_OF),
    lease=(ONE_OF, LENT_S),
    keep=(ONE_OF, LENT_S),
    check_point=(NUMBERS, TEXTS, ONE_OF, LENT_S),
    release=(ONE_OF,),
    intent=(NUMBERS, st.integers(0, 1), HOLDERS),
    posted=(NUMBERS, MESSAGES, HOLDERS),
    abandon=(NUMBERS, RELEASES, HOLDERS),
    set_length=(st.sampled_from([None, Length("long")]),),
    set_next_length=(st.sampled_from([None, Length("tiny")]),),
    apply=(
        st.lists(st.tuples(NUMBERS, TEXTS, MESSAGES), max_size=2),
        st.lists(NUMBERS, max_size=2),
        st.sampled_from(["", "stay", "forget", "note", "show", "end", "cast", "forgive"]),
        st.integers(0, 1),
    ),
    save=(st.sampled_from(["x", "y"]),),
    load=(st.sampled_from(["x", "y"]),),
    purge=(),
)
STEPS = st.one_of(*OFTEN.values(), *OFTEN.values(), *OFTEN.values(), *SELDOM.values())


def steps_of(*names: str) -> st.SearchStrategy[Step]:
    """Only steps of these kinds; one that is named twice comes twice as often."""
    return st.one_of(*({**OFTEN, **SELDOM}[name] for name in names))


class Teller:
    """Tells a store the steps in its own words."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.fences: dict[str, int] = {}
        self._last_commit: Callable[[], Awaitable[None]] | None = None

    async def start(self, started_ms: int) -> object:
        return await self.store.start(
            scene(started_ms=started_ms), reply(started_ms, "hello", 20 + started_ms)
        )

    async def begin(self, started_ms: int, shows: bool) -> object:  # noqa: FBT001  # a random value
        """In the middle of a story."""
        told = (line(1, author=BOB), reply(1, "then", 21), line(2))
        work = _shown_work() if shows else None
        return await self.store.start(scene(started_ms=started_ms), None, told=told, work=work)

    async def set_live(self, live: bool) -> object:  # noqa: FBT001  # a random value
        return await self.store.set_live(HARBOUR, live=live)

    async def set_resumed(self, at_ms: int) -> None:
        await self.store.set_resumed(HARBOUR, at_ms)

    async def ingest(
        self, number: int, text: str, author: int, role: Role, noted: tuple[int | None, int]
    ) -> object:
        seen, at_ms = noted
        whole = line(number, text, author=BOB if author == BOB else ANN)
        said = replace(whole, role=role, at_ms=at_ms)
        newest = None if seen is None else MessageId(seen)
        return await self.store.ingest(HARBOUR, said, seen=newest)

    async def lease(self, owner: str, for_s: float) -> object:
        return self._given(owner, await self.store.lease(HARBOUR, owner, for_s))

    async def keep(self, owner: str, for_s: float) -> object:
        fence = self._fence(owner)
        return self._given(owner, await self.store.lease(HARBOUR, owner, for_s, fence=fence))

    async def check_point(self, number: int, text: str, owner: str, for_s: float) -> object:
        fence = await self.store.lease(
            HARBOUR, owner, for_s, reply=reply(number, "").id, written=text, tokens=number
        )
        return self._given(owner, fence)

    async def take(
        self,
        number: int,
        messages: list[int],
        at_ms: int,
        owner: str,
        lent: tuple[float, WorkKind],
    ) -> object:
        for_s, kind = lent
        shown = tuple(MessageId(each) for each in messages)
        work = Work(reply(number, "").id, line(number).id, shown, at_ms=at_ms, kind=kind)
        return self._taken(owner, await self.store.take(HARBOUR, owner, for_s, work))

    async def anew(self, number: int, owner: str) -> object:
        work = Work(reply(number, "").id, line(number).id, at_ms=9)
        return self._taken(owner, await self.store.take(HARBOUR, owner, 0, work, anew=True))

    async def first(self, number: int, kind: WorkKind, owner: str, for_s: float) -> object:
        work = Work(reply(number, "").id, line(number).id, at_ms=8, kind=kind)
        taken = await self.store.take(HARBOUR, owner, for_s, work, unless_answered=True)
        if taken is not None and taken.is_answered:
            return taken.scene, taken.work, taken.is_claimed
        return self._taken(owner, taken)

    async def take_again(self, number: int, owner: str) -> object:
        work = Work(reply(number, "").id, line(number).id, at_ms=7)
        fence = self._fence(owner)
        return self._taken(owner, await self.store.take(HARBOUR, owner, 0, work, fence=fence))

    def _taken(self, owner: str, taken: Taken | None) -> object:
        is_new = self._given(owner, taken.fence if taken else None)
        return taken and (is_new, taken.scene, taken.work, taken.is_claimed)

    def _given(self, owner: str, fence: int | None) -> object:
        """Fences differ from store to store; that they grow does not."""
        if fence is None:
            return None
        newest = max(self.fences.values(), default=0)
        self.fences[owner] = fence
        return fence > newest

    async def release(self, owner: str) -> None:
        await self.store.release(HARBOUR, owner)

    async def posted(self, number: int, message: int, holder: str | None) -> None:
        shown, fence = MessageId(message), self._fence(holder)
        await self.store.posted(HARBOUR, reply(number, "").id, shown, fence=fence)

    async def intent(self, number: int, part: int, holder: str | None) -> None:
        answer = reply(number, "").id
        mark = mark_of(answer, part)
        await self.store.intent(HARBOUR, answer, mark, fence=self._fence(holder))

    async def commit(
        self,
        number: int,
        shown: list[tuple[int, str]],
        known: bool,  # noqa: FBT001  # a random value
        at_ms: int,
        holder: str | None,
    ) -> None:
        parts = tuple(text for _, text in shown)
        told = replace(
            reply(number, "\n".join(parts), *(message for message, _ in shown)),
            parts=parts if known and len(parts) > 1 else (),
            edited_ms=at_ms,
        )
        await self._commit(told, holder)

    async def end(
        self,
        number: int,
        release: str | None,
        counted: list[int],
        noted: tuple[int | None, int | None, int | None],
        holder: str | None,
    ) -> None:
        seen, cut, below = noted
        counts = {line(each).id: f"x:{each}" for each in counted}
        newest = None if seen is None else MessageId(seen)
        told = reply(number, "told", 20 + number)
        first = None if cut is None else line(cut).id
        row = None if below is None else MessageId(below)
        await self._commit(
            told, holder, release=release, counts=counts, seen=newest, cut=first, row=row
        )

    async def _commit(
        self,
        turn: Turn,
        holder: str | None,
        *,
        release: str | None = None,
        counts: Mapping[TurnId, str] = NOTHING_COUNTED,
        seen: MessageId | None = None,
        cut: TurnId | None = None,
        row: MessageId | None = None,
    ) -> None:
        self._last_commit = partial(
            self.store.commit,
            HARBOUR,
            turn,
            fence=self._fence(holder),
            release=release,
            counts=counts,
            seen=seen,
            cut=cut,
            row=row,
        )
        await self.again()

    async def again(self) -> None:
        """The answer to the last commit was lost."""
        if self._last_commit is not None:
            await self._last_commit()

    async def abandon(self, number: int, release: str | None, holder: str | None) -> None:
        answer, fence = reply(number, "").id, self._fence(holder)
        await self.store.abandon(HARBOUR, answer, fence=fence, release=release)

    async def apply(
        self, put: list[tuple[int, str, int]], drop: list[int], what: str, age: int
    ) -> object:
        """Change the scene as it is, or as it was one version ago."""
        head = await self.store.head(HARBOUR)
        if head is None:
            return None
        turns = {line(number).id: (number, text, message) for number, text, message in put}
        messages = tuple(MessageId(20 + number) for number in drop)
        change = Change(
            head=replace(head, note="rain", note_once=True, owner=BOB) if what == "note" else None,
            players={BOB: "Bob"} if what == "cast" else None,
            put=tuple(
                replace(reply(number, text, message), id=line(number).id)
                for number, text, message in turns.values()
            ),
            drop=tuple(line(number).id for number in drop if line(number).id not in turns),
            work=_shown_work() if what == "show" else None,
            ends_work=what == "end",
            owed=() if what == "forgive" else messages,
            forgiven=messages if what == "forgive" else (),
            undo=Undo("one", head, put=(line(1, "back"),), drop=(line(2).id,), until_ms=9)
            if what == "stay"
            else None,
            uses_undo=what == "forget",
        )
        done = await self.store.apply(HARBOUR, change, version=head.version - age)
        assert not done or await self.store.apply(HARBOUR, change, version=head.version - age)
        undo = await self.store.undo(HARBOUR)
        # How often it was changed, and whether it goes on, is the scene's own affair.
        return done, undo and replace(undo, head=replace(undo.head, version=0, live=True))

    async def save(self, name: str) -> object:
        found = await self.store.read(HARBOUR)
        return found and await self.store.save(HARBOUR, name, found, 5)

    async def load(self, name: str) -> object:
        found = await self.store.saved(HARBOUR, name)
        # How often it was changed, and whether it goes on, is the scene's own affair.
        kept = found and replace(found, head=replace(found.head, version=0, live=True))
        return kept, await self.store.saves(HARBOUR)

    async def edit(self, message: int, text: str, at_ms: int) -> object:
        return await self.store.edit(HARBOUR, MessageId(message), text, at_ms)

    async def delete(self, messages: list[int]) -> object:
        return await self.store.delete(HARBOUR, [MessageId(each) for each in messages])

    async def set_length(self, length: Length | None) -> None:
        await self.store.set_length(HARBOUR, length)

    async def set_next_length(self, length: Length | None) -> None:
        await self.store.set_next_length(HARBOUR, length)

    def _fence(self, holder: str | None) -> int | None:
        return self.fences.get(holder) if holder else None

    async def purge(self) -> None:
        await self.store.purge(HARBOUR)

    async def tell(self, told: Step) -> object:
        """What the step returned, or that it was refused."""
        name, args = told
        try:
            return await getattr(self, name)(*args)
        except (SceneAlreadyLive, LeaseLost) as error:
            return type(error)

    async def left(self) -> object:
        found = await self.store.survey([HARBOUR])
        return await self.store.read(HARBOUR), await self.store.work(HARBOUR), found


def _shown_work() -> Work:
    return Work(reply(1, "").id, line(1).id, (MessageId(21),), at_ms=3, kind=WorkKind.SHOW)


async def compare(url: str, steps: Sequence[Step], *, is_sealed: bool = False) -> None:
    """Tell *steps* to both; an AssertionError names the step after which they differ.

    Args:
        is_sealed: whether the real one encrypts texts.
    """
    client = connect(url, timeout_s=1.0)
    await client.flushall()
    # Two processes: what one of them knows of the turns, the other changes.
    processes = [
        RedisSceneStore(
            client,
            keep=KEEP,
            ttl=timedelta(days=1),
            seals=sealed_on(client) if is_sealed else NO_SEALS,
        )
        for _ in range(2)
    ]
    real = Teller(processes[0])
    modelled = Teller(MemorySceneStore(keep=KEEP))

    try:
        for number, told in enumerate([("start", (1,)), *steps]):
            real.store = processes[number % SPELL == 0]
            assert await real.tell(told) == await modelled.tell(told), told
            assert await real.left() == await modelled.left(), told
        assert await real.store.live_channels() == await modelled.store.live_channels()
    finally:
        await client.aclose()
