"""What a model was trained to read: headers, words and limits.

Another model is another `ModelProfile`, which is a file: no renderer, no code.
`profile_from` reads the tables of such a file, wherever it came from.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.generation import Sampling
from bot.core.lengths import AUTO, Length, LengthLadder, LengthStep


class ProfileError(ValueError):
    """A profile's file cannot be used; `str()` names the field and what it should be."""


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """The format and the limits of one family of models.

    Attributes:
        header_mark: how every header begins; user text never begins a line so.
        later_input_header: for every input block but the first; empty means
            `input_header`. The model card's own example drops the colon there.
        block_end: closes every block; empty where the next header does.
        block_gap: between two blocks.
        persona_line, scenario_line: paragraphs of the instruction; `{text}` last.
        instruction_line: its last line; `{players}` is "Mara", "Mara and Tom" or
            "Mara, Tom and Ann".
        modifier: behind the last response header, with `{length}`; empty if
            the model has no length control.
        special_tokens: strings that the tokenizer, or the base model, takes for
            more than text. At least two characters each, none with a space.
        stops: ends a reply, beside headers and names.
        context_tokens: prompt and reply together.
        tokenizer: path of a `tokenizer.json` to count with where no server can
            be asked; empty for none.
    """

    name: str
    header_mark: str
    instruction_header: str
    input_header: str
    later_input_header: str
    response_header: str
    block_end: str
    block_gap: str
    persona_line: str
    scenario_line: str
    instruction_line: str
    modifier: str
    lengths: LengthLadder
    special_tokens: tuple[str, ...]
    stops: tuple[str, ...]
    sampling: Sampling
    context_tokens: int
    tokenizer: str = ""

    @property
    def header_stop(self) -> str:
        """The stop string that ends a reply at any header."""
        return "\n" + self.header_mark


def profile_from(file: Mapping[str, Any]) -> ModelProfile:
    """Read a profile from the tables of its TOML file.

    Raises:
        ProfileError: a field is missing, unknown or of the wrong shape.
    """
    top = _Table(file, "")
    headers, instruction = top.table("headers"), top.table("instruction")
    lengths, sampling = top.table("lengths"), top.table("sampling")
    profile = ModelProfile(
        name=top.text("name"),
        header_mark=headers.text("mark"),
        instruction_header=headers.text("instruction"),
        input_header=headers.text("input"),
        later_input_header=headers.text("later_input", ""),
        response_header=headers.text("response"),
        block_end=headers.text("block_end", ""),
        block_gap=headers.text("block_gap", "\n\n"),
        persona_line=instruction.template("persona", "{name}", "{text}"),
        scenario_line=instruction.template("scenario", "{text}"),
        instruction_line=instruction.template("line", "{char}", "{players}"),
        modifier=lengths.text("modifier", ""),
        lengths=_ladder(lengths),
        special_tokens=top.texts("special_tokens"),
        stops=top.texts("stops"),
        sampling=Sampling(
            temperature=sampling.number("temperature", 0.75),
            top_p=sampling.number_or_none("top_p"),
            top_k=None if (k := sampling.number_or_none("top_k")) is None else int(k),
            typical_p=sampling.number_or_none("typical_p"),
            repetition_penalty=sampling.number_or_none("repetition_penalty"),
        ),
        context_tokens=top.count("context_tokens"),
        tokenizer=top.text("tokenizer", ""),
    )
    for table in (top, headers, instruction, lengths, sampling):
        table.refuse_unread()
    _check(profile)
    return profile


def _ladder(table: "_Table") -> LengthLadder:
    steps = tuple(_step(each, Length(each.text("name"))) for each in table.tables("steps"))
    if not steps:
        raise ProfileError("lengths.steps needs at least one step.")
    auto = _step(table.table("auto"), AUTO)
    names = [step.name for step in steps]
    if len({*names, AUTO}) <= len(names):
        raise ProfileError("lengths.steps has a name twice, or one called auto.")
    usual = table.text("usual")
    if usual not in names:
        raise ProfileError(f"lengths.usual is none of the steps: {', '.join(names)}.")
    return LengthLadder(steps, auto, next(step for step in steps if step.name == usual))


def _step(table: "_Table", name: Length) -> LengthStep:
    step = LengthStep(name, table.count("max_new_tokens"), table.span("words"))
    table.refuse_unread()
    return step


def _check(profile: ModelProfile) -> None:
    """Refuse what could not be read back, or would not end a reply."""
    _check_headers(profile)
    for name, line in (("persona", profile.persona_line), ("scenario", profile.scenario_line)):
        label = line.removesuffix("{text}")
        # Without the colon, "Lyra" and "Lyra (2)" could not be told apart.
        if label == line or "{text}" in label or "\n" in label or not label.rstrip().endswith(":"):
            raise ProfileError(f"instruction.{name} is to be a label with a colon, then {{text}}.")
    if profile.modifier and profile.modifier.count("{length}") != 1:
        raise ProfileError("lengths.modifier is to hold {length} once, or be empty.")
    for token in profile.special_tokens:
        if len(token) < 2 or any(char.isspace() for char in token):  # noqa: PLR2004  # one cannot be broken up
            raise ProfileError("special_tokens are two characters or more, without blanks.")
    if "" in profile.stops:
        raise ProfileError("stops are not to be empty.")
    _check_sampling(profile.sampling)
    longest = max(step.max_new_tokens for step in profile.lengths.choices)
    if longest >= profile.context_tokens:
        raise ProfileError("context_tokens is to be more than every max_new_tokens.")


def _check_sampling(sampling: Sampling) -> None:
    """Refuse what no model server takes: the first reply would be too late to say so."""
    for name, share in (("top_p", sampling.top_p), ("typical_p", sampling.typical_p)):
        if share is not None and share > 1:
            raise ProfileError(f"sampling.{name} is to be a number above 0, and 1 at most.")
    if sampling.top_k is not None and sampling.top_k < 1:
        raise ProfileError("sampling.top_k is to be a whole number above 0.")


def _check_headers(profile: ModelProfile) -> None:
    headers = {
        "instruction": profile.instruction_header,
        "input": profile.input_header,
        "later_input": profile.later_input_header or profile.input_header,
        "response": profile.response_header,
    }
    for name, header in headers.items():
        if not header.startswith(profile.header_mark) or "\n" in header:
            raise ProfileError(f"headers.{name} is to be one line that begins with headers.mark.")
    if profile.header_mark[0].isspace() or profile.input_header == profile.response_header:
        raise ProfileError(
            "headers.mark begins with no blank, and headers.input and headers.response differ."
        )
    if not profile.block_gap.endswith("\n"):
        raise ProfileError("headers.block_gap ends with a line break: a header begins a line.")


class _Table:
    """A table of the file that knows which of its fields were read."""

    def __init__(self, fields: object, path: str) -> None:
        if not isinstance(fields, Mapping):
            raise ProfileError(f"{path} is to be a table.")
        self._fields = fields
        self._path = path
        self._read: set[str] = set()

    def _full(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def _get(self, name: str) -> object:
        self._read.add(name)
        return self._fields.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or (default is None and not value):
            raise ProfileError(f"{self._full(name)} is to be a text.")
        return value

    def template(self, name: str, *slots: str) -> str:
        value = self.text(name)
        if any(slot not in value for slot in slots):
            raise ProfileError(f"{self._full(name)} is to hold {' and '.join(slots)}.")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ProfileError(f"{self._full(name)} is to be a list of texts.")
        return tuple(value)

    def count(self, name: str) -> int:
        value = self._get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ProfileError(f"{self._full(name)} is to be a whole number above 0.")
        return value

    def number(self, name: str, default: float) -> float:
        value = self.number_or_none(name)
        return default if value is None else value

    def number_or_none(self, name: str) -> float | None:
        value = self._get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise ProfileError(f"{self._full(name)} is to be a number above 0.")
        if not math.isfinite(value):
            raise ProfileError(f"{self._full(name)} is to be a number above 0.")
        return float(value)

    def span(self, name: str) -> tuple[int, int]:
        match self._get(name):
            case [int(low), int(high)] if 0 <= low <= high:
                return low, high
        raise ProfileError(f"{self._full(name)} is to be two numbers, from and to: [60, 110].")

    def table(self, name: str) -> "_Table":
        value = self._get(name)
        return _Table({} if value is None else value, self._full(name))

    def tables(self, name: str) -> "list[_Table]":
        value = self._get(name)
        if not isinstance(value, list):
            raise ProfileError(f"{self._full(name)} is to be a list of tables.")
        return [_Table(each, f"{self._full(name)}[{n}]") for n, each in enumerate(value)]

    def refuse_unread(self) -> None:
        unread = sorted(set(self._fields) - self._read)
        if unread:
            raise ProfileError(f"{self._full(unread[0])} is no field of a profile.")
