"""The document that a run writes, and the goals that it meets or misses."""

from pathlib import Path
from typing import Any

import pytest

from tools.benchmarks import capacity, tables
from tools.benchmarks.baseline import BEFORE, NOW
from tools.benchmarks.contenders import CONTENDERS, CREATORS, EQUAL_WORK, FLOOR, IDIOMATIC, OURS, TUNED, UNSENT
from tools.benchmarks.goals import READERS, WRITERS, goals
from tools.benchmarks.scale import DEEPEST, FEED, FEW, FIRST, KINDS, MANY, METRICS, RELAY, TASK
from tools.benchmarks.summary import summarize
from tools.benchmarks.warm import WITH_SQS

ONE = summarize([0.001])
TEN = summarize([0.010])


@pytest.fixture
def results() -> dict[str, Any]:
    """The results of a run: a tenth of each peer's time, the same for small and large databases."""
    contenders = {OURS: ONE, TUNED: TEN, IDIOMATIC: TEN, FLOOR: TEN}
    starts = {**dict.fromkeys((*READERS, *WRITERS, "authorizer"), ONE), IDIOMATIC: TEN}
    pages = {page: {FEW: ONE, MANY: ONE} for page in (FIRST, DEEPEST)}
    requests = ("get", "list of a customer", "list of all", "search by product", "create")
    cost = {"function": ONE, "server": ONE, "total": ONE, "log_bytes": 4_000.0, "log_bytes_after_checkpoint": 9_000.0}
    return {
        "machine": "2 processors",
        "date": "2026-11-20",
        "few": 10_000,
        "many": 1_000_000,
        "rounds": 1,
        "network_ms": 0.0,
        "layer_megabytes": 12.0,
        "warm": {**dict.fromkeys(requests, contenders), WITH_SQS: {OURS: ONE, EQUAL_WORK: TEN}},
        "cold": {
            name: dict.fromkeys(("init", "first_response", "without_sqs", "process"), time)
            for name, time in starts.items()
        },
        "emulated": {"get_order": {"init": ONE}},
        "throughput": {
            "4": {**{peer: [100.0] for peer in CREATORS}, OURS: [300.0], UNSENT: [400.0]},
        },
        "cost": dict.fromkeys(CREATORS, cost),
        "lives": {
            NOW: {"database": ONE, "server": 4.0, "statements": 18, "calls": 10},
            BEFORE: {"database": TEN, "server": 8.0, "statements": 19, "calls": 10},
        },
        "feed": {"writers": 50, "seconds": 120.0, "events": 100_000, "median_lag": 100.0, "p99_lag": 300.0},
        "scale": dict.fromkeys((*KINDS, *FEED, TASK, RELAY, METRICS), pages),
        "environments": {"get_order": {"started": 10, "busy": 3}},
        "queue": {"5 / 10": {"payment": {"backlog": 0, "median_seconds": 0.1, "p99_seconds": 0.2, "busy": 2.0}}},
    }


def test_given_a_fast_service_when_goals_are_checked_then_all_are_met(results: dict[str, Any]) -> None:
    assert all(goal.is_met for goal in goals(results))


@pytest.mark.parametrize("change", ["cold", "warm", "create", "throughput", "cost", "life", "scale", "layer"])
def test_given_one_slow_measurement_when_goals_are_checked_then_its_goal_is_missed(
    results: dict[str, Any], change: str
) -> None:
    match change:
        case "cold":
            results["cold"]["list_orders"]["first_response"] = TEN
        case "warm":
            results["warm"] = {**results["warm"], "get": dict.fromkeys(CONTENDERS, TEN)}
        case "create":
            results["warm"] = {**results["warm"], WITH_SQS: {OURS: ONE, EQUAL_WORK: ONE}}
        case "cost":
            results["cost"][OURS] = {**results["cost"][OURS], "log_bytes": 5_001.0}
        case "life":
            results["lives"][BEFORE] = {**results["lives"][BEFORE], "database": ONE}
        case "throughput":
            results["throughput"]["4"][OURS] = [249.0]
        case "scale":
            results["scale"]["sorted by total"] = {FIRST: {FEW: ONE, MANY: TEN}, DEEPEST: {FEW: ONE, MANY: ONE}}
        case "layer":
            results["layer_megabytes"] = 30.1
    assert [goal.is_met for goal in goals(results)].count(False) == 1


def test_given_a_document_when_written_then_only_text_between_markers_changes(
    results: dict[str, Any], tmp_path: Path
) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{tables.BEGIN}\nthe last run\n{tables.END}\nafter\n")
    tables.write(results, document)
    tables.write(results, document)
    text = document.read_text()
    assert text.startswith(f"before\n{tables.BEGIN}\n")
    assert text.endswith(f"\n{tables.END}\nafter\n")
    assert "the last run" not in text
    assert text.count("| get | 1 (1; ±0) | 10 (10; ±0) |") == 1


def test_given_a_baseline_when_results_are_rendered_then_its_ratio_is_shown(results: dict[str, Any]) -> None:
    assert "Before and after" not in tables.render(results)
    results["baseline"] = {"warm get_order": {NOW: ONE, BEFORE: TEN}}
    assert "| warm get_order | 10 (10; ±0) | 1 (1; ±0) | 0.10 |" in tables.render(results)


def test_given_costs_and_lives_when_results_are_rendered_then_each_has_a_row(results: dict[str, Any]) -> None:
    rendered = tables.render(results)
    assert f"| {EQUAL_WORK} | 1 (1; ±0) | 1 (1; ±0) | 1 (1; ±0) | 4.0 | 9.0 |" in rendered
    assert "| now | 1 (1; ±0) | 4 | 18 | 10 |" in rendered


def test_given_more_concurrency_when_simulated_then_the_backlog_is_smaller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capacity, "SECONDS", 20.0)
    backlogs = [sum(tasks["backlog"] for tasks in services.values()) for services in capacity.queue().values()]
    assert backlogs == sorted(backlogs, reverse=True)
    assert backlogs[0] > 100 * backlogs[-1]
