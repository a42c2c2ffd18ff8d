"""How many requests are worked on, and what they came to."""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bot.tgi_server.reading import Reading
from bot.tgi_server.wire import Refused, overloaded

_FAMILIES: Final = {
    "tgi_request_count": "Requests taken",
    "tgi_request_success": "Requests answered to the end",
    "tgi_request_failure": "Requests refused, broken off or left by their client",
    "tgi_request_input_tokens": "Tokens read",
    "tgi_request_generated_tokens": "Tokens written",
    "tgi_request_seconds": "Time spent on requests",
}

# TGI has no such metrics.
_READ: Final = {
    "tgi_engine_prompt_tokens": "Tokens of the prompts that the model was given, per request",
    "tgi_engine_prefill_tokens": "Those that were computed, not found in the cache, per request",
}
_BOUNDS: Final = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)


class Gate:
    """Lets *limit* requests in at once and refuses the next one immediately.

    Attributes:
        counts: totals since the start, by metric name with its label.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.inside = 0
        self.counts: Counter[str] = Counter()

    @contextmanager
    def permit(self) -> Iterator[Reading]:
        """Be one of those inside, and note what is read.

        Raises:
            Refused: there are as many as may be.
        """
        self.counts["tgi_request_count"] += 1
        if self.inside >= self.limit:
            self.fail("overloaded")
            raise overloaded()
        self.inside += 1
        began = time.monotonic()
        reading = Reading()
        try:
            yield reading
        finally:
            if reading.prompt:
                self._has_read(reading)
            self.counts["tgi_request_seconds_ms"] += round(1000 * (time.monotonic() - began))
            self.inside -= 1

    def fail(self, kind: str) -> None:
        """Count a request that got no whole answer."""
        self.counts[f'tgi_request_failure{{err="{kind}"}}'] += 1

    def succeed(self, input_tokens: int, generated_tokens: int) -> None:
        """Count a request that was answered."""
        self.counts["tgi_request_success"] += 1
        self.counts["tgi_request_input_tokens"] += input_tokens
        self.counts["tgi_request_generated_tokens"] += generated_tokens

    def refused(self, refusal: Refused) -> None:
        """Count a request that got an error object; overload is counted at the door."""
        if refusal.kind != "overloaded":
            self.fail(refusal.kind)

    def _has_read(self, reading: Reading) -> None:
        for name, tokens in zip(_READ, (reading.prompt, reading.prefill), strict=True):
            self.counts[f"{name}_sum"] += tokens
            self.counts[f"{name}_{bisect_left(_BOUNDS, tokens)}"] += 1

    def exposition(self, slots: int) -> str:
        """Prometheus text, under TGI's metric names."""
        lines = [
            "# TYPE tgi_queue_size gauge",
            f"tgi_queue_size {max(0, self.inside - slots)}",
            "# TYPE tgi_batch_current_size gauge",
            f"tgi_batch_current_size {min(self.inside, slots)}",
        ]
        for name, told in _FAMILIES.items():
            lines += [f"# HELP {name} {told}", f"# TYPE {name} counter"]
            if name == "tgi_request_seconds":
                lines.append(f"{name} {self.counts[f'{name}_ms'] / 1000}")
                continue
            found = {key: n for key, n in self.counts.items() if key.partition("{")[0] == name}
            lines += [f"{key} {n}" for key, n in sorted((found or {name: 0}).items())]
        for name, told in _READ.items():
            lines += [f"# HELP {name} {told}", f"# TYPE {name} histogram"]
            lines += self._histogram(name)
        return "\n".join(lines) + "\n"

    def _histogram(self, name: str) -> Iterator[str]:
        count = 0
        for number, bound in enumerate((*_BOUNDS, "+Inf")):
            count += self.counts[f"{name}_{number}"]
            yield f'{name}_bucket{{le="{bound}"}} {count}'
        yield f"{name}_sum {self.counts[f'{name}_sum']}"
        yield f"{name}_count {count}"
