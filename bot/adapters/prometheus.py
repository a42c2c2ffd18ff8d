"""`Metrics` as Prometheus has them, in a registry of their own.

Whatever varies without end becomes "other": a channel, a server or a member is
never a label. docs/running.md names the metrics; `deploy/` draws and watches them.
"""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.core.metrics import LABELS, OTHER, Event, Stage, bounded

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120)
_QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_EVENTS = {
    Event.INGESTED: ("rp_ingest", "result", "Lines of live scenes that came in."),
    Event.RETRIED: ("rp_turn_retries", "reason", "Times a lost model was asked again."),
    Event.SHED: ("rp_shed", "reason", "Turns that were refused."),
    Event.RECOVERED: ("rp_turn_recovered", "", "Lines answered that an earlier process left."),
    Event.CAUGHT_UP: ("rp_catchup_messages", "", "Lines read in a channel afterwards."),
    Event.FENCED: ("rp_fenced", "", "Times another process had taken a channel."),
    Event.RECONCILED: ("rp_post_reconciled", "result", "Posts whose answer was lost."),
}
_OUTCOMES = frozenset({"replied", "stopped", "superseded", "shed", "failed"})
MOST_NAMES = 100
"""Of routes, commands and kinds of errors, each: they are finite, but not ours."""

Values = Callable[[], Mapping[str, float]]


class Bounded:
    """Lets the first so many names pass as labels; the others are one."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, name: str) -> str:
        if name not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(name)
        return name


class PrometheusMetrics:
    """Counts what all parts report."""

    def __init__(self) -> None:
        # Else each counter has a second series, which no dashboard asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it is left without types
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._stages = self._histogram(
            "rp_turn_seconds", "Parts of a turn, and the whole.", ["stage"]
        )
        for stage in Stage:
            self._stages.labels(stage)
        self._turns = self._counter("rp_turns", "Turns that ended.", ["outcome"])
        self._events = {
            event: self._counter(name, what, [label] if label else [])
            for event, (name, label, what) in _EVENTS.items()
        }
        for event, labels in LABELS.items():
            for label in labels:
                self._events[event].labels(label)
        self._tokens = self._counter(
            "rp_llm_tokens", "Tokens the model has read (prompt) and written.", ["kind"]
        )
        self._prefix = self._counter(
            "rp_prompt_prefix_tokens",
            "Prompt tokens: all (total), and those as in the channel's last prompt (reused).",
            ["kind"],
        )
        self._foreign = self._counter(
            "rp_foreign_posts", "Messages with our mark that no process on this memory has posted."
        )
        self.discord = DiscordMetrics(self._counter, self._histogram)
        self.redis = RedisMetrics(self._counter, self._histogram)
        self.model = ModelMetrics(self._counter, self._histogram)
        self._lag = self._histogram(
            "rp_loop_lag_seconds", "How late the event loop wakes.", buckets=_QUICK
        )

    def turn_ended(self, outcome: str, seconds: float) -> None:
        self._turns.labels(outcome if outcome in _OUTCOMES else OTHER).inc()
        self._stages.labels(Stage.WHOLE).observe(seconds)

    def first_text(self, seconds: float) -> None:
        self.took(Stage.FIRST_VISIBLE, seconds)

    def took(self, stage: Stage, seconds: float) -> None:
        self._stages.labels(stage).observe(seconds)

    def count(self, event: Event, label: str = "", times: int = 1) -> None:
        counter = self._events[event]
        (counter.labels(bounded(event, label)) if event in LABELS else counter).inc(times)

    def prefix_reused(self, *, reused: int, total: int) -> None:
        self._prefix.labels("reused").inc(reused)
        self._prefix.labels("total").inc(total)

    def generated(self, *, prompt_tokens: int, new_tokens: int) -> None:
        self._tokens.labels("prompt").inc(prompt_tokens)
        self._tokens.labels("generated").inc(new_tokens)

    def foreign_post(self) -> None:
        self._foreign.inc()

    def lagged(self, seconds: float) -> None:
        """The event loop woke so much later than it was to."""
        self._lag.observe(seconds)

    def watch(self, name: str, what: str, values: Values, *, label: str = "") -> None:
        """Ask for a gauge's values whenever somebody looks.

        Args:
            values: by label; without one, of "".
        """
        self._registry.register(_Watched(name, what, label, values))

    def is_made_of(self, *, version: str, schema: int) -> None:
        """Tell what this process is."""
        built = Gauge(
            "rp_build_info", "1, and what runs.", ["version", "schema"], registry=self._registry
        )
        built.labels(version, str(schema)).set(1)

    def page(self) -> bytes:
        """The text that `/metrics` answers."""
        return generate_latest(self._registry)

    def _counter(self, name: str, what: str, labels: Iterable[str] = ()) -> Counter:
        return Counter(name, what, [*labels], registry=self._registry)

    def _histogram(
        self,
        name: str,
        what: str,
        labels: Iterable[str] = (),
        buckets: Iterable[float] = _SECONDS,
    ) -> Histogram:
        return Histogram(name, what, [*labels], buckets=[*buckets], registry=self._registry)


_Count = Callable[[str, str, Iterable[str]], Counter]
_Time = Callable[[str, str, Iterable[str], Iterable[float]], Histogram]


class DiscordMetrics:
    """What becomes of requests to Discord, and what it tells."""

    def __init__(self, counter: _Count, histogram: _Time) -> None:
        self._answers = counter("rp_discord_requests", "Answers of Discord.", ["route", "status"])
        self._limited = counter("rp_discord_ratelimited", "Answers 429, by scope.", ["scope"])
        self._waits = histogram(
            "rp_discord_bucket_wait_seconds", "Waits for a limit to let us.", (), _SECONDS
        )
        self._events = counter("rp_gateway_events", "Events heard.", ["type"])
        self._connects = counter("rp_gateway_reconnects", "Sessions.", ["resumed"])
        self._pairs, self._types = Bounded(3 * MOST_NAMES), Bounded()

    def answered(self, route: str, status: int) -> None:
        """Discord has answered. Routes have no ids."""
        known = self._pairs(f"{route} {status}")
        self._answers.labels(*((OTHER, OTHER) if known == OTHER else (route, status))).inc()

    def limited(self, scope: str) -> None:
        """An answer was 429."""
        known = scope if scope in ("user", "shared", "global") else OTHER
        self._limited.labels(known).inc()

    def waited(self, seconds: float) -> None:
        """A request had to wait for its limit."""
        self._waits.observe(seconds)

    def heard(self, kind: str) -> None:
        """An event of the gateway."""
        self._events.labels(self._types(kind)).inc()

    def connected(self, *, resumed: bool) -> None:
        """A session goes on, or a new one begins."""
        self._connects.labels(str(resumed).lower()).inc()


class RedisMetrics:
    """How long Redis takes."""

    def __init__(self, counter: _Count, histogram: _Time) -> None:
        self._seconds = histogram(
            "rp_redis_seconds", "From asking Redis to its answer.", ["script"], _QUICK
        )
        self._errors = counter("rp_redis_errors", "What Redis refused or did not do.", ["kind"])
        self._names, self._kinds = Bounded(), Bounded()

    def took(self, script: str, seconds: float) -> None:
        """A script, or a command, was answered."""
        self._seconds.labels(self._names(script)).observe(seconds)

    def failed(self, kind: str) -> None:
        """One was not."""
        self._errors.labels(self._kinds(kind)).inc()


class ModelMetrics:
    """How the model servers do; they are called by their number in the settings, from 0."""

    def __init__(self, counter: _Count, histogram: _Time) -> None:
        self._requests = counter(
            "rp_llm_requests", "Streams asked for, by how they began.", ["replica", "result"]
        )
        self._first = histogram(
            "rp_llm_ttft_seconds", "From a request to its first token.", ["replica"], _SECONDS
        )
        self._between = histogram(
            "rp_llm_inter_token_seconds", "From one token to the next.", (), _QUICK
        )
        self._results, self._replicas = Bounded(16), Bounded(16)

    def began(self, replica: int, result: str, seconds: float) -> None:
        """A request had its first token (result "ok"), or failed before."""
        name = self._replicas(str(replica))
        self._requests.labels(name, self._results(result)).inc()
        if result == "ok":
            self._first.labels(name).observe(seconds)

    def token(self, seconds: float) -> None:
        """Another token came, so long after the one before."""
        self._between.observe(seconds)


class _Watched(Collector):
    """A gauge whose values are asked for when it is looked at."""

    def __init__(self, name: str, what: str, label: str, values: Values) -> None:
        self._name, self._what, self._label = name, what, label
        self._values = values

    def collect(self) -> Iterable[Metric]:
        labels = [self._label] if self._label else []
        family = GaugeMetricFamily(self._name, self._what, labels=labels)
        for label, value in [*self._values().items()][:MOST_NAMES]:
            family.add_metric([label] if labels else [], value)
        yield family

    def describe(self) -> Iterable[Metric]:
        """Without values: who registers asks for none."""
        yield GaugeMetricFamily(self._name, self._what)
