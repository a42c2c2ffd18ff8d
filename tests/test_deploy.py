"""Dashboard and alert rules name what the bot measures, and all of it."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
NAME = re.compile(r"\b(?:rp|process)_[a-z_]+")
FOREIGN = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}
"""Prometheus' own, and those of its client library."""
PARTS = re.compile(r"_(?:bucket|sum|count|total)$")


def measured() -> set[str]:
    """The names of all metrics in the code, without what Prometheus puts behind them."""
    found = set()
    for path in (ROOT / "bot").rglob("*.py"):
        if path.parts[-2] == "tgi_server":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if re.fullmatch(r"rp_[a-z_]+", node.value) else set()
    return found


def dashboard() -> Any:
    return json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())


def alerts() -> list[Any]:
    [group] = yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text())["groups"]
    return list(group["rules"])


def drawn() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def names(expression: str) -> set[str]:
    without_labels = re.sub(r"\{[^}]*\}", "", expression)
    return {PARTS.sub("", name) for name in NAME.findall(without_labels) if name not in FOREIGN}


def is_balanced(expression: str) -> bool:
    return all(
        expression.count(one) == expression.count(other) for one, other in ("()", "{}", "[]")
    )


def test_the_dashboard_draws_all_that_is_measured_and_nothing_else() -> None:
    assert set().union(*map(names, drawn())) == measured()


def test_the_alerts_watch_what_is_measured() -> None:
    watched = set().union(*(names(rule["expr"]) for rule in alerts()))

    assert watched <= measured()
    assert watched >= {
        *("rp_turn_seconds", "rp_turns", "rp_shed", "rp_llm_breaker_state"),
        *("rp_discord_invalid_requests", "rp_identify_remaining", "rp_foreign_posts"),
        *("rp_redis_memory_ratio", "rp_redis_policy_ok", "rp_redis_errors", "rp_loop_lag_seconds"),
    }


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    rules = alerts()

    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "warn"}
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["do"]


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    board = dashboard()
    ids = [panel["id"] for panel in board["panels"]]
    corners = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]

    assert board["schemaVersion"] >= 39
    assert len(ids) == len(set(ids))
    assert len(corners) == len(set(corners))
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


def test_expressions_are_whole_and_ask_rates_of_counters_only() -> None:
    expressions = [*drawn(), *(rule["expr"] for rule in alerts())]

    assert [each for each in expressions if not is_balanced(each)] == []
    for expression in expressions:
        for counted in re.findall(r"(?:rate|increase)\((\w+)", expression):
            assert counted.endswith(("_total", "_bucket")), expression


def test_the_docs_name_every_metric() -> None:
    page = (ROOT / "docs" / "running.md").read_text()

    assert {PARTS.sub("", name) for name in NAME.findall(page) if name not in FOREIGN} == measured()
