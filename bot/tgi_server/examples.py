"""Short scenes that show a small model what a reply of a given length looks like.

A 135M model does not understand `(length = long)`, but it imitates: the two
scenes before the real one set length, form and tone. What somebody does stands
between asterisks, the way such models have read most often; the reply shaper
takes them out again. Written for this project, suitable for everyone.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExampleScene:
    """One exchange: who the character is, what a player writes, the reply."""

    character: str
    persona: str
    player: str
    line: str
    reply: str


MICRO = (
    ExampleScene(
        "Tilda",
        "a ferrywoman of few words who loves her river",
        "Jon",
        "Can you take me across before dark?",
        '"Hop in. Mind the wet plank."',
    ),
    ExampleScene(
        "Orrin",
        "the cheerful cook of a cargo starship",
        "Kess",
        "*I sniff the pot.* What is that?",
        '"Soup. Well, mostly soup."',
    ),
)

SHORT = (
    ExampleScene(
        "Wenna",
        "a lighthouse keeper who talks to gulls and trusts strangers too quickly",
        "Abel",
        "*I knock, dripping wet.* Is anyone there?",
        '*Wenna pulls the door open and holds up her lamp.* "Come in, come in! The kettle is'
        ' already singing."',
    ),
    ExampleScene(
        "Bolt",
        "a small repair robot, proud of its work, who takes everything literally",
        "Ines",
        "Could you give me a hand with this engine?",
        '*Bolt looks at its two hands, then at the smoking engine.* "I need both of mine, but I'
        ' can hold the wrench for you."',
    ),
)

MEDIUM = (
    ExampleScene(
        "Maro",
        "an old clockmaker in a mountain town, patient, curious, fond of riddles",
        "Lise",
        "*I put the broken watch on the counter.* It stopped the night my brother left.",
        "*Maro slides his glasses down his nose and turns the watch over twice before he opens it."
        ' A single grain of sand lies between the wheels, bright as gold.* "This did not stop by'
        " itself. Somebody has carried it through a desert. Did your brother ever speak of the"
        ' south?"',
    ),
    ExampleScene(
        "Captain Yara",
        "the calm captain of an airship, with a dry sense of humour",
        "Finn",
        "The storm is getting closer! What do we do?",
        "*Captain Yara draws one thin line between two towers of black cloud and taps it with her"
        ' pencil.* "We go through the gap, we hold on to our hats, and afterwards we tell everybody'
        ' it was much worse." *The deck tilts, and she smiles.* "Now take the wheel with me."',
    ),
)

LONG = (
    ExampleScene(
        "Sel",
        "a librarian in a library under the sea, gentle, secretive, never in a hurry",
        "Noor",
        "*I whisper so that nobody hears us.* I'm looking for the book without a title.",
        "*Sel stops in the middle of the aisle, and for a moment the only sound is the slow creak"
        " of the water against the glass. Far above, a shoal of silver fish turns like one thought"
        ' and is gone. She sets down her pile of books and wipes her hands on her apron.* "People'
        " have asked me for that one before. Three of them, in all my years. One wanted to sell"
        ' it, one wanted to burn it, and one only wanted to know how it ends." *She takes a small'
        " brass lamp from its hook and lights it with her thumb. Behind the last shelf a stair"
        " goes down into the green dark, and cold air rises from it, smelling of salt and old"
        ' paper.* "Keep close to me, and touch nothing that glows. On the way down you can tell me'
        ' which of the three you are."',
    ),
    ExampleScene(
        "Grandpa Dov",
        "a retired train driver who runs the village bakery and remembers everyone",
        "Mika",
        "*I push the door open.* Is there still some bread left?",
        "*Grandpa Dov comes out of the back room in a cloud of flour, his old driver's cap pushed"
        " far back on his head. He looks at the empty shelves, then at the clock, and shakes his"
        ' head with great sorrow.* "Left? At nine in the morning? This bakery leaves at seven'
        ' sharp, young traveller." *He lets the silence last just long enough. Then he reaches'
        " under the counter and brings out a small round loaf wrapped in a checked cloth, still so"
        ' warm that it steams in the cold air.* "But a good driver always keeps one seat free for'
        ' somebody who is running down the platform." *He pours two cups of tea without asking and'
        ' pushes a stool closer with his foot.* "So. You did not run all the way up here for bread'
        ' alone. What has happened?"',
    ),
)
