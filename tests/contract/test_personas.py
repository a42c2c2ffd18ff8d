"""What every `PersonaStore` keeps to."""

from dataclasses import replace

from bot.core.personas import PlayerPersona, Wardrobe
from tests.contract.stores import Store
from tests.scenes import ANN, BOB

ASH = PlayerPersona("Ash", "A smith.\nBurnt hands, “warm” voice.", "https://pictures.test/ash.png")
MOTH = PlayerPersona("Moth")
DRESSED = Wardrobe((ASH, MOTH), {"g7": "Moth", "c9": "Ash", "all": "Ash"})


async def test_nobody_plays_anybody_at_first(store: Store) -> None:
    assert await store.wardrobe(ANN) == Wardrobe()


async def test_what_is_kept_is_read_and_is_nobody_elses(store: Store) -> None:
    assert await store.keep_wardrobe(ANN, DRESSED)

    found = await store.wardrobe(ANN)
    assert found == replace(DRESSED, version=1)
    assert [*found.chosen] == ["g7", "c9", "all"]  # the newest choice is the last
    assert await store.wardrobe(BOB) == Wardrobe()


async def test_a_change_of_what_has_changed_since_is_refused(store: Store) -> None:
    await store.keep_wardrobe(ANN, DRESSED)

    assert not await store.keep_wardrobe(ANN, Wardrobe((MOTH,)))

    assert await store.wardrobe(ANN) == replace(DRESSED, version=1)


async def test_the_same_change_again_is_made_once(store: Store) -> None:
    await store.keep_wardrobe(ANN, DRESSED)

    assert await store.keep_wardrobe(ANN, DRESSED)

    assert (await store.wardrobe(ANN)).version == 1


async def test_an_earlier_state_can_be_kept_again(store: Store) -> None:
    await store.keep_wardrobe(ANN, DRESSED)
    await store.keep_wardrobe(ANN, Wardrobe(version=1))

    assert await store.keep_wardrobe(ANN, replace(DRESSED, version=2))

    assert await store.wardrobe(ANN) == replace(DRESSED, version=3)


async def test_what_is_forgotten_is_gone_and_can_be_made_anew(store: Store) -> None:
    await store.keep_wardrobe(ANN, DRESSED)
    await store.keep_wardrobe(BOB, DRESSED)

    await store.forget_wardrobe(ANN)
    await store.forget_wardrobe(ANN)

    assert await store.wardrobe(ANN) == Wardrobe()
    assert (await store.wardrobe(BOB)).personas == (ASH, MOTH)
    assert await store.keep_wardrobe(ANN, DRESSED)
    assert (await store.wardrobe(ANN)).version == 1
