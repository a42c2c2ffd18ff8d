"""What `/metrics` asks for whenever somebody looks: how much of what there is just now."""

import asyncio
from collections.abc import Mapping
from math import isfinite

from bot.discord_ui.client import RoleplayBot
from bot.ground import Ground
from bot.services.dispatcher import Dispatcher
from bot.services.turns import TurnPipeline
from bot.services.vitals import Vitals


def watch_gauges(
    ground: Ground,
    bot: RoleplayBot,
    pipeline: TurnPipeline,
    dispatcher: Dispatcher,
    vitals: Vitals,
) -> None:
    """Have the metrics ask for them."""
    watch = ground.metrics.watch

    def latencies() -> Mapping[str, float]:
        return {str(shard): latency for shard, latency in bot.latencies if isfinite(latency)}

    def left() -> Mapping[str, float]:
        return {} if bot.admission.left is None else {"": bot.admission.left}

    def broken() -> Mapping[str, float]:
        return {str(number): is_over for number, is_over in enumerate(ground.generator.lost())}

    watch(
        "rp_turns_inflight",
        "Channels in which a reply is made, or waits.",
        lambda: {"": pipeline.in_flight},
    )
    watch("rp_queue_depth", "Replies that wait for a slot.", lambda: {"": dispatcher.depth})
    watch("rp_tasks", "Tasks of the event loop.", lambda: {"": len(asyncio.all_tasks())})
    watch("rp_gateway_latency_seconds", "Of the last heartbeat.", latencies, label="shard")
    watch("rp_identify_remaining", "Connections that Discord still allows today.", left)
    watch(
        "rp_llm_breaker_state",
        "1 for a model server that failed when it was asked last.",
        broken,
        label="replica",
    )
    watch("rp_redis_memory_ratio", "Of its memory, what Redis uses.", vitals.filled)
    watch("rp_redis_policy_ok", "1 if Redis deletes nothing to make room.", vitals.policy_ok)
