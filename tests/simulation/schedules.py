"""Schedules: which scenario runs in which world, and what goes wrong in it. Each has a name that repeats it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, count, islice, zip_longest
from queue import SimpleQueue
from random import Random
from typing import Self, get_args

from checks.violations import violations
from orders.config import InventoryApi
from tests.simulation.effects import Effect, Fault, NoFaults, OneFault, Plan, SomeFaults
from tests.simulation.evidence import collect
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.stage import Stage
from tests.simulation.world import World

INVENTORY_APIS: tuple[InventoryApi, ...] = get_args(InventoryApi)

_RATE = 0.04
"""How likely an effect meets a fault, where any of them can."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run of a scenario.

    Attributes:
        scenario: the name of what customers, staff and services do.
        inventory_api: the kind of inventory.
        effect: the number of the effect that meets a fault; None if any can.
        fault: what it meets; None if anything can happen.
        seed: decides everything else. Where it is odd, callers are patient.
    """

    scenario: str
    inventory_api: InventoryApi
    effect: int | None
    fault: Fault | None
    seed: int

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read the name of a schedule."""
        scenario, inventory_api, effect, fault, seed = name.split(":")
        return cls(
            scenario,
            next(api for api in INVENTORY_APIS if api == inventory_api),
            None if effect == "any" else int(effect),
            None if fault == "any" else Fault(fault),
            int(seed),
        )

    def __str__(self) -> str:
        effect = "any" if self.effect is None else self.effect
        return f"{self.scenario}:{self.inventory_api}:{effect}:{self.fault or 'any'}:{self.seed}"

    def plan(self, random: Random) -> Plan:
        """What goes wrong."""
        if self.effect is not None and self.fault is not None:
            return OneFault(self.effect, self.fault)
        return SomeFaults(random, _RATE, random.randint(2, 4))

    def run(self, stage: Stage) -> str | None:
        """Run it until all has settled; return the violations, and how to repeat it."""
        world = self._world(stage, self.plan(Random(str(self))))
        try:
            wrong = violations(collect(self._finish(world)))
        except Exception as error:
            error.add_note(self._repeat(world))
            raise
        return f"{self._repeat(world)}\n  " + "\n  ".join(wrong) if wrong else None

    def trace(self, stage: Stage) -> list[Effect]:
        """The effects of the scenario when nothing goes wrong."""
        return self._finish(self._world(stage, NoFaults())).effects.trace

    def _world(self, stage: Stage, plan: Plan) -> World:
        return World(stage, self.inventory_api, Random(self.seed), plan, is_patient=self.seed % 2 == 1)

    def _finish(self, world: World) -> World:
        SCENARIOS[self.scenario](world)
        world.drain()
        return world

    def _repeat(self, world: World) -> str:
        met = ", ".join(f"{fault} at {effect.number} ({effect.name})" for effect, fault in world.effects.met)
        return f"SIMULATION_ONLY={self} [{met or 'no fault met'}]"


def one_fault(scenario: str, inventory_api: InventoryApi, stage: Stage) -> Iterator[Schedule]:
    """Every fault at every effect of a scenario, again and again with another seed.

    First the process is killed after each effect; then all effects come with a second fault before any has its third.
    """
    for seed in count():
        without = Schedule(scenario, inventory_api, None, None, seed)
        random = Random(str(without))
        by_effect = [
            [
                replace(without, effect=effect.number, fault=fault)
                for fault in sorted(random.sample(effect.faults, len(effect.faults)), key=Fault.CRASH_AFTER.__ne__)
            ]
            for effect in without.trace(stage)
        ]
        yield from (each for each in chain.from_iterable(zip_longest(*by_effect)) if each is not None)


def some_faults(scenario: str, inventory_api: InventoryApi) -> Iterator[Schedule]:
    """A few faults anywhere in a scenario, again and again with another seed."""
    for seed in count():
        yield Schedule(scenario, inventory_api, None, None, seed)


def run_all(stages: list[Stage], schedules: Iterator[Schedule], number: int) -> list[str]:
    """Run so many schedules, side by side on different stages; returns what is wrong with which."""
    free: SimpleQueue[Stage] = SimpleQueue()
    for stage in stages:
        free.put(stage)

    def run(schedule: Schedule) -> str | None:
        stage = free.get()
        try:
            return schedule.run(stage)
        finally:
            free.put(stage)

    with ThreadPoolExecutor(len(stages)) as pool:
        return [wrong for wrong in pool.map(run, list(islice(schedules, number))) if wrong]
