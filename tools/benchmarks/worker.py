"""One execution environment: loads a contender's functions and calls them as commands on standard input say.

A command is a line of JSON: `function` and `events`; with `seconds`, the events are repeated for that long. The answer
is a line of JSON: the `seconds` of each call, the part of them spent on `sending` to SQS, and the `last` answer; the
number of `statements` of the database and the `database_seconds` spent on them, if these are measured.

Arguments: the contender, and `statements` to measure those.
"""

import json
import os
import sys
from collections.abc import Iterator
from itertools import cycle
from time import monotonic, perf_counter
from typing import Any

from tools.benchmarks import statements
from tools.benchmarks.contenders import CONTEXT, Handler, load, seconds_sending
from tools.benchmarks.customers import renew

type Json = dict[str, Any]


def main(contender: str, *measured: str) -> None:
    """Answer commands until standard input ends."""
    if measured:
        statements.measure()
    answers = os.fdopen(os.dup(1), "w")
    # Functions log to standard output: send that to standard error.
    os.dup2(2, 1)
    handlers: dict[str, Handler] = {}
    for line in sys.stdin:
        command = json.loads(line)
        name = command["function"]
        if name not in handlers:
            handlers[name] = load(contender, name)
        answers.write(json.dumps(_run(handlers[name], command)) + "\n")
        answers.flush()


def _run(handler: Handler, command: Json) -> Json:
    seconds, sending, answer = [], [], None
    statements.number, statements.seconds = 0, 0.0
    for event in _events(command):
        begun = perf_counter()
        answer = handler(event, CONTEXT)
        seconds.append(perf_counter() - begun)
        sending.append(seconds_sending())
    return {
        "seconds": seconds,
        "sending": sending,
        "statements": statements.number,
        "database_seconds": statements.seconds,
        "last": answer,
    }


def _events(command: Json) -> Iterator[Json]:
    deadline = monotonic() + command["seconds"] if "seconds" in command else None
    for event in command["events"] if deadline is None else cycle(command["events"]):
        if deadline is not None and monotonic() >= deadline:
            return
        if "idempotency-key" in event.get("headers", {}):
            renew(event)
        yield event


if __name__ == "__main__":
    main(*sys.argv[1:])
