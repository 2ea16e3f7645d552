"""Whatever fails at whichever moment, all invariants hold in the end.

`--effort` multiplies the number of schedules; `SIMULATION_ONLY` repeats the one that a failure names.
"""

import math
from collections.abc import Callable, Iterator
from itertools import islice
from random import Random

import pytest

from checks.violations import violations
from orders.config import InventoryApi
from tests.simulation.evidence import collect
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.schedules import INVENTORY_APIS, Schedule, one_fault, run_all, some_faults
from tests.simulation.stage import Stage
from tests.simulation.world import World

SCHEDULES = 3
"""How many each test runs, times the effort."""

FOUND = (
    # A charge whose answer was lost had no name by which it could be refunded.
    "cancelled_before_the_answer:catalog:any:any:1",
    # A task that had seen the parcel leave made another one at its second attempt.
    "shipped_by_hand:catalog:19:unavailable:0",
    # A shipment whose answer was still out was taken for one that had never been made.
    "cancelled_when_reported_ready:catalog:30:work-meanwhile:0",
)

type Run = Callable[[Iterator[Schedule], int], None]


@pytest.fixture
def run(stages: list[Stage], effort: int, only: Schedule | None, record_property: Callable[[str, object], None]) -> Run:
    """Run as many of some schedules as one test may, or has to; fail if any leaves something wrong."""
    if only:
        pytest.skip(f"only {only} is repeated")

    def run(schedules: Iterator[Schedule], at_least: int) -> None:
        number = max(at_least, SCHEDULES * effort)
        record_property("schedules", number)
        wrong = run_all(stages, schedules, number)
        assert not wrong, "\n".join([f"{len(wrong)} of {number} schedules are wrong", *wrong])

    return run


@pytest.mark.parametrize("inventory_api", INVENTORY_APIS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_given_a_fault_at_any_effect_when_settled_then_all_invariants_hold(
    run: Run, stages: list[Stage], effort: int, scenario: str, inventory_api: InventoryApi
) -> None:
    effects = len(Schedule(scenario, inventory_api, None, None, seed=0).trace(stages[0]))
    # With more effort, every effect meets a fault.
    step = 6 if effort == 1 else 1
    run(islice(one_fault(scenario, inventory_api, stages[0]), None, None, step), math.ceil(effects / step))


@pytest.mark.parametrize("inventory_api", INVENTORY_APIS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_given_several_faults_when_settled_then_all_invariants_hold(
    run: Run, scenario: str, inventory_api: InventoryApi
) -> None:
    run(some_faults(scenario, inventory_api), 1)


def test_given_schedules_that_once_failed_when_repeated_then_all_invariants_hold(
    stages: list[Stage], only: Schedule | None
) -> None:
    wrong = [schedule.run(stages[0]) for schedule in ([only] if only else map(Schedule.parse, FOUND))]
    assert not any(wrong), wrong


@pytest.mark.parametrize("inventory_api", INVENTORY_APIS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_given_no_fault_when_settled_then_all_invariants_hold(
    stages: list[Stage], scenario: str, inventory_api: InventoryApi
) -> None:
    world = World(stages[0], inventory_api, Random(scenario))
    SCENARIOS[scenario](world)
    world.drain()
    assert violations(collect(world)) == []
