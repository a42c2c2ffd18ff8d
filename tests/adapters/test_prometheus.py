"""What `/metrics` says, however much there is."""

import re
from itertools import count

from bot.adapters.discord_rest import routes
from bot.adapters.prometheus import PrometheusMetrics
from bot.core.metrics import LABELS, OTHER, Event, Stage
from bot.core.scene import ChannelId, GuildId, MessageId, UserId

MOST_SERIES = 3_000
SNOWFLAKE = re.compile(r"\d{17,}")


def series(metrics: PrometheusMetrics) -> list[str]:
    return [line for line in metrics.page().decode().splitlines() if not line.startswith("#")]


def busy(metrics: PrometheusMetrics, channel: int) -> None:
    """All that a turn in that channel may tell."""
    place, message, user = ChannelId(channel), MessageId(channel + 1), UserId(channel + 2)
    hook = routes.Webhook(channel + 3, f"token{channel}")
    for route in (
        routes.create_message(place),
        routes.get_message(place, message),
        routes.list_messages(place, after=message),
        routes.execute_webhook(hook, place),
        routes.edit_webhook_message(hook, message, place),
        routes.list_webhooks(place),
        routes.react(place, message, "💭"),
        routes.active_threads(GuildId(channel + 4)),
        routes.add_to_thread(place, user),
    ):
        metrics.discord.answered(route.name, (200, 204, 403, 404, 429, 500)[channel % 6])


def all_that_has_no_id(metrics: PrometheusMetrics) -> None:
    metrics.discord.limited("user")
    metrics.discord.waited(0.2)
    metrics.discord.heard("MESSAGE_CREATE")
    for stage in Stage:
        metrics.took(stage, 1.0)
    for event in Event:
        for label in LABELS.get(event, ("",)):
            metrics.count(event, label)
    metrics.turn_ended("replied", 1.0)
    for replica in range(8):
        metrics.model.began(replica, "ok", 0.5)
        metrics.model.began(replica, "GenerationTimedOut", 0.5)
    for script in range(40):
        metrics.redis.took(f"script{script}", 0.001)


def test_ten_thousand_channels_stay_under_three_thousand_series() -> None:
    metrics = PrometheusMetrics()
    ids = count(10**18, 7)

    for _ in range(10_000):
        busy(metrics, next(ids))
    all_that_has_no_id(metrics)

    found = series(metrics)
    assert 500 < len(found) < MOST_SERIES
    assert not [line for line in found if "_created" in line]
    assert not SNOWFLAKE.search("\n".join(line.rpartition(" ")[0] for line in found))


def test_names_that_others_choose_without_end_become_one() -> None:
    metrics = PrometheusMetrics()

    for number in range(10_000):
        metrics.discord.answered(f"GET /channels/{number}", number % 600)
        metrics.discord.limited(f"scope {number}")
        metrics.discord.heard(f"EVENT_{number}")
        metrics.redis.took(f"command{number}", 0.001)
        metrics.redis.failed(f"Error{number}")
        metrics.model.began(number, f"Result{number}", 0.1)
        metrics.turn_ended(f"outcome {number}", 0.1)
        metrics.count(Event.SHED, f"reason {number}")
    metrics.watch("rp_gateway_latency_seconds", "…", _many, label="shard")

    assert len(series(metrics)) < MOST_SERIES
    assert f'rp_shed_total{{reason="{OTHER}"}} 10000.0' in metrics.page().decode()


def test_a_gauge_is_asked_when_somebody_looks() -> None:
    metrics = PrometheusMetrics()
    held = [1.0]
    metrics.watch("rp_queue_depth", "…", lambda: {"": held[0]})

    before = metrics.page().decode()
    held[0] = 2.0
    after = metrics.page().decode()

    assert "rp_queue_depth 1.0" in before
    assert "rp_queue_depth 2.0" in after


def test_what_is_not_known_is_not_told() -> None:
    metrics = PrometheusMetrics()
    metrics.watch("rp_identify_remaining", "…", dict)

    assert not [line for line in series(metrics) if "rp_identify" in line]


def test_the_process_and_what_runs_are_told() -> None:
    metrics = PrometheusMetrics()
    metrics.is_made_of(version="1.2", schema=2)

    page = metrics.page().decode()

    assert 'rp_build_info{schema="2",version="1.2"} 1.0' in page
    assert "process_resident_memory_bytes" in page


def _many() -> dict[str, float]:
    return {str(number): 0.1 for number in range(10_000)}
