"""What a model was trained to read: headers, words and limits.

Another LimaRP model is another `ModelProfile`, not another renderer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.lengths import LADDER, MAX_NEW_TOKENS, Length


def _ladder_words() -> Mapping[Length, str]:
    return {step: step.value for step in LADDER}


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """The format and the limits of one family of models.

    Attributes:
        header_mark: how every header begins; user text never begins a line so.
        later_input_header: for every input block but the first; empty means
            `input_header`. The model card's own example drops the colon there.
        persona_line, scenario_line: paragraphs of the instruction; `{text}` last.
        instruction_line: its last line; `{players}` is "Mara", "Mara and Tom" or
            "Mara, Tom and Ann".
        modifier: behind the last response header; empty if the model has no
            length control.
        length_words: the model's word for a step; a step without one sends none.
        special_tokens: strings that the tokenizer, or the base model, takes for
            more than text. At least two characters each, none with a space.
        context_tokens: prompt and reply together.
    """

    name: str
    header_mark: str = "###"
    instruction_header: str = "### Instruction:"
    input_header: str = "### Input:"
    later_input_header: str = ""
    response_header: str = "### Response:"
    persona_line: str = "{name}'s Persona: {text}"
    scenario_line: str = "Scenario: {text}"
    instruction_line: str = (
        "Play the role of {char}. You must engage in a roleplaying chat with {players} "
        "below this line. Do not write dialogues and narration for {players}."
    )
    modifier: str = " (length = {step})"
    length_words: Mapping[Length, str] = field(default_factory=_ladder_words, hash=False)
    max_new_tokens: Mapping[Length, int] = field(
        default_factory=lambda: dict(MAX_NEW_TOKENS), hash=False
    )
    special_tokens: tuple[str, ...] = ()
    context_tokens: int = 4096

    @property
    def header_stop(self) -> str:
        """The stop string that ends a reply at any header."""
        return "\n" + self.header_mark


ZEPHRP = ModelProfile(
    name="zephrp-m7b",
    special_tokens=(
        "<s>",
        "</s>",
        "<unk>",
        "<pad>",
        # Not in this vocabulary, but in that of its parents and likely heirs:
        # as plain text they still pull the model out of the story.
        "<|im_start|>",
        "<|im_end|>",
        "<|endoftext|>",
        "<|system|>",
        "<|user|>",
        "<|assistant|>",
        "[INST]",
        "[/INST]",
        "<<SYS>>",
        "<</SYS>>",
    ),
)
