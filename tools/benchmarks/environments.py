"""Execution environments of contenders: processes for many calls, and processes for one."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Any

from local.layout import ROOT
from tools.benchmarks.places import LOG, PYTHON

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Calls:
    """The result of some calls.

    Attributes:
        seconds: duration of each call.
        sending: the part of each spent on sending to SQS.
        statements: the number of statements of the database, if measured.
        database_seconds: the time that all calls spent on them.
        last: the last answer.
    """

    seconds: list[float]
    sending: list[float]
    statements: int
    database_seconds: float
    last: Json

    @property
    def without_sqs(self) -> list[float]:
        """The duration of each call, without sending to SQS."""
        return [whole - part for whole, part in zip(self.seconds, self.sending, strict=True)]


@dataclass(frozen=True, slots=True)
class Environment:
    """A process with a contender's functions."""

    process: subprocess.Popen[str]

    def start(self, function: str, events: Sequence[Json], seconds: float | None = None) -> None:
        """Start to call a function with each event, or with all of them repeatedly for some seconds."""
        command = {"function": function, "events": events} | ({} if seconds is None else {"seconds": seconds})
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def wait(self) -> Calls:
        """Wait for the calls that were started.

        Raises:
            RuntimeError: the process has ended, or the last call failed.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} has ended; see the end of {LOG}.")
        calls = Calls(**json.loads(line))
        require_success(calls.last)
        return calls

    def call(self, function: str, events: Sequence[Json]) -> Calls:
        """Call a function with each event."""
        self.start(function, events)
        return self.wait()


@contextmanager
def environment(
    contender: str, variables: Mapping[str, str], *, pinned: bool = False, statements: bool = False
) -> Iterator[Environment]:
    """Run a contender's environment for the body of the `with`.

    Args:
        contender: as `contenders.load` takes it.
        variables: its environment variables.
        pinned: whether it runs on the last processor only.
        statements: whether statements of the database are measured.
    """
    with _run(variables, "tools.benchmarks.worker", contender, *(["statements"] if statements else [])) as process:
        if pinned:
            os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
        try:
            yield Environment(process)
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class ColdStart:
    """The durations of one cold start, in seconds.

    Attributes:
        init: from the interpreter's first line of our code until the function is loaded.
        first_response: until it has answered its first request.
        sending: the part of that spent on sending to SQS.
        process: from starting the interpreter to having the answer.
    """

    init: float
    first_response: float
    sending: float
    process: float


def cold_start(contender: str, function: str, event: Json, variables: Mapping[str, str]) -> ColdStart:
    """Start a function in a process of its own, and call it once."""
    begun = perf_counter()
    with _run(variables, "tools.benchmarks.cold_start", contender, function) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        json.dump(event, process.stdin)
        process.stdin.close()
        line = process.stdout.readline()
        seconds = perf_counter() - begun
    if not line:
        raise RuntimeError(f"{contender} {function} did not start; see the end of {LOG}.")
    times = json.loads(line)
    require_success(times.pop("answer"))
    return ColdStart(**times, process=seconds)


def require_success(answer: Json) -> None:
    """Stop when a contender does not do its work.

    Raises:
        RuntimeError: the answer is an error, a failed batch item, or a refused caller.
    """
    status = answer.get("statusCode", HTTPStatus.OK)
    if status >= HTTPStatus.BAD_REQUEST or answer.get("batchItemFailures") or not answer.get("isAuthorized", True):
        raise RuntimeError(f"A contender failed: {answer}")


def _run(variables: Mapping[str, str], *command: str) -> subprocess.Popen[str]:
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
