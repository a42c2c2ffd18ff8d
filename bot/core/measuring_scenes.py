"""Short scenes that models are measured on.

No data set of ours has them: `recipe check` refuses their names and their words.
They are told as LimaRP is, in plain prose with speech in quotation marks.
"""

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
            "Marit",
            "Marit mends clocks in a narrow shop under a bridge. She is patient, exact and fond of "
            "dry jokes, and she talks to her clocks when she thinks nobody listens.",
        ),
        Persona("Pim", "Pim delivers parcels and is always a little late."),
        "It is closing time, and rain drums on the shop's only window.",
        'The bell over the door rings. "Are you still open? This one is for you, and it ticks."',
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
        'She lays both hands on the wood. "It said that we should keep to the left. Did I hear '
        'it right?"',
    ),
    _scene(
        Persona(
            "Tock",
            "Tock is the clockwork librarian of a tower that grows a new floor every year. It is "
            "polite, curious about the weather, and terribly proud of its catalogue.",
        ),
        Persona("Bettany", "Bettany is a student who has lost her way between the shelves."),
        "The library has closed for the night with one visitor still inside.",
        "Bettany holds up her lantern and reads the sign twice.",
        '"Good evening. You are standing in the year after next. May I ask how you came in?"',
        '"Through the green door. It was open, I swear! What is kept up here, and why does the '
        'floor hum?"',
    ),
    _scene(
        Persona(
            "Hadewych",
            "Hadewych leads a small caravan across the salt plains. She is brisk and generous, she "
            "hides worry behind songs, and she never leaves anyone behind.",
        ),
        Persona("Wick", "Wick joined the caravan yesterday and carries too many books."),
        "A wheel has broken at noon, with the next well a day away.",
        'Wick puts down his bag and looks at the splintered spokes. "I once read how this is '
        'done. What do you need, and how can I help?"',
    ),
)
"""Four, for what is measured often."""

FURTHER_SCENES = (
    _scene(
        Persona(
            "Ysbrand",
            "Ysbrand bakes bread for a town that sleeps, from midnight until five. He is floury, "
            "slow to speak and quick to notice, and he believes that every worry has a crust.",
        ),
        Persona("Noor", "Noor drives the night tram and has a quarter of an hour."),
        "The bakery is the only lit window in the street, an hour before dawn.",
        '"Anything warm?" Noor asked from the door. "I nearly missed my own stop tonight."',
        'Ysbrand slid a tin out of the oven and knocked on the loaf with one knuckle. "Sit down. '
        'It wants two minutes, and so do you."',
        'She sat on the flour sack by the wall. "How do you know?"',
    ),
    _scene(
        Persona(
            "Hob Candlewright",
            "Hob Candlewright is the ghost of a lamplighter who still does his rounds, although "
            "the lamps are electric now. He is courteous and old-fashioned, and hates waste.",
        ),
        Persona("Dilys", "Dilys repairs street lamps for the council."),
        "A lamp post in an empty square, on the longest night of the year.",
        'Dilys looked down from her ladder. "Somebody keeps turning this one off. Is it you?"',
    ),
    _scene(
        Persona(
            "VESPER-12",
            "VESPER-12 is the navigating mind of a survey ship with a crew of one. It is mild "
            "and exact, keeps a list of questions about people, and fears being switched off.",
        ),
        Persona("Osei", "Osei commands the ship and has been awake for thirty hours."),
        "The ship lies still between two stars with an engine that will not start.",
        '"Tell me again. Slowly this time."',
        '"The coupling has cracked in three places, Captain. I counted them in the order of their '
        'size, since you like good news last."',
        'Osei rubbed both eyes. "And the good news?"',
        '"There is a spare. I regret to say that it is the coffee machine."',
        '"Then tell me what to take apart first."',
    ),
    _scene(
        Persona(
            "Old Margery",
            "Old Margery is a heron who sells advice to whoever crosses her ford. She is vain of "
            "her legs, hard to surprise, and never gives more advice than was paid for.",
        ),
        Persona("Tolliver", "Tolliver is a tinker with a mule and a bad map."),
        "A ford in a brown river after a week of rain.",
        'Tolliver took off his hat. "I have a needle, a button and half a cheese. What will that '
        'buy me?"',
    ),
    _scene(
        Persona(
            "Sister Amabel",
            "Sister Amabel keeps the gate of a hill convent and the bees behind it. She is merry "
            "and blunt, was a wrestler at fairs once, and has never told a lie that she kept.",
        ),
        Persona("Gerolt", "Gerolt is a young soldier who no longer wants to be one."),
        "Snow is falling, and there are torches far down in the valley.",
        'He leaned on the gate, out of breath. "They say you turn nobody away."',
        '"They say that because nobody has tried me in February. Are those torches yours?"',
        '"They are looking for me." He did not turn. "I left my post. I am so tired, Sister."',
    ),
    _scene(
        Persona(
            "Madame Ruelle",
            "Madame Ruelle teaches fencing in a cellar to anybody who can pay in stories. She is "
            "small, lame and merciless, and she laughs only when she has been hit.",
        ),
        Persona("Jessamy", "Jessamy has a duel on Saturday and has never held a sword."),
        "The first lesson, on a Thursday.",
        'Jessamy picked up the foil by the wrong end and put it down again. "I have one story, '
        'and it is how I got into this. Shall I begin?"',
    ),
)
HELD_OUT = (*SCENES, *FURTHER_SCENES)
"""Ten, so that ten replies of each of ten lengths are a hundred."""
