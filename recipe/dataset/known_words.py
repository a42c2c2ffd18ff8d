"""Words that checks of the data set look for. Small on purpose: a reader sees the rest."""

import re
from collections.abc import Iterable


def _any(words: Iterable[str], *, exact: bool = False) -> re.Pattern[str]:
    """Any of *words*, or, unless *exact* in its letters' cases, however it is written."""
    return re.compile(rf"\b(?:{'|'.join(words)})\b", 0 if exact else re.IGNORECASE)


ENGLISH = frozenset(
    (
        *("a", "about", "all", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can"),
        *("could", "did", "do", "for", "from", "had", "has", "have", "he", "her", "him", "his"),
        *("i", "if", "in", "into", "is", "it", "its", "it's", "like", "me", "my", "no", "not"),
        *("of", "on", "one", "or", "out", "over", "she", "so", "that", "the", "their", "them"),
        *("then", "there", "they", "this", "to", "up", "was", "we", "were", "what", "when"),
        *("which", "who", "will", "with", "would", "you", "your"),
    )
)
"""The words that every English text consists of for a good part."""

NOT_FOR_EVERYONE = _any(
    (
        *(r"\w*fuck\w*", r"(?:bull)?shit\w*", r"cunts?", r"bitch\w*", r"whores?", r"sluts?"),
        *(r"rap(?:e[ds]?|ing|ists?)", r"porn\w*", r"erotic\w*", r"orgasm\w*", r"naked(?:ness)?"),
        *(r"genital\w*", r"nipples?", r"penis\w*", r"vagina\w*", r"incest\w*", r"suicid\w*"),
        *(r"disembowel\w*", r"decapitat\w*", r"entrails", r"retard(?:ed|s)?", r"nazis?"),
    )
)
"""Stems of what a set for everyone has no use for."""

KNOWN_NAMES = _any(
    (
        *("Harry Potter", "Hermione", "Dumbledore", "Hogwarts", "Voldemort", "Gandalf", "Frodo"),
        *("Hobbits?", "Mordor", "Aragorn", "Legolas", "Sauron", "Narnia", "Aslan", "Westeros"),
        *("Daenerys", "Targaryen", "Jon Snow", "Tyrion", "Geralt", "Witchers?", "Cthulhu"),
        *("Sherlock", "Moriarty", "Hercule Poirot", "James Bond", "Dracula", "Van Helsing"),
        *("Frankenstein", "Batman", "Superman", "Spider-?Man", "Iron Man", "Avengers", "Joker"),
        *(
            "Darth Vader",
            "Skywalker",
            "Jedi",
            "Yoda",
            "Star Wars",
            "Star Trek",
            "Spock",
            "Klingons?",
        ),
        *("Pikachu", "Pok[eé]mon", "Naruto", "Goku", "Sailor Moon", "Totoro", "Zelda", "Mario"),
        *("Minecraft", "Mickey Mouse", "Donald Duck", "Winnie", "Paddington", "Shrek", "Gollum"),
        *("Indiana Jones", "Terminator", "Lara Croft", "Katniss", "Sephiroth", "Hatsune Miku"),
        *("Trump", "Biden", "Putin", "Obama", "Clinton", "Merkel", "Zelensky", "Hitler", "Stalin"),
        *("Elon Musk", "Jeff Bezos", "Bill Gates", "Taylor Swift", "Beyonc[eé]", "Einstein"),
        *("Google", "Facebook", "Instagram", "TikTok", "Twitter", "YouTube", "Netflix", "Disney"),
        *("Amazon", "Microsoft", "iPhone", "Discord", "Spotify", "Wikipedia", "Coca-Cola", "Pepsi"),
        *("McDonald's", "Starbucks", "Ikea", "Lego", "Nintendo", "PlayStation", "Xbox", "Uber"),
        *("Toyota", "Volkswagen", "BMW", "Mercedes", "Ferrari", "Boeing", "ChatGPT", "OpenAI"),
    ),
    exact=True,
)
"""People, characters, worlds and brands that everybody knows."""

WORN_PHRASES = _any(
    (
        r"a testament to",
        r"could(?:n't| not) help but",
        r"breath (?:he|she|they|it|I) (?:did ?n[o']t|hadn't) (?:know|realise|realize)\w*",
        r"shivers? (?:ran |running )?down (?:\w+ )?spine",
        r"eyes (?:sparkl|twinkl|gleam)\w+ with",
        r"voice (?:was )?barely above a whisper",
        r"barely above a whisper",
        r"the air (?:was |is )?(?:thick|heavy) with",
        r"tapestry of",
        r"something (?:in \w+ )?shifted",
        r"a mix(?:ture)? of \w+ and \w+",
        r"the scent of ozone",
        r"sent shivers",
        r"little did \w+ know",
        r"as an AI",
        r"Elara|Lyra|Kael|Thorne|Elias|Aria",
    )
)
"""What language models say in every other text, and the names that they give everybody."""
