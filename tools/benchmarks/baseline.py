"""This checkout beside an earlier one, in one run: cold starts, warm requests, and an order's whole life.

Both are driven only through their functions' handlers, each over a database that its own migrations made and its own
handlers filled: the layout of the code and the schema may differ. Times include sending to SQS.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, islice, repeat
from pathlib import Path
from typing import TypedDict

from local.layout import ROOT
from local.tokens import sign
from tools.benchmarks import events
from tools.benchmarks.cold import Start, compare
from tools.benchmarks.cost import cpu_seconds, server_processes
from tools.benchmarks.downstream import SECRET
from tools.benchmarks.environments import Calls, Environment, Json, environment
from tools.benchmarks.summary import MILLISECONDS, Summary, summarize
from tools.benchmarks.testbed import Testbed
from tools.benchmarks.warm import CALLS, in_turns

NOW, BEFORE = "now", "before"
FIRST_ORDERS = 500
"""Orders in each database before anything is measured."""
CUSTOMER = "c0"
REQUESTS = ("get_order", "list_customer_orders", "create_order")


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout of this project with a database of its own.

    Attributes:
        folder: the checkout.
        variables: the environment variables of its functions.
        order: the id of an order in its database.
    """

    folder: Path
    variables: Mapping[str, str]
    order: str


class Life(TypedDict):
    """What the database does for an order from its placement to its delivery, all tasks included."""

    database: Summary
    """Time that the functions wait for statements."""
    server: float
    """CPU time of the server, in milliseconds."""
    statements: int
    calls: int
    """Statements and invocations of functions."""


def prepare(testbed: Testbed, baseline: Path | None) -> dict[str, Checkout]:
    """Create and fill the databases of this checkout, `now`, and of an earlier one, `before`, if there is one."""
    folders = {NOW: ROOT} | ({BEFORE: baseline.resolve()} if baseline else {})
    checkouts = {}
    for name, folder in folders.items():
        variables = testbed.variables_of(f"checkout_{name}", folder)
        testbed.create_database(variables["DATABASE_NAME"], folder)
        with environment(str(folder), variables | {"MAX_UNPAID_ORDERS": "0"}) as running:
            created = running.call("create_order", [events.create(CUSTOMER) for _ in range(FIRST_ORDERS)])
        checkouts[name] = Checkout(folder, variables, json.loads(created.last["body"])["id"])
    return checkouts


def measure(checkouts: Mapping[str, Checkout], cold_rounds: int, warm_rounds: int) -> dict[str, dict[str, Summary]]:
    """Measure requests to all checkouts.

    Args:
        checkouts: what `prepare` has returned.
        cold_rounds: number of cold starts of each function.
        warm_rounds: number of turns of `CALLS` warm requests each.

    Returns:
        By kind of request, `now` and `before`.
    """
    warm = _warm(checkouts, warm_rounds)
    starts = {
        (function, name): Start(str(checkout.folder), function, _events(function, checkout.order), checkout.variables)
        for function in (*REQUESTS, "authorizer")
        for name, checkout in checkouts.items()
    }
    cold: dict[str, dict[str, Summary]] = defaultdict(dict)
    for (function, name), parts in compare(starts, cold_rounds).items():
        cold[f"cold {function}"][name] = parts["first_response"]
    return {**cold, **warm}


def lives(testbed: Testbed, checkouts: Mapping[str, Checkout], orders: int) -> dict[str, Life]:
    """Measure the whole lives of some orders, by checkout; the checkouts take turns."""
    found: dict[str, list[list[Calls]]] = defaultdict(list)
    with ExitStack() as stack:
        environments = {
            name: stack.enter_context(
                environment(str(checkout.folder), checkout.variables, pinned=True, statements=True)
            )
            for name, checkout in checkouts.items()
        }
        databases = {name: checkout.variables["DATABASE_NAME"] for name, checkout in checkouts.items()}
        for name, each in environments.items():
            list(_life(testbed, databases[name], each))  # loads functions and connects
        backends = {name: server_processes(testbed, database) for name, database in databases.items()}
        before = {name: cpu_seconds(pids) for name, pids in backends.items()}
        for _ in range(orders):
            for name, each in environments.items():
                found[name].append(list(_life(testbed, databases[name], each)))
        used = {name: cpu_seconds(pids) - before[name] for name, pids in backends.items()}
    return {
        name: {
            "database": summarize(sum(each.database_seconds for each in calls) for calls in of),
            "server": MILLISECONDS * used[name] / orders,
            "statements": sum(each.statements for each in of[-1]),
            "calls": len(of[-1]),
        }
        for name, of in found.items()
    }


def _life(testbed: Testbed, database: str, environment: Environment) -> Iterator[Calls]:
    """Place an order, ship it and deliver it; process what each of these and its tasks enqueue, in one batch."""
    created = environment.call("create_order", [events.create()])
    yield created
    order = json.loads(created.last["body"])["id"]
    for event in (None, events.ship(order), events.deliver(order)):
        if event:
            yield environment.call("update_order_status", [event])
        while tasks := _pending_tasks(testbed, database, order):
            yield environment.call("process_task", [events.tasks(*tasks)])


def _pending_tasks(testbed: Testbed, database: str, order: str) -> list[str]:
    """Return the ids of an order's tasks, which earlier checkouts kept in a column."""
    rows = testbed.run(
        database,
        "SELECT to_jsonb(order_tasks) FROM order_tasks WHERE order_id = %(order)s AND state = 'pending'",
        {"order": order},
    )
    return [task.get("id") or f"{order}.{task['version']}.{task['kind']}" for (task,) in rows]


def _events(function: str, order: str) -> Iterator[Json]:
    match function:
        case "get_order":
            return repeat(events.get(order, CUSTOMER))
        case "list_customer_orders":
            return repeat(events.list_of(CUSTOMER))
        case "create_order":
            return (events.create() for _ in count())
        case _:
            return repeat(events.authorize(sign(SECRET, CUSTOMER)))


def _warm(checkouts: Mapping[str, Checkout], rounds: int) -> dict[str, dict[str, Summary]]:
    times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        environments = {
            name: stack.enter_context(environment(str(checkout.folder), checkout.variables, pinned=True))
            for name, checkout in checkouts.items()
        }
        for function in REQUESTS:
            calls = {
                name: list(islice(_events(function, checkout.order), CALLS)) for name, checkout in checkouts.items()
            }
            for name, measured in in_turns(environments, function, calls, rounds):
                times[f"warm {function}"][name] += measured.seconds
    return {name: {which: summarize(seconds) for which, seconds in of.items()} for name, of in times.items()}
