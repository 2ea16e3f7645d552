"""Warm requests: one running environment for each contender; the environments take turns."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack

from tools.benchmarks import events
from tools.benchmarks.contenders import CREATORS, EQUAL_WORK, OURS
from tools.benchmarks.environments import Calls, Environment, Json, environment
from tools.benchmarks.summary import Summary, summarize
from tools.benchmarks.testbed import Testbed

CALLS = 50
"""Calls of one contender before the next one's turn."""
WITH_SQS = "create, with SQS"
"""Creating an order including sending its tasks to SQS, which `create` leaves out; by those who send."""
WITH_DETAILS = "create, with address and postage"
"""Creating an order with all that is shipped and billed, which only the service stores."""

_OWN_FIELDS = {"get_order": (), "create_order": ("id", "customer_id", "created_at", "updated_at", "links")}
"""Fields that differ between contenders, by function; in lists, the cursor does."""


def measure(testbed: Testbed, rounds: int) -> dict[str, dict[str, Summary]]:
    """Measure each request of each contender over the large database."""
    times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        environments = {
            contender: stack.enter_context(environment(contender, testbed.variables(testbed.many), pinned=True))
            for contender in CREATORS
        }
        for name, (function, calls) in _requests(testbed).items():
            creates = function == "create_order"
            competing = {
                contender: each
                for contender, each in environments.items()
                if contender == OURS or (name != WITH_DETAILS and (creates or contender != EQUAL_WORK))
            }
            _require_same_answers(competing, function, calls[0])
            for contender, found in in_turns(competing, function, dict.fromkeys(competing, calls), rounds):
                if contender != EQUAL_WORK:
                    times[name][contender] += found.without_sqs
                if name == "create" and contender in {OURS, EQUAL_WORK}:
                    times[WITH_SQS][contender] += found.seconds
    return {name: {contender: summarize(seconds) for contender, seconds in of.items()} for name, of in times.items()}


def in_turns(
    environments: Mapping[str, Environment], function: str, calls: Mapping[str, list[Json]], rounds: int
) -> Iterator[tuple[str, Calls]]:
    """Call in turns, each round beginning with another environment; one more round fills the caches before."""
    names = list(environments)
    for turn in range(-1, rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            measured = environments[name].call(function, calls[name])
            if turn >= 0:
                yield name, measured


def _requests(testbed: Testbed) -> dict[str, tuple[str, list[Json]]]:
    rows = testbed.query(
        testbed.many,
        """SELECT customer_id FROM orders GROUP BY 1 HAVING count(*) > 20
        ORDER BY hashtext(customer_id) LIMIT %(number)s""",
        number=CALLS,
    )
    customers = [customer for (customer,) in rows]
    return {
        "get": ("get_order", [events.get(order, owner) for order, owner in testbed.orders(CALLS)]),
        "list of a customer": ("list_customer_orders", [events.list_of(customer) for customer in customers]),
        "list of all": ("list_orders", [events.list_of_all() for _ in range(CALLS)]),
        "search by product": ("list_orders", [events.list_of_all(product_id=f"P{n}") for n in range(CALLS)]),
        "create": ("create_order", [events.create() for _ in range(CALLS)]),
        WITH_DETAILS: ("create_order", [events.create_with_details() for _ in range(CALLS)]),
    }


def _require_same_answers(environments: Mapping[str, Environment], function: str, event: Json) -> None:
    """Refuse to compare contenders whose answers differ. The service's may have more fields.

    Raises:
        RuntimeError: the answers differ in more than the fields that may.
    """
    own_fields = _OWN_FIELDS.get(function, ("next_cursor",))
    answers = {
        contender: _without(own_fields, json.loads(each.call(function, [event]).last["body"]))
        for contender, each in environments.items()
    }
    for contender, answer in answers.items():
        if not _is_contained(answer, answers[OURS]):
            raise RuntimeError(f"{contender} answers {function} with {answer}, and the service with {answers[OURS]}.")


def _without(names: Iterable[str], answer: Json) -> Json:
    return {name: value for name, value in answer.items() if name not in names}


def _is_contained(part: object, whole: object) -> bool:
    """Tell whether all fields of a value are in another one, with the same values."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _is_contained(value, whole[name]) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_is_contained, part, whole))
    return part == whole
