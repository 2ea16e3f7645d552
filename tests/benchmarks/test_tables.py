"""What a run leaves in the document, and whether it tells a goal that was reached from one that was not."""

from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import capacity, tables
from tests.benchmarks.contenders import CONTENDERS, FLOOR, IDIOMATIC, OURS, TUNED, UNSENT
from tests.benchmarks.figures import figures
from tests.benchmarks.goals import READERS, WRITERS, goals
from tests.benchmarks.scale import DEEPEST, FEW, FIRST, KINDS, MANY, METRICS, RELAY, TASK
from tests.benchmarks.warm import SENT

ONE = figures([0.001])
TEN = figures([0.010])


@pytest.fixture
def results() -> dict[str, Any]:
    """A run in which the service took a tenth of everybody else's time, and as long for many orders as for few."""
    contenders = {OURS: ONE, TUNED: TEN, IDIOMATIC: TEN, FLOOR: TEN}
    starts = {**dict.fromkeys((*READERS, *WRITERS, "authorizer"), ONE), IDIOMATIC: TEN}
    pages = {page: {FEW: ONE, MANY: ONE} for page in (FIRST, DEEPEST)}
    requests = ("get", "list of a customer", "list of all", "create")
    return {
        "machine": "2 processors",
        "date": "2026-11-20",
        "few": 10_000,
        "many": 1_000_000,
        "rounds": 1,
        "layer_megabytes": 12.0,
        "warm": {**dict.fromkeys(requests, contenders), SENT: {OURS: TEN}},
        "cold": {name: dict.fromkeys(("loading", "both", "apart", "process"), time) for name, time in starts.items()},
        "emulated": {"get_order": {"init": ONE}},
        "throughput": {
            "4": {OURS: [300.0], UNSENT: [400.0], TUNED: [100.0], IDIOMATIC: [100.0], FLOOR: [100.0]},
        },
        "scale": dict.fromkeys((*KINDS, TASK, RELAY, METRICS), pages),
        "environments": {"get_order": {"started": 10, "at_work": 3}},
        "queues": {"5": {"payment": {"left": 0, "median_seconds": 0.1, "p99_seconds": 0.2, "batch": 2.0}}},
    }


def test_given_a_fast_service_when_goals_are_looked_at_then_all_are_met(results: dict[str, Any]) -> None:
    assert all(goal.is_met for goal in goals(results))


@pytest.mark.parametrize("change", ["cold", "warm", "throughput", "scale", "layer"])
def test_given_one_thing_that_is_slow_when_goals_are_looked_at_then_its_goal_is_not_met(
    results: dict[str, Any], change: str
) -> None:
    match change:
        case "cold":
            results["cold"]["list_orders"]["both"] = TEN
        case "warm":
            results["warm"] = {**results["warm"], "get": dict.fromkeys(CONTENDERS, TEN)}
        case "throughput":
            results["throughput"]["4"][OURS] = [249.0]
        case "scale":
            results["scale"]["by total"] = {FIRST: {FEW: ONE, MANY: TEN}, DEEPEST: {FEW: ONE, MANY: ONE}}
        case "layer":
            results["layer_megabytes"] = 30.1
    assert [goal.is_met for goal in goals(results)].count(False) == 1


def test_given_a_document_when_results_are_written_then_only_what_is_between_the_markers_changes(
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


def test_given_more_functions_on_each_queue_when_orders_come_then_fewer_tasks_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capacity, "SECONDS", 20.0)
    left = [sum(queue["left"] for queue in queues.values()) for queues in capacity.queues().values()]
    assert left == sorted(left, reverse=True)
    assert left[0] > 100 * left[-1]
