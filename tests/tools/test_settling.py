"""Waiting ends when nothing is pending, or when it has taken too long."""

import io
from collections import Counter

import pytest
from rich.console import Console

from tools.support.settling import REPORT_SECONDS, settle


class World:
    """Tasks that are processed one by one while time passes."""

    def __init__(self, *pending: int) -> None:
        self._pending = iter(pending)
        self._last = pending[-1]
        self.seconds = 0.0
        self.nudges = 0

    def states(self) -> Counter[str]:
        return Counter(done=4, pending=next(self._pending, self._last), failed=1)

    def clock(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def nudge(self) -> None:
        self.nudges += 1


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=120)


def wait(console: Console, world: World, limit_seconds: float) -> tuple[bool, str]:
    settled = settle(
        console, world.states, limit_seconds=limit_seconds, nudge=world.nudge, clock=world.clock, sleep=world.sleep
    )
    assert isinstance(console.file, io.StringIO)
    return settled, console.file.getvalue()


def test_given_pending_tasks_when_they_are_processed_then_waiting_ends(console: Console) -> None:
    settled, printed = wait(console, World(3, 2, 0), 60)
    assert settled
    assert printed == "After 4 s no task is pending: 4 are done, 1 failed\n"


def test_given_pending_tasks_when_they_stay_pending_then_waiting_times_out(console: Console) -> None:
    world = World(3)
    settled, printed = wait(console, world, 4 * REPORT_SECONDS)
    assert not settled
    assert printed.splitlines()[0] == "Waiting for 16 s: 3 of 8 tasks are pending"
    assert printed.splitlines()[-1] == "Gave up waiting after 60 s: 3 of 8 tasks are pending"
    assert world.nudges == len(printed.splitlines()) - 1
