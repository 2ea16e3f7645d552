"""This checkout beside an earlier one, in one run: cold starts and warm requests.

Both are driven only through their functions' handlers, each over a database that its own migrations made and its own
handlers filled: the layout of the code and the schema may differ. Times include sending to SQS.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import count, islice, repeat
from pathlib import Path

from local.layout import ROOT
from local.tokens import sign
from tools.benchmarks import events
from tools.benchmarks.cold import Start, compare
from tools.benchmarks.downstream import SECRET
from tools.benchmarks.environments import Environment, Json, environment
from tools.benchmarks.summary import Summary, summarize
from tools.benchmarks.testbed import Testbed
from tools.benchmarks.warm import CALLS, in_turns

NOW, BEFORE = "now", "before"
FIRST_ORDERS = 500
"""Orders in each database before anything is measured."""
CUSTOMER = "c0"
REQUESTS = ("get_order", "list_customer_orders", "create_order")


def measure(testbed: Testbed, baseline: Path, cold_rounds: int, warm_rounds: int) -> dict[str, dict[str, Summary]]:
    """Measure both checkouts.

    Args:
        testbed: the running testbed.
        baseline: the folder of the earlier checkout.
        cold_rounds: number of cold starts of each function.
        warm_rounds: number of turns of `CALLS` warm requests each.

    Returns:
        By kind of request, `now` and `before`.
    """
    checkouts = {NOW: ROOT, BEFORE: baseline}
    variables = {name: testbed.variables_of(f"checkout_{name}", checkout) for name, checkout in checkouts.items()}
    for name, checkout in checkouts.items():
        testbed.create_database(variables[name]["DATABASE_NAME"], checkout)
    with ExitStack() as stack:
        environments = {
            name: stack.enter_context(environment(str(checkout), variables[name], pinned=True))
            for name, checkout in checkouts.items()
        }
        orders = {name: _fill(each) for name, each in environments.items()}
        warm = _warm(environments, orders, warm_rounds)
    starts = {
        (function, name): Start(str(checkout), function, _events(function, orders[name]), variables[name])
        for function in (*REQUESTS, "authorizer")
        for name, checkout in checkouts.items()
    }
    cold: dict[str, dict[str, Summary]] = defaultdict(dict)
    for (function, name), parts in compare(starts, cold_rounds).items():
        cold[f"cold {function}"][name] = parts["first_response"]
    return {**cold, **warm}


def _fill(environment: Environment) -> str:
    """Place orders, and return the id of one."""
    created = environment.call("create_order", [events.create(CUSTOMER) for _ in range(FIRST_ORDERS)])
    order: str = json.loads(created.last["body"])["id"]
    return order


def _events(function: str, order: str) -> Iterator[Json]:
    match function:
        case "get_order":
            return repeat(events.get(order, CUSTOMER))
        case "list_customer_orders":
            return repeat(events.list_of(CUSTOMER))
        case "create_order":
            return (events.create(CUSTOMER) for _ in count())
        case _:
            return repeat(events.authorize(sign(SECRET, CUSTOMER)))


def _warm(
    environments: Mapping[str, Environment], orders: Mapping[str, str], rounds: int
) -> dict[str, dict[str, Summary]]:
    times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for function in REQUESTS:
        calls = {name: list(islice(_events(function, orders[name]), CALLS)) for name in environments}
        for name, measured in in_turns(environments, function, calls, rounds):
            times[f"warm {function}"][name] += measured.seconds
    return {name: {which: summarize(seconds) for which, seconds in of.items()} for name, of in times.items()}
