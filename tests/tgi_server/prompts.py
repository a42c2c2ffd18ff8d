"""LimaRP prompts as the bot sends them."""


def lima(
    turns: list[tuple[str, str]],
    *,
    length: str | None = "medium",
    character: str = "Mira",
    players: str = "Tom",
    prefill: str = "",
) -> str:
    told = "".join(
        f"### {'Response' if name == character else 'Input'}:\n{name}: {text}\n\n"
        if name
        else f"### Input:\n{text}\n\n"
        for name, text in turns
    )
    modifier = f" (length = {length})" if length else ""
    begun = f" {prefill}" if prefill else ""
    return (
        "### Instruction:\n"
        f"{character}'s Persona: a pirate captain, bold and warm.\n\n"
        "Tom's Persona: a cabin boy.\n\n"
        "Scenario: On deck at dawn.\n\n"
        f"Play the role of {character}. You must engage in a roleplaying chat with {players} below"
        f" this line. Do not write dialogues and narration for {players}.\n\n"
        f"{told}### Response:{modifier}\n{character}:{begun}"
    )
