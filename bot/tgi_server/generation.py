"""From a TGI request to the tokens that answer it.

Llama.cpp writes, TGI's rules decide where it ends: at the length first, then
at the end token, then at a stop text, which must end where a token ends and
stays in the reply.
"""

import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from bot.tgi_server.engine import Engine
from bot.tgi_server.reading import Reading
from bot.tgi_server.requests import Parameters, Request, check_tokens, check_values
from bot.tgi_server.wire import Ending, Token

LARGEST_SEED: Final = 2**32 - 1
_RANDOM_BITS: Final = 63
_LIMARP: Final = "### Instruction:\n"
"""How the prompts begin that the stand-in's adapter was trained on; others go without it."""
_SAMPLING: Final = {"temperature": 0.6, "top_p": 0.95, "repeat_penalty": 1.05}
"""Under the adapter, whatever is asked for: what suits 7B makes 135M miss the end of a reply."""


@dataclass(frozen=True, slots=True)
class Job:
    """A request that was found valid.

    Attributes:
        ids: the prompt's tokens.
    """

    request: Request
    ids: tuple[int, ...]
    max_new_tokens: int
    seed: int | None

    def ending(self, reason: str, tokens: int, text: str) -> Ending:
        """How this job ended."""
        return Ending(reason, tokens, len(self.ids), self.seed, text)


@dataclass(frozen=True, slots=True)
class Step:
    """A token, and with the last one the ending."""

    token: Token
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    token: Token
    broken: bool = False  # ends inside a character


@dataclass
class Writer:
    """Answers requests with one engine.

    Attributes:
        adapted: it is the built-in model with its own adapter, which knows one format.
    """

    engine: Engine
    adapted: bool
    _end_token: Token | None = field(default=None, init=False)

    @property
    def max_total_tokens(self) -> int:
        """Prompt and reply together."""
        return self.engine.options.slot_context

    async def prepare(self, request: Request, *, streaming: bool) -> Job:
        """Check a request and count its tokens.

        Raises:
            Refused: TGI would refuse it.
            EngineFailed, GenerationUnreachable: it could not be counted.
        """
        limit = self.max_total_tokens - 1
        check_values(request, streaming=streaming, max_input_tokens=limit)
        parameters = request.parameters
        ids = [token for token, _ in await self.tokens(request.inputs)]
        if parameters.truncate is not None:
            ids = ids[-parameters.truncate :]
        most = check_tokens(
            len(ids), parameters.max_new_tokens, max_total_tokens=self.max_total_tokens
        )
        seed = parameters.seed
        if seed is None and parameters.samples:
            seed = secrets.randbits(_RANDOM_BITS)
        return Job(request, tuple(ids), most, seed if parameters.samples else None)

    async def run(self, job: Job, reading: Reading) -> AsyncGenerator[Step, None]:
        """Generate, and note what is read. Closing the iterator frees the engine's slot.

        Raises:
            EngineFailed, GenerationUnreachable: it broke off.
        """
        stop = job.request.parameters.stop
        text, count = "", 0
        async with aclosing(self._write(job, reading)) as pieces:
            async for piece in pieces:
                count += 1
                text += "" if piece.token.special else piece.token.text
                reason = _reason(piece.token, text, stop, is_full=count == job.max_new_tokens)
                if reason is None:
                    yield Step(piece.token)
                    continue
                # TGI decodes the whole reply at once then, and gets nothing at all.
                told = "" if piece.broken else text
                yield Step(piece.token, job.ending(reason, count, told))
                return

    async def tokens(self, text: str) -> list[tuple[int, bytes]]:
        """The tokens of *text*, each with the bytes it stands for."""
        body = {"content": text, "add_special": True, "parse_special": True, "with_pieces": True}
        answer = await self.engine.ask("/tokenize", body)
        return [(item["id"], _bytes(item["piece"])) for item in answer["tokens"]]

    async def _write(self, job: Job, reading: Reading) -> AsyncGenerator[_Piece, None]:
        body = _body(job.request.parameters, self.max_total_tokens)
        body |= {"prompt": list(job.ids), "n_predict": job.max_new_tokens}
        body |= {"seed": (job.seed or 0) % LARGEST_SEED}
        if self.adapted:
            body |= _under_the_adapter(job.request)
        async with aclosing(self._stream(body, reading)) as pieces:
            async for piece in pieces:
                yield piece

    async def _stream(
        self, body: Mapping[str, Any], reading: Reading
    ) -> AsyncGenerator[_Piece, None]:
        """What llama.cpp writes, token by token, with the end token if it meets it."""
        count = 0
        reading.begin()
        ask = {"return_tokens": True, "return_progress": True, "cache_prompt": True, "n_probs": 1}
        async with aclosing(self.engine.stream({**ask, **body})) as events:
            async for event in events:
                if "prompt_progress" in event:
                    reading.progress(event["prompt_progress"])
                    continue
                missing = event["tokens_predicted"] - count - (0 if event["stop"] else 1)
                if event["stop"]:
                    missing -= 1 if event["stop_type"] == "eos" else 0
                    for _ in range(missing):
                        yield _Piece(Token(0, ""), broken=True)
                    if event["stop_type"] == "eos":
                        yield _Piece(await self._end())
                    return
                for token in await self._parts(event, missing):
                    yield _Piece(token)
                count = event["tokens_predicted"]

    async def _parts(self, event: Mapping[str, Any], missing: int) -> Sequence[Token]:
        """The token of an event, after those of the same character that had no event."""
        token = _token(event)
        if missing <= 0:
            return (token,)
        known = [other for other, _ in await self.tokens(token.text)]
        ids = known[:missing] if len(known) == missing + 1 else [token.id] * missing
        return (*(Token(other, "", token.logprob) for other in ids), token)

    async def _end(self) -> Token:
        if self._end_token is None:
            text = (await self.engine.ask("/props"))["eos_token"]
            known = await self.engine.ask("/tokenize", {"content": text, "parse_special": True})
            self._end_token = Token(known["tokens"][-1], text, 0.0, special=True)
        return self._end_token


def _reason(token: Token, text: str, stop: Sequence[str], *, is_full: bool) -> str | None:
    if is_full:
        return "length"
    if token.special:
        return "eos_token"
    # TGI matches with "$", which also stands before a final line break.
    if any(text.endswith((word, word + "\n")) for word in stop):
        return "stop_sequence"
    return None


def _body(parameters: Parameters, context: int) -> dict[str, Any]:
    """TGI's parameters as llama.cpp's, its own defaults switched off."""
    temperature = 1.0 if parameters.temperature is None else parameters.temperature
    body: dict[str, Any] = {
        "temperature": temperature if parameters.samples else 0,
        "top_k": parameters.top_k or 0,
        "top_p": parameters.top_p or 1.0,
        "typical_p": parameters.typical_p or 1.0,
        "min_p": 0.0,
        "repeat_penalty": parameters.repetition_penalty or 1.0,
        "repeat_last_n": context,  # TGI penalises the whole prompt
        "frequency_penalty": parameters.frequency_penalty or 0.0,
        "samplers": ["penalties", "temperature", "top_k", "top_p", "typ_p"],
        "n_probs": max(1, parameters.top_n_tokens or 0),
    }
    if parameters.grammar is not None:
        body |= _grammar(parameters.grammar)
    return body


def _under_the_adapter(request: Request) -> dict[str, Any]:
    if not request.inputs.startswith(_LIMARP):
        return {"lora": [{"id": 0, "scale": 0.0}]}
    return dict(_SAMPLING) if request.parameters.samples else {}


def _grammar(grammar: Mapping[str, Any]) -> dict[str, Any]:
    value = grammar["value"]
    if grammar["type"] == "regex":
        escaped = str(value).replace("/", r"\/")
        return {"grammar": f"%llguidance {{}}\nstart: /{escaped}/"}
    if grammar["type"] == "json_schema":
        value = value["schema"]
    return {"json_schema": value}


def _token(event: Mapping[str, Any]) -> Token:
    known = event.get("completion_probabilities") or [{}]
    # Text that was held back comes with several tokens' chances; the last is this one's.
    chances = known[-1]
    top = tuple(
        Token(other["id"], other["token"], other["logprob"])
        for other in chances.get("top_logprobs", ())
    )
    return Token(event["tokens"][-1], event["content"], chances.get("logprob"), top=top)


def _bytes(piece: str | Sequence[int]) -> bytes:
    """Llama.cpp writes pieces that are no valid text as lists of bytes."""
    return piece.encode() if isinstance(piece, str) else bytes(piece)
