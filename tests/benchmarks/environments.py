"""Execution environments of contenders: processes that live for many calls, and such that live for one."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Any

from tests.benchmarks.places import LOG, PYTHON
from tests.support import ROOT

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Calls:
    """What came of some calls.

    Attributes:
        seconds: that each took.
        sending: how many of them went into handing tasks to SQS.
        last: the last answer.
    """

    seconds: list[float]
    sending: list[float]
    last: Json

    @property
    def apart(self) -> list[float]:
        """The seconds of each, those for SQS apart."""
        return [whole - part for whole, part in zip(self.seconds, self.sending, strict=True)]


@dataclass(frozen=True, slots=True)
class Environment:
    """A process that has a contender's functions loaded."""

    process: subprocess.Popen[str]

    def ask(self, function: str, events: Sequence[Json], seconds: float | None = None) -> None:
        """Let it call a function with each event, or with all of them for so long; `answer` waits for the end."""
        command = {"function": function, "events": events} | ({} if seconds is None else {"seconds": seconds})
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Calls:
        """What came of the calls that were asked for last."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} has ended; the last lines of {LOG} say why.")
        calls = Calls(**json.loads(line))
        require_success(calls.last)
        return calls

    def call(self, function: str, events: Sequence[Json]) -> Calls:
        """Ask and wait for the answer."""
        self.ask(function, events)
        return self.answer()


@contextmanager
def environment(contender: str, variables: Mapping[str, str], *, pinned: bool = False) -> Iterator[Environment]:
    """A contender's environment, for the body of the `with`; where it is pinned, on the last processor."""
    with _start(variables, "tests.benchmarks.worker", contender) as process:
        if pinned:
            os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
        try:
            yield Environment(process)
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class ColdStart:
    """How long a first answer took.

    Attributes:
        loading: seconds until the function was loaded, from the interpreter's first own line on.
        both: seconds until it had answered.
        sending: how many of these went into handing tasks to SQS.
        process: seconds from starting the interpreter to having the answer.
    """

    loading: float
    both: float
    sending: float
    process: float


def cold_start(contender: str, function: str, event: Json, variables: Mapping[str, str]) -> ColdStart:
    """Start a function in a process of its own, and call it once."""
    begun = perf_counter()
    with _start(variables, "tests.benchmarks.cold_start", contender, function) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        json.dump(event, process.stdin)
        process.stdin.close()
        line = process.stdout.readline()
        seconds = perf_counter() - begun
    if not line:
        raise RuntimeError(f"{contender} {function} did not start; the last lines of {LOG} say why.")
    told = json.loads(line)
    require_success(told.pop("answer"))
    return ColdStart(**told, process=seconds)


def require_success(answer: Json) -> None:
    """Refuse to measure what does not work.

    Raises:
        RuntimeError: the answer is an error, or a message that was not dealt with, or a caller who was turned away.
    """
    status = answer.get("statusCode", HTTPStatus.OK)
    if status >= HTTPStatus.BAD_REQUEST or answer.get("batchItemFailures") or not answer.get("isAuthorized", True):
        raise RuntimeError(f"A contender did not do what it was to be measured at: {answer}")


def _start(variables: Mapping[str, str], *command: str) -> subprocess.Popen[str]:
    with LOG.open("a") as log:
        return subprocess.Popen(
            [PYTHON, "-m", *command],
            cwd=ROOT,
            env=dict(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
