"""How much room the model leaves for a prompt and for what is written behind it."""

from dataclasses import dataclass

from bot.core.generation import ModelLimits
from bot.core.lengths import ChosenLength
from bot.core.profiles import ModelProfile


@dataclass(frozen=True, slots=True)
class Room:
    """What the model server and the profile leave, in tokens.

    Attributes:
        context: for prompt and reply together.
        budget: for the prompt.
        reply: for the reply, as its length says.
    """

    context: int
    budget: int
    reply: int

    @classmethod
    def of(cls, profile: ModelProfile, limits: ModelLimits | None, length: ChosenLength) -> "Room":
        """The room for a reply of that length; *limits* are None while nobody can be asked."""
        context = profile.context_tokens
        if limits is not None:
            context = min(context, limits.max_total_tokens)
        # A server may be set up for less than the longest replies of its model.
        budget = context - min(length.step.max_new_tokens, context // 2)
        if limits is not None:
            budget = min(budget, limits.max_input_tokens)
        return cls(context, budget, length.step.max_new_tokens)
