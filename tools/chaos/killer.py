"""Kill function workers of one stack at random, as a lost machine would."""

import contextlib
import time
from collections import Counter
from pathlib import Path
from random import Random

import psutil

from local import cloudformation, emulator, processes
from local.background import repeated
from local.errors import LocalError
from local.layout import Layout

WORKER = "_worker.py"
FOLDER = f"ministack-lambda-{cloudformation.STACK}-"
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 1.5
SPARED_SECONDS = 8.0
"""For so long a worker is left alone: when one cannot be started, MiniStack ends all workers of the function, and a
machine on which that takes a second would never get any work done."""


class Killer:
    """Kills one worker about every second, while it is at work.

    Args:
        layout: The stack, whose MiniStack runs.
        random: Chooses the victims and the pauses.

    Attributes:
        killed: How many workers of each function were killed.

    Raises:
        LocalError: MiniStack does not run.
    """

    def __init__(self, layout: Layout, random: Random) -> None:
        found = processes.find(emulator.program(layout), layout.state)
        if found is None:
            raise LocalError("MiniStack does not run: `make up` first.")
        self._emulator = found
        self._random = random
        self.killed: Counter[str] = Counter()

    def at_work(self) -> contextlib.AbstractContextManager[None]:
        """Kill workers while the body of the `with` runs."""
        return repeated(self._kill_one, lambda: self._random.uniform(SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS))

    def _kill_one(self) -> None:
        """Kill a worker of a random function; functions with many workers are not preferred."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if workers := self._workers():
                function = self._random.choice(sorted(workers))
                self._random.choice(workers[function]).kill()
                self.killed[function] += 1

    def _workers(self) -> dict[str, list[psutil.Process]]:
        """Return the workers that may be killed, by function."""
        workers: dict[str, list[psutil.Process]] = {}
        born_before = time.time() - SPARED_SECONDS
        for process in self._emulator.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                function = function_of(process.cmdline())
                if function and process.create_time() < born_before:
                    workers.setdefault(function, []).append(process)
        return workers


def function_of(command: list[str]) -> str | None:
    """Return the function whose worker a command line starts; None if it starts none."""
    script = Path(command[-1]) if command else Path()
    if script.name != WORKER or not script.parent.name.startswith(FOLDER):
        return None
    return script.parent.name.removeprefix(FOLDER).rpartition("-")[0]
