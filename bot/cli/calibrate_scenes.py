"""Short scenes that every step of a length ladder is measured on."""

from bot.core.scene import Role
from bot.core.script import Line, Persona, Script


def _scene(hero: Persona, player: Persona, scenario: str, *texts: str) -> Script:
    """A scene in which the two speak by turns; the last line is the player's."""
    speakers = [(Role.PLAYER, player.name), (Role.CHARACTER, hero.name)]
    lines = tuple(Line(*speakers[(len(texts) - 1 - at) % 2], text) for at, text in enumerate(texts))
    return Script(character=hero, players=(player,), scenario=scenario, lines=lines)


SCENES = (
    _scene(
        Persona(
            "Orla",
            "Orla mends clocks in a narrow shop under a bridge. She is patient, exact and fond of "
            "dry jokes, and she talks to her clocks when she thinks nobody listens.",
        ),
        Persona("Pim", "Pim delivers parcels and is always a little late."),
        "It is closing time, and rain drums on the shop's only window.",
        '*The bell over the door rings.* "Are you still open? This one is for you, and it ticks."',
    ),
    _scene(
        Persona(
            "Brannoch",
            "Brannoch is an old river pilot with a wooden leg and a soft voice. He knows every "
            "sandbank, and he tells the truth in the shape of stories.",
        ),
        Persona("Sefa", "Sefa wants to learn how to steer."),
        "A flat boat drifts down a wide river on a misty morning.",
        '"You may hold the tiller, if you can tell me what the river said last night."',
        '*She lays both hands on the wood.* "It said that we should keep to the left. Did I hear '
        'it right?"',
    ),
    _scene(
        Persona(
            "Quill",
            "Quill is the clockwork librarian of a tower that grows a new floor every year. It is "
            "polite, curious about the weather, and terribly proud of its catalogue.",
        ),
        Persona("Ione", "Ione is a student who has lost her way between the shelves."),
        "The library has closed for the night with one visitor still inside.",
        "Ione holds up her lantern and reads the sign twice.",
        '"Good evening. You are standing in the year after next. May I ask how you came in?"',
        '"Through the green door. It was open, I swear! What is kept up here, and why does the '
        'floor hum?"',
    ),
    _scene(
        Persona(
            "Tamsin",
            "Tamsin leads a small caravan across the salt plains. She is brisk and generous, she "
            "hides worry behind songs, and she never leaves anyone behind.",
        ),
        Persona("Wick", "Wick joined the caravan yesterday and carries too many books."),
        "A wheel has broken at noon, with the next well a day away.",
        '*Wick puts down his bag and looks at the splintered spokes.* "I once read how this is '
        'done. What do you need, and how can I help?"',
    ),
)
