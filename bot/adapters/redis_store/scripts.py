"""The Lua scripts, run by their hash."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from redis.exceptions import NoScriptError, ResponseError

from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.said import Said, kept_of
from bot.adapters.redis_store.watching import journal_of, timed

_DEFINED = re.compile(r"^local (?:function )?(\w+)", re.MULTILINE)
_COMMENT = re.compile(r"--.*")
_WORD = re.compile(r"\w+")
_FOLDER = resources.files(__package__) / "scripts"


class Script:
    """One file of `scripts/`, with what it names of `shared.lua` in front of its body.

    Args:
        shared: whether it is one of a channel's.
        is_kept: whether what it changed is said again to a server that may have lost
            it; those of a channel are, if they change anything.
    """

    def __init__(self, name: str, *, shared: bool = True, is_kept: bool = False) -> None:
        text = (_FOLDER / f"{name}.lua").read_text("utf-8")
        if shared:
            # The first line names the engine and has to stay the first.
            engine, _, body = text.partition("\n")
            text = f"{engine}\n{_linked((_FOLDER / 'shared.lua').read_text('utf-8'), body)}"
        self.name = name
        self.text = text
        self._is_kept = is_kept or (shared and "no-writes" not in text.partition("\n")[0])
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: RedisClient, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """Run it; a server that does not know it (restarted, flushed) is told.

        Sending the whole text with EVAL rather than loading it first reaches
        the one cluster node that asked.
        """
        with timed(redis, self.name):
            try:
                answer = await redis.evalsha(self.sha, len(keys), *keys, *args)
            except NoScriptError:
                answer = await redis.eval(self.text, len(keys), *keys, *args)
        self._keep(redis, keys, args, answer)
        return answer

    async def run_with(
        self,
        redis: RedisClient,
        keys: Sequence[str],
        args: Sequence[str | int],
        *more: Sequence[str],
    ) -> list[Any]:
        """Run it and *more* commands on keys of the same slot in one round trip.

        They run after it, but what others change may come in between. Returns
        all answers.
        """
        with timed(redis, self.name):
            answers = await _sent(redis, [("EVALSHA", self.sha, len(keys), *keys, *args), *more])
            if isinstance(answers[0], NoScriptError):
                answers = await _sent(redis, [("EVAL", self.text, len(keys), *keys, *args), *more])
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
        self._keep(redis, keys, args, answers[0])
        return answers

    def _keep(
        self, redis: RedisClient, keys: Sequence[str], args: Sequence[str | int], answer: Any
    ) -> None:
        journal = journal_of(redis)
        if journal is None or not self._is_kept:
            return
        words = (len(keys), *keys, *args)
        kept = kept_of(Said(self.name, keys[0], words, self.text, self.sha), answer)
        if kept is not None:
            journal.note(kept)

    async def run_each(
        self, redis: RedisClient, calls: Sequence[tuple[Sequence[str], Sequence[str | int]]]
    ) -> list[Any]:
        """Run it with each of those keys and arguments, all under way at once.

        Returns the answers; where Redis refuses one, the refusal stands in its place.
        """
        commands = [("EVALSHA", self.sha, len(keys), *keys, *args) for keys, args in calls]
        with timed(redis, self.name):
            answers = await _sent(redis, commands)
        for place, answer in enumerate(answers):
            if isinstance(answer, NoScriptError):
                answers[place] = await self.run(redis, *calls[place])
            elif isinstance(answer, Exception) and not isinstance(answer, ResponseError):
                raise answer
        return answers


def _linked(shared: str, body: str) -> str:
    """Put the pieces of *shared* that *body* needs in front of it.

    A piece that a script does not call costs time all the same: at each run its
    function is made anew.
    """
    text, named = body, _words_in(body)
    for name, piece, names in _pieces_of(shared):
        if name in named:
            text = f"{piece}\n\n{text}"
            named |= names
    return text


@lru_cache(maxsize=1)  # all scripts share one text, and a search in it for each takes long
def _pieces_of(shared: str) -> tuple[tuple[str, str, frozenset[str]], ...]:
    """What each piece defines, its text and what that names; the last comes first."""
    found = ((_DEFINED.search(piece), piece) for piece in reversed(shared.split("\n\n")))
    return tuple(
        (defined.group(1), piece.strip(), _words_in(piece)) for defined, piece in found if defined
    )


def _words_in(code: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_COMMENT.sub("", code)))


async def _sent(redis: RedisClient, commands: Sequence[Sequence[str | int]]) -> list[Any]:
    # Not by the pipeline's methods: that of a cluster has none for scripts,
    # although it finds their way.
    pipeline = redis.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    answers: list[Any] = await pipeline.execute(raise_on_error=False)
    return answers
