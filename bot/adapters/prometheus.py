"""`Metrics` as Prometheus counters, in a registry of their own."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120)


class PrometheusMetrics:
    """Counts what the turn pipeline reports. No label ever holds an id of Discord's."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._turns = Histogram(
            "rp_turn_seconds",
            "From the trigger's turn to its end, by outcome.",
            ["outcome"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._first_text = Histogram(
            "rp_first_text_seconds",
            "From the trigger to the first post of its reply.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._tokens = Counter(
            "rp_llm_tokens",
            "Tokens the model has read (prompt) and written (generated).",
            ["kind"],
            registry=self._registry,
        )

        self._prefix = Counter(
            "rp_prompt_prefix_tokens",
            "Prompt tokens: all (total), and those as in the channel's last prompt (reused).",
            ["kind"],
            registry=self._registry,
        )

        self._foreign = Counter(
            "rp_foreign_posts",
            "Messages with our mark that no process on this memory has posted.",
            registry=self._registry,
        )

    def turn_ended(self, outcome: str, seconds: float) -> None:
        self._turns.labels(outcome).observe(seconds)

    def first_text(self, seconds: float) -> None:
        self._first_text.observe(seconds)

    def prefix_reused(self, *, reused: int, total: int) -> None:
        self._prefix.labels("reused").inc(reused)
        self._prefix.labels("total").inc(total)

    def generated(self, *, prompt_tokens: int, new_tokens: int) -> None:
        self._tokens.labels("prompt").inc(prompt_tokens)
        self._tokens.labels("generated").inc(new_tokens)

    def foreign_post(self) -> None:
        self._foreign.inc()

    def page(self) -> bytes:
        """The text that `/metrics` answers."""
        return generate_latest(self._registry)
